import type { EncodedCall, ItemOutcome } from '../payload/call.ts';
import type { AnyFunction } from '../payload/function-description.ts';
import { encodeThrown } from '../payload/thrown.ts';
import { deserializeValue, serializeValue } from '../payload/value.ts';

/** Makes one call; what it returns or throws, or why its result cannot travel. Never rejects. */
export async function runItem(fn: AnyFunction, item: EncodedCall['items'][number]): Promise<ItemOutcome> {
  if ('thrown' in item) return item;
  try {
    const args = deserializeValue(item.arguments) as unknown[];
    const value = await fn(...args);
    return { value: serializeValue(value, 'result') };
  } catch (error) {
    return { thrown: encodeThrown(error) };
  }
}
