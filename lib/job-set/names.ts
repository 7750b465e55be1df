import { join } from 'node:path';
import { customAlphabet } from 'nanoid';

/**
 * Where everything of a job set lies. A job is named by its key, `<call>` or, when it is tried again, `<call>-<attempt>`.
 *
 *     job-set.yaml        who made it, when, with which options
 *     journal.jsonl       what was submitted, a line before and a line after each submission
 *     owner.json          which process looks after it
 *     settled             what came of the calls whose files are gone, one after the other
 *     revoked/<n>         a submission whose jobs, should there be any, are not to begin
 *     revoked/<n>.<key>   one of them has found that, and ended
 *     runner.cjs, run.sh  what a job runs
 *     runner-code.js      what runner.cjs loads; beside it, what V8 compiled it to, by version
 *     functions/<hash>    a function, once
 *     inputs/<batch>      the calls of one submission, one after the other
 *     outcomes/<key>      what came of a job; its existing means that it is whole
 *     outcomes/<key>.part what HTCondor's file transfer brings of it, which may not be whole yet
 *     files/<key>/        the files that the call has sent back
 *     given/<batch>/      links to the files that travel to the job of these inputs, each in a directory of its own
 *     results/<call>      what came of a call, by whatever attempt, as long as others need it whose arguments hold its future
 *     results/given-<word> what came of a call of another job set, whose future a component of a map was given; stays
 *     logs/<key>.out .err what a job wrote
 *     logs/<key>.start    what its shell said if it could not even begin
 *     events.log          the batch system's event log
 *     calls/<call>/       what a call leaves while it runs, for its later attempts, too; only of calls that do:
 *       progress-<attempt>  how far it says that it has come
 *       checkpoint-<item>/  what it has saved, of each call of a chunk: `state` and `files`, with the ones before
 *     workers/<n>/        a job that stays for many calls: what it is for, and
 *       inbox             the calls that it is given, appended in their order
 *       started           it lives, and where: it lives once
 *       blank             an empty file, which gets the names of others
 *       taken-<number>    somebody has the assignment of that number for good: the worker, or who took it back
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
/** In the directory of the runner. */
export const CODE_FILE = 'runner-code.js';
/** The word behind those of the call that tells the runner that its directory is a copy, in the job's own, of what it needs of the job set. */
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
/** Under which name an outcome comes back by file transfer, which makes files before it fills them; never that of an outcome. */
export const transferredFile = (directory: string, key: string): string =>
  `${outcomeFile(directory, key)}.part`;
/** The key that {@link transferredFile} was made of, by the file's name. */
export const parseTransferredName = (name: string): string | undefined => /^(.*)\.part$/.exec(name)?.[1];
export const outputFilesDirectory = (directory: string): string => join(directory, 'files');
export const outputFilesOf = (directory: string, key: string): string =>
  join(outputFilesDirectory(directory), key);
export const givenDirectory = (directory: string): string => join(directory, 'given');
export const givenFilesOf = (directory: string, batch: number): string =>
  join(givenDirectory(directory), String(batch));
export const resultsDirectory = (directory: string): string => join(directory, 'results');
/** @param name the number of a call, or the {@link givenName} of another job set's */
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

/** Beside the job sets, in the directory of the executor. */
export const tagsDirectory = (directory: string): string => join(directory, 'tags');
export const tagFile = (directory: string, tag: string): string => join(tagsDirectory(directory), tag);

export const callsDirectory = (directory: string): string => join(directory, 'calls');
export const callDirectory = (directory: string, call: number): string =>
  join(callsDirectory(directory), String(call));
export const progressFile = (directory: string, key: string): string => {
  const { call, attempt } = parseJobKey(key);
  return join(callDirectory(directory, call), `progress-${attempt}`);
};
/** @param item which call of a chunk, counted from 0 */
export const checkpointDirectory = (directory: string, call: number, item: number): string =>
  join(callDirectory(directory, call), `checkpoint-${item}`);
/** The generation before that of a file which is replaced now and then. */
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
/** What says that an assignment was taken back, for all workers. */
export const backFile = (directory: string): string => join(workersDirectory(directory), 'back');
export const takenFile = (directory: string, worker: number, assignment: number): string =>
  join(workerDirectory(directory, worker), `taken-${assignment}`);

/** The key of the job that a worker is; never that of a call's job. */
export const workerKey = (worker: number): string => `worker-${worker}`;

