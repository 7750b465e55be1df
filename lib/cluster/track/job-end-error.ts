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
import { parseNodeCheck, showNodeTrouble } from '../../delivery/node-check.ts';
import { CANNOT_WRITE, NOT_DELIVERED } from '../../job-set/names.ts';
import type { JobEnd } from './job.ts';

/** How a job ended, with what else there is to judge it by. */
export interface JobEndDetails {
  readonly end: JobEnd;
  /** Its shell did not find its script. */
  readonly couldNotBegin: boolean;
  /** Node has said that its heap was full. */
  readonly heapFull: boolean;
  /** It had been taken off its machine when it ended. */
  readonly evicted: boolean;
  /** Its job is still in the queue, where it can be released: a map's is. */
  readonly staysHeld?: boolean | undefined;
}

/** The error of a job that ended like this without an outcome. */
export function createJobError(verdict: JobEndDetails, failure: JobFailure): JobError {
  const { end } = verdict;
  const job = `Job ${failure.jobId}${failure.host === undefined ? '' : ` on ${failure.host}`}`;
  switch (end.kind) {
    case 'held':
      return heldError(job, end, verdict, failure);
    case 'removed':
      return removedError(job, end, verdict, failure);
    case 'lost': {
      const message = `${job} is not known to the batch system any more, and has left no outcome`;
      return new JobLostError(message, failure);
    }
    case 'ended':
      return diedError(job, end, verdict, failure);
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
 * HoldReasonCodes behind which there may be a limit on memory: an expression of the job (3) or of the schedd
 * (27), the startd's policy (26), and the starter's own watch over the cgroup (34). HTCondor manual, "Job
 * ClassAd Attributes", HoldReasonCode.
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

/** The signal that a memory limit is enforced with. */
const SIGKILL = 9;
/**
 * A job that the kernel has killed for its memory was seen at more than this part of what it had asked for,
 * as it is looked at rarely.
 */
const NEARLY_ALL = 0.9;
const NO_ROOM =
  ': it could not write to its job set. Remedy: see whether the filesystem of `directory` is full or read-only, or a quota is used up';
/** What a shell says then, in English as in a job without LANG. */
const SAYS_NO_ROOM = /No space left|quota exceeded|Read-only file system/i;
const NOT_SHARED =
  ": it did not find its job set. Remedy: name a `directory` that its machine shares; a /tmp is often the job's own";

const NODE_REMEDY =
  "Remedy: `setup` lines that bring one, such as 'module load node' or 'PATH=/opt/node/bin:$PATH', or another `delivery`";

function diedError(
  job: string,
  { exitCode, signal }: End<'ended'>,
  { couldNotBegin, heapFull }: JobEndDetails,
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
    const noRoom = couldNotBegin ? SAYS_NO_ROOM.test(failure.stderrTail) : exitCode === CANNOT_WRITE;
    const hint = noRoom ? NO_ROOM : couldNotBegin ? NOT_SHARED : '';
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

const MEBIBYTE = 1024 * 1024;

function memoryHint({ memoryUsed, memoryRequested }: JobFailure): string {
  const used = memoryUsed === undefined ? '' : `, used ${Math.round(memoryUsed / MEBIBYTE)} MiB`;
  const asked =
    memoryRequested === undefined ? '' : `, had asked for ${Math.round(memoryRequested / MEBIBYTE)} MiB`;
  return `${used}${asked}. Remedy: a larger \`request_memory\`, or the option \`growMemory\``;
}
