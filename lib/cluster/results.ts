import { PayloadError } from '../errors.ts';
import type { ItemResult } from '../map-results.ts';
import type { EncodedOutcome, ItemOutcome } from '../payload/call.ts';
import { decodeThrown } from '../payload/thrown.ts';
import { deserialize } from '../payload/deserialize.ts';
import type { OtherNode } from '../payload/format.ts';
import { JobTimeLimitError } from '../job-errors.ts';
import type { Call } from './call.ts';

/**
 * What came of each item of a call; notes in the call where it ran and what it used. What the items hold may be code: the outcome must
 * have been read from a file that only the owner of the jobs could have written.
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
