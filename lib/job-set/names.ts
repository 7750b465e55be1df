import { join } from 'node:path';

/**
 * Where everything of a job set lies. A job is named by its key, `<call>` or, when it is tried again, `<call>-<attempt>`.
 *
 *     job-set.yaml        who made it, when, with which options
 *     journal.jsonl       what was submitted, a line before and a line after each submission
 *     owner.json          which process looks after it
 *     settled             what came of the calls whose files are gone, one after the other
 *     revoked/<n>         a submission whose jobs, should there be any, are not to run
 *     runner.cjs, run.sh  what a job runs
 *     runner-code.js      what runner.cjs loads; beside it, what V8 compiled it to, by version
 *     functions/<hash>    a function, once
 *     inputs/<batch>      the calls of one submission, one after the other
 *     outcomes/<key>      what came of a job; its existing means that it is whole
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
export const runnerFile = (directory: string): string => join(directory, 'runner.cjs');
/** In the directory of the runner. */
export const CODE_FILE = 'runner-code.js';
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

/** Whether a name in the outcomes directory is that of a whole outcome, and not of one still being written. */
export const isOutcomeName = (name: string): boolean => /^\d+(-\d+)?$/.test(name);

/** A name in the same directory for a file that is not whole yet; never that of an outcome. */
export const temporaryName = (file: string, unique: string): string => `${file}.${unique}.tmp`;

/** Whether a name is one that {@link temporaryName} gives for the file of that name. */
export const isTemporaryNameOf = (name: string, file: string): boolean =>
  name.startsWith(`${file}.`) && name.endsWith('.tmp');
