import { type JobError, NodeUnavailableError } from '../../base/job-errors.ts';
import type { JobEnd } from '../../batch/job-life.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { startFile, stderrFile, TURNED_AWAY, turnedAwayFile } from '../../job-set/names.ts';
import { surelyExists } from '../../job-set/whole-files.ts';
import type { JobFiles } from '../job-files.ts';
import { createJobError } from './job-end-error.ts';
import type { Job } from './job.ts';

/** Length of the end of stderr in errors, in characters. */
const STDERR_TAIL_LENGTH = 4096;
/** Bytes of stderr that are searched: V8 prints the reason first, and then long stack traces. */
const READ_BYTES = 32_768;

/** The cause of a job's end without an outcome. */
interface PostMortem {
  readonly error: JobError;
  /** Whether the job ended before its call started. */
  readonly beforeCall: boolean;
  /** Whether the job exited at once because its submission was revoked. */
  readonly wasTurnedAway: boolean;
}

/**
 * Determines why a job has left no outcome.
 * @param staysHeld whether a held job remains in the queue, as those of maps do
 */
export async function postMortem(
  jobSet: JobSet,
  files: Pick<JobFiles, 'keeps'>,
  job: Job,
  end: JobEnd,
  staysHeld = false,
): Promise<PostMortem> {
  const { key, call, jobId } = job;
  const { memoryUsed, memoryRequested, isEvicted } = job.life;
  const { log, text } = await readLogTail(jobSet, key);
  const couldNotStart = log === 'start';
  const failure = {
    jobId,
    host: call.host,
    attempts: call.attempts,
    memoryUsed,
    memoryRequested: memoryRequested ?? call.memoryRequested,
    stderrTail: text.trim().slice(-STDERR_TAIL_LENGTH),
    stderrFile: files.keeps(true)
      ? (couldNotStart ? startFile : stderrFile)(jobSet.directory, key)
      : undefined,
  };
  const error = createJobError(
    { end, couldNotStart, evicted: isEvicted, heapFull: isHeapFull(text), staysHeld },
    failure,
  );
  const hadNoNode = error instanceof NodeUnavailableError;
  return {
    error,
    beforeCall: couldNotStart || hadNoNode || isBeforeCall(end),
    wasTurnedAway: await hasTurnedAway(jobSet, job, end),
  };
}

/** The end of the job's stderr, or of its shell's messages, if its script did not start. */
async function readLogTail(jobSet: JobSet, key: string): Promise<{ log: 'stderr' | 'start'; text: string }> {
  const read = async (log: 'stderr' | 'start'): Promise<string> =>
    jobSet.readLog(key, log, READ_BYTES).catch(() => '');
  const text = await read('stderr');
  const start = text === '' ? await read('start') : '';
  return start === '' ? { log: 'stderr', text } : { log: 'start', text: start };
}

/** Whether V8 has reported that the heap is full. */
function isHeapFull(stderr: string): boolean {
  return /FATAL ERROR: .*(heap out of memory|Allocation failed)/.test(stderr);
}

/** Exit codes of a shell that cannot find or run a program, and of node for an unknown option. */
const EXIT_CODES: readonly (number | undefined)[] = [126, 127, 9];
/** HoldReasonCodes of jobs that could not be started: program, standard files, input, initial directory. */
const HOLD_CODES: readonly (number | undefined)[] = [6, 7, 8, 9, 10, 11, 13, 14];

function isBeforeCall(end: JobEnd): boolean {
  if (end.kind === 'ended') return EXIT_CODES.includes(end.exitCode);
  return end.kind === 'held' && HOLD_CODES.includes(end.code);
}

/** Whether a job exited at once because a process that attached has revoked its submission. */
export async function hasTurnedAway(
  jobSet: Pick<JobSet, 'directory' | 'transfers' | 'isRevoked'>,
  { submission, key }: Pick<Job, 'submission' | 'key'>,
  end: JobEnd,
): Promise<boolean> {
  if (submission === undefined || !(await jobSet.isRevoked(submission))) return false;
  // Without access to the job set, a job can only report it by its exit code.
  if (jobSet.transfers) return end.kind === 'ended' && end.exitCode === TURNED_AWAY;
  // Otherwise by a file, because a call may exit with the same code, and some systems report none.
  return surelyExists(turnedAwayFile(jobSet.directory, submission, key));
}
