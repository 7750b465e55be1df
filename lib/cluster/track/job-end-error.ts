import {
  type JobError,
  JobEvictedError,
  JobExitedError,
  type JobFailure,
  JobHeldError,
  JobKilledError,
  JobLostError,
  JobOutOfMemoryError,
  JobRemovedByPolicyError,
  JobRemovedError,
  NodeUnavailableError,
} from '../../base/job-errors.ts';
import { MEBIBYTE } from '../../base/memory.ts';
import type { JobEnd } from '../../batch/job-life.ts';
import { parseNodeCheck, showNodeTrouble } from '../../delivery/node-check.ts';
import { CANNOT_WRITE, NOT_DELIVERED } from '../../job-set/names.ts';

/** The end of a job, with further evidence of its cause. */
export interface JobEndDetails {
  readonly end: JobEnd;
  /** Whether its shell did not find its script. */
  readonly couldNotStart: boolean;
  /** Whether V8 has reported that its heap was full. */
  readonly heapFull: boolean;
  /** Whether it had been evicted when it ended. */
  readonly evicted: boolean;
  /** Whether a held job is still in the queue, where it can be released, as those of maps are. */
  readonly staysHeld?: boolean | undefined;
}

/** Creates the error of a job that ended without an outcome. */
export function createJobError(details: JobEndDetails, failure: JobFailure): JobError {
  const { end } = details;
  const job = `Job ${failure.jobId}${failure.host === undefined ? '' : ` on ${failure.host}`}`;
  switch (end.kind) {
    case 'held':
      return heldError(job, end, details, failure);
    case 'removed':
      return removedError(job, end, details, failure);
    case 'lost': {
      const why = end.reason === undefined ? '' : `: ${end.reason}`;
      const message = `${job} is not known to the batch system any more, and has left no outcome${why}`;
      return new JobLostError(message, failure);
    }
    case 'ended':
      return diedError(job, end, details, failure);
  }
}

type End<Kind extends JobEnd['kind']> = Extract<JobEnd, { kind: Kind }>;

function heldError(
  job: string,
  { reason, code, subCode }: End<'held'>,
  { staysHeld = false }: JobEndDetails,
  failure: JobFailure,
): JobError {
  const hold = { holdReason: reason, holdReasonCode: code, holdReasonSubCode: subCode };
  const message = staysHeld
    ? `${job} is held, until it is released or run again: ${reason}`
    : `${job} was held, and has been removed from the queue: ${reason}`;
  return isMemoryHold(reason, code)
    ? new JobOutOfMemoryError(`${message}${memoryHint(failure)}`, { ...failure, ...hold, limit: 'job' })
    : new JobHeldError(message, { ...failure, ...hold });
}

/**
 * HoldReasonCodes that may be caused by a memory limit: an expression of the job (3) or the schedd (27), the
 * policy of the startd (26), and the cgroup limit of the starter (34). HTCondor manual, "Job ClassAd
 * Attributes", HoldReasonCode.
 */
const MEMORY_HOLDS: readonly (number | undefined)[] = [3, 26, 27, 34];

function isMemoryHold(reason: string, code: number | undefined): boolean {
  return MEMORY_HOLDS.includes(code) && /memory|ResidentSetSize|ImageSize/i.test(reason);
}

function removedError(
  job: string,
  { reason, byPolicy }: End<'removed'>,
  { evicted }: JobEndDetails,
  failure: JobFailure,
): JobError {
  const removal = { ...failure, removeReason: reason };
  if (byPolicy !== true) {
    return new JobRemovedError(`${job} was removed from the queue from outside: ${reason}`, removal);
  }
  return evicted
    ? new JobEvictedError(`${job} was evicted, and removed before it ran again: ${reason}`, removal)
    : new JobRemovedByPolicyError(`${job} was removed from the queue by a policy: ${reason}`, removal);
}

/** The signal by which memory limits are enforced. */
const SIGKILL = 9;
/**
 * Share of its request above which a job killed by SIGKILL counts as out of memory; below 1, because its
 * memory is measured rarely.
 */
const NEARLY_ALL = 0.9;
const CANNOT_WRITE_HINT =
  ': it could not write to its job set. Remedy: see whether the filesystem of `directory` is full or read-only, or a quota is used up';
/** Messages of a shell that cannot write, in English, because jobs have no LANG. */
const CANNOT_WRITE_MESSAGE = /No space left|quota exceeded|Read-only file system/i;
const NOT_SHARED_HINT =
  ": it did not find its job set. Remedy: name a `directory` that its machine shares; a /tmp is often the job's own";

const NODE_REMEDY =
  "Remedy: `setup` lines that bring one, such as 'module load node' or 'PATH=/opt/node/bin:$PATH', or another `delivery`";

function diedError(
  job: string,
  { exitCode, signal }: End<'ended'>,
  { couldNotStart, heapFull }: JobEndDetails,
  failure: JobFailure,
): JobError {
  const died = { ...failure, exitCode, signal };
  const how = signal === undefined ? `with exit code ${exitCode ?? 'unknown'}` : `by signal ${signal}`;
  const message = `${job} ended ${how} without an outcome`;
  if (heapFull) {
    const hint =
      ": Node's heap was full. Remedy: a larger one, execArgv: ['--max-old-space-size=<MiB>'], within `request_memory`";
    return new JobOutOfMemoryError(message + hint, { ...died, limit: 'heap' });
  }
  const trouble = exitCode === NOT_DELIVERED ? parseNodeCheck(failure.stderrTail) : undefined;
  if (trouble !== undefined)
    return new NodeUnavailableError(`${job} ${showNodeTrouble(trouble)}. ${NODE_REMEDY}`, {
      ...died,
      ...trouble,
    });
  if (signal === undefined) {
    const couldNotWrite = couldNotStart
      ? CANNOT_WRITE_MESSAGE.test(failure.stderrTail)
      : exitCode === CANNOT_WRITE;
    const hint = couldNotWrite ? CANNOT_WRITE_HINT : couldNotStart ? NOT_SHARED_HINT : '';
    return new JobExitedError(message + hint, died);
  }
  if (signal !== SIGKILL) return new JobKilledError(message, died);
  const { memoryUsed = 0, memoryRequested = Infinity } = failure;
  return memoryUsed > NEARLY_ALL * memoryRequested
    ? new JobOutOfMemoryError(`${message}${memoryHint(failure)}`, { ...died, limit: 'job' })
    : new JobKilledError(
        `${message} (often the machine or a limit ran out of memory: see \`request_memory\`)`,
        died,
      );
}

function memoryHint({ memoryUsed, memoryRequested }: JobFailure): string {
  const used = memoryUsed === undefined ? '' : `, used ${Math.round(memoryUsed / MEBIBYTE)} MiB`;
  const asked =
    memoryRequested === undefined ? '' : `, had asked for ${Math.round(memoryRequested / MEBIBYTE)} MiB`;
  return `${used}${asked}. Remedy: a larger \`request_memory\`, or the option \`growMemory\``;
}
