import { PayloadError } from '../errors.ts';
import type { ItemResult } from '../map-results.ts';
import type { EncodedOutcome, ItemOutcome } from '../payload/call.ts';
import { decodeThrown } from '../payload/thrown.ts';
import { deserializeValue } from '../payload/value.ts';
import type { Call } from './call.ts';

/** What came of each item of a call; notes in the call where it ran and what it used. */
export function takeResults(call: Call, outcome: EncodedOutcome): ItemResult<unknown>[] {
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
  return outcome.items.map((item) => decodeItem(item, where));
}

/** Settles the call's future with its results. */
export function settle({ single, controller }: Call, results: ItemResult<unknown>[]): void {
  const [first] = results;
  if (!single) controller.resolve(results);
  else if (first === undefined) controller.reject(new PayloadError('The outcome holds no result'));
  else if ('thrown' in first) controller.reject(first.thrown);
  else controller.resolve(first.value);
}

export function hasFailed(result: ItemResult<unknown>): boolean {
  return 'thrown' in result;
}

function decodeItem(item: ItemOutcome, where: string): ItemResult<unknown> {
  try {
    return 'value' in item
      ? { value: deserializeValue(item.value) }
      : { thrown: decodeThrown(item.thrown, where) };
  } catch (cause) {
    return { thrown: new PayloadError(`The result cannot be read: ${(cause as Error).message}`, { cause }) };
  }
}
