import { join } from 'node:path';
import { customAlphabet } from 'nanoid';

/**
 * Layout of a job set's directory. A job is named by its key: `<call>` or, for later attempts,
 * `<call>-<attempt>`.
 *
 *     job-set.yaml        who made the job set, when, with which options
 *     journal.jsonl       submissions: a line before and a line after each
 *     owner.json          the process that owns the job set
 *     settled             archive: outcomes of the calls whose files are deleted
 *     revoked/<n>         a submission whose jobs, if there are any, must not start any more
 *     revoked/<n>.<key>   one of these jobs has found that, and exited
 *     runner.cjs, run.sh  what a job runs
 *     runner-code.js      loaded by runner.cjs; beside it, V8's compiled code by version
 *     functions/<hash>    a function, once
 *     inputs/<batch>      the calls of one submission, one after the other
 *     outcomes/<key>      the outcome of a job; if the name exists, the file is whole
 *     outcomes/<key>.part the outcome as file transfer brings it; may not be whole yet
 *     files/<key>/        the files that the call has sent back
 *     given/<batch>/      links to the files that are transferred to the job of these inputs
 *     results/<call>      outcome of a call whose future is an argument of other calls, while they need it
 *     results/given-<word>  the same for a call of another job set whose future a component was given; stays
 *     logs/<key>.out .err what a job printed
 *     logs/<key>.start    what its shell printed if it could not start
 *     events.log          the batch system's event log
 *     calls/<call>/       files that a call writes while it runs, also for its later attempts:
 *       progress-<attempt>  its latest progress
 *       checkpoint-<item>/  `state` and `files`, with their previous generations, of each call of a chunk
 *     workers/<n>/        a warm worker, which makes many calls: its description, and
 *       inbox             the calls that it is given, appended in their order
 *       started           says on which machine it runs; it starts only once
 *       blank             an empty file, which is linked to other names
 *       taken-<number>    the assignment of that number was started by the worker, or withdrawn
 */
export const headerFile = (directory: string): string => join(directory, 'job-set.yaml');
export const journalFile = (directory: string): string => join(directory, 'journal.jsonl');
export const ownerFile = (directory: string): string => join(directory, 'owner.json');
export const archiveFile = (directory: string): string => join(directory, 'settled');
export const revokedDirectory = (directory: string): string => join(directory, 'revoked');
export const revokedFile = (directory: string, submission: number): string =>
  join(revokedDirectory(directory), String(submission));
export const turnedAwayFile = (directory: string, submission: number, key: string): string =>
  `${revokedFile(directory, submission)}.${key}`;
export const runnerFile = (directory: string): string => join(directory, 'runner.cjs');
/** Name of a file beside the runner. */
export const CODE_FILE = 'runner-code.js';
/** Extra argument of the runner: its directory is a transferred copy, not the job set itself. */
export const TRANSFERRED = 'transferred';
export const runnerCodeFile = (directory: string): string => join(directory, CODE_FILE);
export const scriptFile = (directory: string): string => join(directory, 'run.sh');
export const functionsDirectory = (directory: string): string => join(directory, 'functions');
export const functionFile = (directory: string, hash: string): string =>
  join(functionsDirectory(directory), hash);
export const inputsDirectory = (directory: string): string => join(directory, 'inputs');
export const inputsFile = (directory: string, batch: number): string =>
  join(inputsDirectory(directory), String(batch));
export const outcomesDirectory = (directory: string): string => join(directory, 'outcomes');
export const outcomeFile = (directory: string, key: string): string =>
  join(outcomesDirectory(directory), key);
/**
 * Name under which file transfer, which creates files before it fills them, brings an outcome. Never the name
 * of an outcome.
 */
export const transferredFile = (directory: string, key: string): string =>
  `${outcomeFile(directory, key)}.part`;
/** The key in a name of {@link transferredFile}; undefined for other names. */
export const parseTransferredName = (name: string): string | undefined => /^(.*)\.part$/.exec(name)?.[1];
export const outputFilesDirectory = (directory: string): string => join(directory, 'files');
export const outputFilesOf = (directory: string, key: string): string =>
  join(outputFilesDirectory(directory), key);
export const givenDirectory = (directory: string): string => join(directory, 'given');
export const givenFilesOf = (directory: string, batch: number): string =>
  join(givenDirectory(directory), String(batch));
export const resultsDirectory = (directory: string): string => join(directory, 'results');
/** @param name number of a call, or {@link givenName} for a call of another job set */
export const resultFile = (directory: string, name: number | string): string =>
  join(resultsDirectory(directory), String(name));
export const logsDirectory = (directory: string): string => join(directory, 'logs');
export const stdoutFile = (directory: string, key: string): string =>
  join(logsDirectory(directory), `${key}.out`);
export const stderrFile = (directory: string, key: string): string =>
  join(logsDirectory(directory), `${key}.err`);
export const startFile = (directory: string, key: string): string =>
  join(logsDirectory(directory), `${key}.start`);
export const eventLogFile = (directory: string): string => join(directory, 'events.log');

/** @param directory of the executor, which contains the job sets */
export const tagsDirectory = (directory: string): string => join(directory, 'tags');
export const tagFile = (directory: string, tag: string): string => join(tagsDirectory(directory), tag);

export const callsDirectory = (directory: string): string => join(directory, 'calls');
export const callDirectory = (directory: string, call: number): string =>
  join(callsDirectory(directory), String(call));
export const progressFile = (directory: string, key: string): string => {
  const { call, attempt } = parseJobKey(key);
  return join(callDirectory(directory, call), `progress-${attempt}`);
};
/** @param item index among the calls of a chunk */
export const checkpointDirectory = (directory: string, call: number, item: number): string =>
  join(callDirectory(directory, call), `checkpoint-${item}`);
