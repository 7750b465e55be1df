import { DirectoryError, PayloadError } from '../../base/errors.ts';
import { JobTimeLimitError } from '../../base/job-errors.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { ItemResult } from '../../futures/map-results.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { decodeOutcome, type EncodedOutcome, type ItemOutcome } from '../../payload/call.ts';
import { deserialize } from '../../payload/deserialize.ts';
import type { OtherNode } from '../../payload/format.ts';
import { decodeThrown } from '../../payload/thrown-values.ts';
import type { Call } from '../calls/call.ts';
import type { Job } from './job.ts';

/**
 * What came of each item of a call; notes in the call where it ran and what it used. What the items hold may
 * be code: the outcome must have been read from a file that only the owner of the jobs could have written.
 */
export async function takeResults(
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
  const where = `condor-futures job ${String(call.jobId)} (${outcome.host}, pid ${outcome.pid})`;
  const results: ItemResult<unknown>[] = [];
  for (const item of outcome.items)
    results.push(
      'primitive' in item ? { value: item.primitive } : await decodeItem(item, where, otherNode, call),
    );
  // A job that could not read its calls did not know how many they were.
  if (results.length < call.items) {
    const others = results.find(hasFailed) ?? { thrown: new PayloadError('The outcome holds no result') };
    while (results.length < call.items) results.push(others);
  }
  return results;
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

/** What the first of the calls threw. */
export function firstError([first]: readonly ItemResult<unknown>[]): unknown {
  return first !== undefined && 'thrown' in first ? first.thrown : undefined;
}

async function decodeItem(
  item: Exclude<ItemOutcome, { primitive: unknown }>,
  where: string,
  otherNode: OtherNode,
  call: Call,
): Promise<ItemResult<unknown>> {
  if ('timeLimit' in item) return { thrown: await timeLimitError(item, call) };
  try {
    if ('value' in item && call.valueStays) return { value: undefined };
    return 'value' in item
      ? { value: await deserialize(item.value, { otherNode }) }
      : { thrown: await decodeThrown(item.thrown, where) };
  } catch (cause) {
    return { thrown: new PayloadError(`The result cannot be read: ${(cause as Error).message}`, { cause }) };
  }
}

/** How much of its stderr the error shows, in characters. */
const SHOWN = 4096;

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
    stderrTail: (await call.stderr()).trim().slice(-SHOWN),
    stderrFile: undefined,
    timeLimit,
  });
}

/** Where outcomes are read. */
interface OutcomeSource {
  readonly jobSet: Pick<JobSet, 'readOutcome'>;
  readonly system: Pick<BatchSystem, 'onOutcome'>;
  /** What to do about functions in results of another major version of Node. */
  readonly otherNode: OtherNode;
}

/** What came of a job. */
export interface Outcome {
  readonly bytes: Uint8Array;
  readonly results: ItemResult<unknown>[];
}

/**
 * What came of a job that is open; undefined if that is not known yet, or not asked any more.
 * @throws {OwnershipError} {@link PayloadError}; {@link TornError}, or what the filesystem says, which may
 * pass
 */
export async function readOutcome(
  { jobSet, system, otherNode }: OutcomeSource,
  job: Job,
): Promise<Outcome | undefined> {
  if (job.phase !== 'open') return undefined;
  const bytes = await jobSet.readOutcome(job.key, job.end !== undefined);
  if (bytes === undefined || !isOpen(job)) return undefined;
  const outcome = decodeOutcome(bytes);
  if (outcome === undefined) throw new TornError(bytes.length);
  system.onOutcome?.(job.jobId, outcome.endedAt - outcome.startedAt);
  const results = await takeResults(job.call, outcome, otherNode);
  return isOpen(job) ? { bytes, results } : undefined;
}

/** Asked anew after each wait: meanwhile the call may have been cancelled. */
export function isOpen({ phase }: Job): boolean {
  return phase === 'open';
}

/** How long an outcome that is there, but gives an error when it is read, is tried, in milliseconds. */
const UNREADABLE_MS = 60_000;

/** How much longer than the grace an outcome is tried that gives an error. */
export function patienceWith(trouble: NodeJS.ErrnoException): number {
  // The job set itself is not there: whether it is lost, the watch tells.
  if (trouble.code === 'ENOENT') return Infinity;
  return trouble instanceof TornError ? 0 : UNREADABLE_MS;
}

/**
 * An outcome that is not whole; one of a job that runs again, or of a slow filesystem, may be whole later.
 */
export class TornError extends Error {
  constructor(bytes: number) {
    super(`it is torn, as after a crash or on a full disk; ${bytes} bytes are there`);
  }
}

/** The error of a call whose outcome has been tried for long enough. */
export function unreadableError(file: string, trouble: Error): PayloadError {
  return new PayloadError(`The outcome ${file} cannot be read: ${trouble.message}`, { cause: trouble });
}

/** The error of a call whose whole job set is gone. */
export function lostError(directory: string, cause: unknown): DirectoryError {
  const message = `The job set ${directory} was removed while its jobs were in the queue`;
  return new DirectoryError(message, directory, { cause });
}
