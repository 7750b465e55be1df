import { type JobError, NodeUnavailableError } from '../../base/job-errors.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { startFile, stderrFile, TURNED_AWAY, turnedAwayFile } from '../../job-set/names.ts';
import { surelyExists } from '../../job-set/whole-files.ts';
import type { JobFiles } from '../job-files.ts';
import { createJobError } from './job-end-error.ts';
import type { Job, JobEnd } from './job.ts';

/** How much of a dead job's stderr its error shows, in characters. */
const SHOWN = 4096;
/** How much of it is looked at: V8 says why it gives up, and then much about where. */
const READ_BYTES = 32_768;

/** What a job's end without an outcome means. */
export interface PostMortem {
  readonly error: JobError;
  /** Its process never came to the call. */
  readonly beforeCall: boolean;
  /** It did not begin, as its submission was revoked. */
  readonly turnedAway: boolean;
}

/** Finds out why a job has left no outcome. */
export async function postMortem(
  jobSet: JobSet,
  files: Pick<JobFiles, 'keeps'>,
  job: Job,
  end: JobEnd,
  staysHeld = false,
): Promise<PostMortem> {
  const { key, call, jobId, memoryUsed, memoryRequested, evicted } = job;
  const { log, text } = await lastWords(jobSet, key);
  const couldNotBegin = log === 'start';
  const failure = {
    jobId,
    host: call.host,
    attempts: call.attempts,
    memoryUsed,
    memoryRequested: memoryRequested ?? call.memoryRequested,
    stderrTail: text.trim().slice(-SHOWN),
    stderrFile: files.keeps(true)
      ? (couldNotBegin ? startFile : stderrFile)(jobSet.directory, key)
      : undefined,
  };
  const error = createJobError(
    { end, couldNotBegin, evicted, heapFull: isHeapFull(text), staysHeld },
    failure,
  );
  const hadNoNode = error instanceof NodeUnavailableError;
  return {
    error,
    beforeCall: couldNotBegin || hadNoNode || isBeforeCall(end),
    turnedAway: await hasTurnedAway(jobSet, job, end),
  };
}

/** The end of what the job has said; of what its shell said, if it could not even begin. */
async function lastWords(jobSet: JobSet, key: string): Promise<{ log: 'stderr' | 'start'; text: string }> {
  const read = async (log: 'stderr' | 'start'): Promise<string> =>
    jobSet.readLog(key, log, READ_BYTES).catch(() => '');
  const text = await read('stderr');
  const start = text === '' ? await read('start') : '';
  return start === '' ? { log: 'stderr', text } : { log: 'start', text: start };
}

/** What V8 says when it gives up. */
function isHeapFull(stderr: string): boolean {
  return /FATAL ERROR: .*(heap out of memory|Allocation failed)/.test(stderr);
}

/**
 * With these a shell says that it cannot run a program or does not find it, and node that it does not know an
 * option.
 */
const EXIT_CODES: readonly (number | undefined)[] = [126, 127, 9];
/** HoldReasonCodes of jobs that could not be started: program, standard files, input, initial directory. */
const HOLD_CODES: readonly (number | undefined)[] = [6, 7, 8, 9, 10, 11, 13, 14];

function isBeforeCall(end: JobEnd): boolean {
  if (end.kind === 'ended') return EXIT_CODES.includes(end.exitCode);
  return end.kind === 'held' && HOLD_CODES.includes(end.code);
}

/**
 * Whether a job that has left no outcome did not begin, as its submission was revoked by a process that
 * attached.
 */
export async function hasTurnedAway(
  jobSet: Pick<JobSet, 'directory' | 'transfers' | 'isRevoked'>,
  { submission, key }: Pick<Job, 'submission' | 'key'>,
  end: JobEnd,
): Promise<boolean> {
  if (submission === undefined || !(await jobSet.isRevoked(submission))) return false;
  // A job that does not see the job set has nothing else to say it by.
  if (jobSet.transfers) return end.kind === 'ended' && end.exitCode === TURNED_AWAY;
  // A call may end its process with the same code, and not every system tells one.
  return surelyExists(turnedAwayFile(jobSet.directory, submission, key));
}
