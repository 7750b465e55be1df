import type { ItemResult } from '../map-results.ts';
import type { EncodedOutcome, ItemOutcome } from '../payload/call.ts';
import { PayloadError } from '../errors.ts';
import { decodeThrown } from '../payload/thrown.ts';
import { deserializeValue } from '../payload/value.ts';
import type { Call } from './call.ts';

/**
 * What an outcome means for its call.
 * @returns whether the call failed (of several in one job, whether all did), and how to settle its future
 */
export function settleCall(call: Call, outcome: EncodedOutcome): { failed: boolean; settle: () => void } {
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
  const results = outcome.items.map((item) => decodeItem(item, where));
  const failed = results.every((result) => 'thrown' in result);
  const [first] = results;
  const settle = (): void => {
    if (!call.single) call.controller.resolve(results);
    else if (first === undefined) call.controller.reject(new PayloadError('The outcome holds no result'));
    else if ('thrown' in first) call.controller.reject(first.thrown);
    else call.controller.resolve(first.value);
  };
  return { failed, settle };
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