/** What {@link workerKey} was made of; undefined for the key of a call's job. */
export function parseWorkerKey(key: string): number | undefined {
  const [, worker] = /^worker-(\d+)$/.exec(key) ?? [];
  return worker === undefined ? undefined : Number(worker);
}

/** The key of the job of a call's nth attempt, counted from 1. */
export const jobKey = (call: number, attempt: number): string =>
  attempt === 1 ? String(call) : `${call}-${attempt}`;

/** What {@link jobKey} was made of. */
export function parseJobKey(key: string): { call: number; attempt: number } {
  const [call, attempt = '1'] = key.split('-');
  return { call: Number(call), attempt: Number(attempt) };
}

/** What names the result of one call of a job of some, in the arguments of another: `<call>` for the first, else `<call>.<item>`. */
export const resultName = (call: number | string, item: number): string =>
  item === 0 ? String(call) : `${call}.${item}`;

/** What {@link resultName} was made of. */
export function parseResultName(name: string): { call: string; item: number } {
  const [call = '', item = '0'] = name.split('.');
  return { call, item: Number(item) };
}

/** What stands for the number of a call of another job set, by a word that no other has; never a number. */
export const givenName = (word: string): string => `given-${word}`;

/** Whether a name in the outcomes directory is that of a whole outcome, and not of one still being written. */
export const isOutcomeName = (name: string): boolean => /^\d+(-\d+)?$/.test(name);

/** A name in the same directory for a file that is not whole yet; never that of an outcome. */
export const temporaryName = (file: string, unique: string): string => `${file}.${unique}.tmp`;

/** Whether a name is one that {@link temporaryName} gives for the file of that name. */
export const isTemporaryNameOf = (name: string, file: string): boolean =>
  name.startsWith(`${file}.`) && name.endsWith('.tmp');

/**
 * Where bundles lie: beside the job sets, for all that have the same content.
 *
 *     bundles/<hash>/          a program's files, for jobs that see them there
 *     bundles/<hash>.tar.gz    the same, to be brought to the jobs
 *     bundles/node-<hash>      a node binary, and as node-<hash>.gz
 */
export const bundlesDirectory = (directory: string): string => join(directory, 'bundles');
export const bundleDirectory = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), hash);
export const bundleArchive = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `${hash}.tar.gz`);
export const bundledNode = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `node-${hash}`);
export const packedNode = (directory: string, hash: string): string => `${bundledNode(directory, hash)}.gz`;

/** Set in the environment of a map's jobs: the map's tag. */
export const TAG_VARIABLE = 'CONDOR_FUTURES_TAG';

/** Set in the environment of a job of this machine, as {@link localJobMark} makes it. */
export const LOCAL_JOB_VARIABLE = 'CONDOR_FUTURES_LOCAL_JOB';

/** How long a local job has after SIGTERM to end before SIGKILL, as HTCondor does it. */
export const KILL_AFTER_MS = 10_000;

/** Which job it is of which job set: jobs of other batch systems may inherit the variable. */
export function localJobMark(directory: string, jobId: string): string {
  return `${jobId} ${directory}`;
}

/** The id in a mark; undefined if there is none for this job set. */
export function localJobId(mark: string | undefined, directory: string): string | undefined {
  const [, jobId, of] = /^(\S+) (.+)$/s.exec(mark ?? '') ?? [];
  return of === directory ? jobId : undefined;
}

/** EX_IOERR of sysexits.h: the runner's exit code where not even a few words of an outcome could be written. */
export const CANNOT_WRITE = 74;
/**
 * That of a job whose submission was revoked before it began: its call is made by another one. A code without a meaning elsewhere, as a call may end
 * its process with one of its own.
 */
export const TURNED_AWAY = 187;
/** EX_UNAVAILABLE: that of a job whose machine has no node for it, or cannot unpack it. */
export const NOT_DELIVERED = 69;

const ID_ALPHABET = '0123456789abcdefghijkmnopqrstuvwxyz';
const ID_LENGTH = 8;

/** The name of a job set to be: the time, and something that nobody else has. */
export function newJobSetId(): string {
  const time = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  // Not made once for all: the runner, which needs other names of this file, would carry nanoid.
  return `${time}-${customAlphabet(ID_ALPHABET, ID_LENGTH)()}`;
}

/** Whether a name is one that {@link newJobSetId} gives. */
export function isJobSetId(name: string): boolean {
  return /^\d{8}-\d{6}-[0-9a-z]{8}$/.test(name);
}