/** Name of the previous generation of a file that is replaced now and then. */
export const generationBefore = (file: string): string => `${file}.before`;

export const workersDirectory = (directory: string): string => join(directory, 'workers');
export const workerDirectory = (directory: string, worker: number): string =>
  join(workersDirectory(directory), String(worker));
export const workerFile = (directory: string, worker: number): string =>
  join(workerDirectory(directory, worker), 'worker.json');
export const inboxFile = (directory: string, worker: number): string =>
  join(workerDirectory(directory, worker), 'inbox');
export const startedFile = (directory: string, worker: number): string =>
  join(workerDirectory(directory, worker), 'started');
export const blankFile = (directory: string, worker: number): string =>
  join(workerDirectory(directory, worker), 'blank');
/** Linked to the name of an assignment that is withdrawn; one file for all workers. */
export const backFile = (directory: string): string => join(workersDirectory(directory), 'back');
export const takenFile = (directory: string, worker: number, assignment: number): string =>
  join(workerDirectory(directory, worker), `taken-${assignment}`);

/** Key of a worker's job; never the key of a call's job. */
export const workerKey = (worker: number): string => `worker-${worker}`;

/** The number in a {@link workerKey}; undefined for the key of a call's job. */
export function parseWorkerKey(key: string): number | undefined {
  const [, worker] = /^worker-(\d+)$/.exec(key) ?? [];
  return worker === undefined ? undefined : Number(worker);
}

/** Key of the job of a call's attempt; both are counted from 1. */
export const jobKey = (call: number, attempt: number): string =>
  attempt === 1 ? String(call) : `${call}-${attempt}`;

/** The numbers in a {@link jobKey}. */
export function parseJobKey(key: string): { call: number; attempt: number } {
  const [call, attempt = '1'] = key.split('-');
  return { call: Number(call), attempt: Number(attempt) };
}

/**
 * Name of a result in the arguments of another call: `<call>` for the first call of a chunk, else
 * `<call>.<item>`.
 */
export const resultName = (call: number | string, item: number): string =>
  item === 0 ? String(call) : `${call}.${item}`;

/** The parts of a {@link resultName}. */
export function parseResultName(name: string): { call: string; item: number } {
  const [call = '', item = '0'] = name.split('.');
  return { call, item: Number(item) };
}

/** Name of a result that comes from another job set, by a unique word. Never a number. */
export const givenName = (word: string): string => `given-${word}`;

/** Whether a name in the outcomes directory is that of a whole outcome, not of one still being written. */
export const isOutcomeName = (name: string): boolean => /^\d+(-\d+)?$/.test(name);

/** Name, in the same directory, for a file that is not whole yet. Never the name of an outcome. */
export const temporaryName = (file: string, unique: string): string => `${file}.${unique}.tmp`;

/** Whether a name is a {@link temporaryName} of a file. */
export const isTemporaryNameOf = (name: string, file: string): boolean =>
  name.startsWith(`${file}.`) && name.endsWith('.tmp');

/**
 * Layout of the bundles beside the job sets; bundles of the same content are shared.
 *
 *     bundles/<hash>/          a program's files, for jobs that see the directory
 *     bundles/<hash>.tar.gz    the same files, to be transferred to jobs
 *     bundles/node-<hash>      a node binary, and the same as node-<hash>.gz
 */
export const bundlesDirectory = (directory: string): string => join(directory, 'bundles');
export const bundleDirectory = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), hash);
export const bundleArchive = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `${hash}.tar.gz`);
export const bundledNode = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `node-${hash}`);
export const packedNode = (directory: string, hash: string): string => `${bundledNode(directory, hash)}.gz`;

/** Environment variable of a map's jobs: the map's tag. */
export const TAG_VARIABLE = 'CONDOR_FUTURES_TAG';

/** Environment variable of a local job: its {@link localJobMark}. */
export const LOCAL_JOB_VARIABLE = 'CONDOR_FUTURES_LOCAL_JOB';

/** Time between SIGTERM and SIGKILL for a local job. */
export const KILL_AFTER_MS = 10_000;

/** Names the job and its job set, because jobs of other batch systems may inherit the variable. */
export function localJobMark(directory: string, jobId: string): string {
  return `${jobId} ${directory}`;
}

/** The job id in a mark; undefined if the mark is for another job set. */
export function localJobId(mark: string | undefined, directory: string): string | undefined {
  const [, jobId, of] = /^(\S+) (.+)$/s.exec(mark ?? '') ?? [];
  return of === directory ? jobId : undefined;
}

/** Exit code of the runner if an outcome could not be written: EX_IOERR of sysexits.h. */
export const CANNOT_WRITE = 74;
/**
 * Exit code of a job whose submission was revoked before it started. A code without a common meaning, because
 * a call may exit with a code of its own.
 */
export const TURNED_AWAY = 187;
/** Exit code of a job whose machine has no node, or cannot unpack it: EX_UNAVAILABLE of sysexits.h. */
export const NOT_DELIVERED = 69;

const ID_ALPHABET = '0123456789abcdefghijkmnopqrstuvwxyz';
const ID_LENGTH = 8;

/** Name for a new job set: the time and a random word. */
export function newJobSetId(): string {
  const time = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  // Called here, not at the top: else nanoid would be part of the runner, which uses other names of this
  // file.
  return `${time}-${customAlphabet(ID_ALPHABET, ID_LENGTH)()}`;
}

/** Whether a name has the form of {@link newJobSetId}. */
export function isJobSetId(name: string): boolean {
  return /^\d{8}-\d{6}-[0-9a-z]{8}$/.test(name);
}
