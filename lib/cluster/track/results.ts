import { DirectoryError, PayloadError } from '../../base/errors.ts';
import { JobTimeLimitError } from '../../base/job-errors.ts';
import { linesOf } from '../../base/program-frames.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { ItemResult } from '../../futures/map-results.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { decodeOutcome, type EncodedOutcome, type ItemOutcome } from '../../payload/call.ts';
import { deserializeInBox } from '../../payload/deserialize.ts';
import type { OtherNode } from '../../payload/format.ts';
import { decodeInBox } from '../../payload/thrown-values.ts';
import type { Call } from '../calls/call.ts';
import { isOpen, type Job } from './job.ts';

/**
 * Decodes the result of each item of a call, and stores host and usage in the call. The values may contain
 * code, so the outcome must have been read from a file that only the owner of the jobs could write.
 */
export async function decodeResults(
  call: Call,
  outcome: EncodedOutcome,
  otherNode: OtherNode,
): Promise<ItemResult<unknown>[]> {
  call.host = outcome.host;
  call.usage = {
    startedAt: new Date(outcome.startedAt),
    endedAt: new Date(outcome.endedAt),
    userCpuMs: outcome.userCpuMs,
    systemCpuMs: outcome.systemCpuMs,
    peakMemoryBytes: outcome.peakMemoryBytes,
    pid: outcome.pid,
    nodeVersion: outcome.nodeVersion,
  };
  let lines: string | undefined;
  const where = (): string => (lines ??= whereOf(call, outcome));
  const results: ItemResult<unknown>[] = [];
  for (const item of outcome.items)
    results.push(
      'primitive' in item ? { value: item.primitive } : await decodeItem(item, where, otherNode, call),
    );
  // A job that could not read its calls did not know their number.
  if (results.length < call.items) {
    const others = results.find(hasFailed) ?? { thrown: new PayloadError('The outcome holds no result') };
    while (results.length < call.items) results.push(others);
  }
  return results;
}

/** The last lines of the stacks of what a call threw: its job, and where the program submitted it. */
function whereOf({ jobId, caller }: Call, { host, pid }: EncodedOutcome): string {
  return `condor-futures job ${String(jobId)} (${host}, pid ${pid})${linesOf(caller)}`;
}

/** Settles the call's future with its results. */
export function settle(call: Call, results: ItemResult<unknown>[]): void {
  const { controller, items } = call;
  const [first] = results;
  call.hasOutcome = true;
  if (items > 0) controller.resolve(results);
  else if (first === undefined) controller.reject(new PayloadError('The outcome holds no result'));
  else if ('thrown' in first) controller.reject(first.thrown);
  else controller.resolve(first.value);
}

export function hasFailed(result: ItemResult<unknown>): boolean {
  return 'thrown' in result;
}

/** The error of the first call, if it threw one. */
export function firstError([first]: readonly ItemResult<unknown>[]): unknown {
  return first !== undefined && 'thrown' in first ? first.thrown : undefined;
}

async function decodeItem(
  item: Exclude<ItemOutcome, { primitive: unknown }>,
  where: () => string,
  otherNode: OtherNode,
  call: Call,
): Promise<ItemResult<unknown>> {
  if ('timeLimit' in item) return { thrown: await timeLimitError(item, call) };
  try {
    if ('value' in item && call.valueStays) return { value: undefined };
    return 'value' in item
      ? await deserializeInBox(item.value, { otherNode })
      : { thrown: (await decodeInBox(item.thrown, where())).value };
  } catch (cause) {
    return { thrown: new PayloadError(`The result cannot be read: ${(cause as Error).message}`, { cause }) };
  }
}

/** Length of the end of stderr in errors, in characters. */
const STDERR_TAIL_LENGTH = 4096;

async function timeLimitError(
  { timeLimit, begun }: Extract<ItemOutcome, { timeLimit: number }>,
  call: Call,
): Promise<JobTimeLimitError> {
  const what = begun
    ? `The call ran longer than its time limit of ${timeLimit} ms`
    : `The call was not begun, as one before it in its chunk ran longer than the time limit of ${timeLimit} ms`;
  return new JobTimeLimitError(`${what}; job ${call.jobId} on ${call.host} was ended`, {
    jobId: String(call.jobId),
    host: call.host,
    attempts: call.attempts,
    memoryUsed: call.usage?.peakMemoryBytes,
    memoryRequested: call.memoryRequested,
    stderrTail: (await call.stderr()).trim().slice(-STDERR_TAIL_LENGTH),
    stderrFile: undefined,
    timeLimit,
  });
}

interface OutcomeSource {
  readonly jobSet: Pick<JobSet, 'readOutcome'>;
  readonly system: Pick<BatchSystem, 'onOutcome'>;
  /** Whether to refuse functions in results of another major version of Node. */
  readonly otherNode: OtherNode;
}

/** The outcome of a job. */
export interface Outcome {
  readonly bytes: Uint8Array;
  readonly outcome: EncodedOutcome;
  readonly results: ItemResult<unknown>[];
}

/**
 * Reads the outcome of a job; undefined if there is none yet, or the job is not open.
 * @throws {OwnershipError} {@link PayloadError}; {@link TornError} or errors of the file system, which may be
 * temporary
 */
export async function readOutcome(
  { jobSet, system, otherNode }: OutcomeSource,
  job: Job,
): Promise<Outcome | undefined> {
  if (!isOpen(job)) return undefined;
  const bytes = await jobSet.readOutcome(job.key, job.life.end !== undefined);
  if (bytes === undefined || !isOpen(job)) return undefined;
  const outcome = decodeOutcome(bytes);
  if (outcome === undefined) throw new TornError(bytes.length);
  system.onOutcome?.(job.jobId, outcome.endedAt - outcome.startedAt);
  const results = await decodeResults(job.call, outcome, otherNode);
  return isOpen(job) ? { bytes, outcome, results } : undefined;
}

/** Time in milliseconds for which an existing outcome that cannot be read is tried again. */
const UNREADABLE_MS = 60_000;

/** Time in milliseconds, beyond the grace, for which an outcome that cannot be read is tried again. */
export function retryTimeFor(readError: NodeJS.ErrnoException): number {
  // The directory is missing; the watch decides whether it has been deleted.
  if (readError.code === 'ENOENT') return Infinity;
  return readError instanceof TornError ? 0 : UNREADABLE_MS;
}

/** An incomplete outcome. It may become complete on a slow file system, or when its job runs again. */
class TornError extends Error {
  constructor(bytes: number) {
    super(`it is torn, as after a crash or on a full disk; ${bytes} bytes are there`);
  }
}

/** The error of a call whose outcome could not be read for too long. */
export function unreadableError(file: string, cause: Error): PayloadError {
  return new PayloadError(`The outcome ${file} cannot be read: ${cause.message}`, { cause });
}

/** The error of the calls of a deleted job set. */
export function directoryLostError(directory: string, cause: unknown): DirectoryError {
  const message = `The job set ${directory} was removed while its jobs were in the queue`;
  return new DirectoryError(message, directory, { cause });
}
