import type { AnyFunction } from '../payload/any-function.ts';
import type { CallItem, CallOptions, ItemOutcome } from '../payload/call.ts';
import { deserialize } from '../payload/deserialize.ts';
import { isPrimitive } from '../payload/primitive.ts';
import { serializePlain } from '../payload/serialize-plain.ts';
import { seldom } from './seldom.ts';

/**
 * Makes one call; what it returns or throws, or why its result cannot travel. Never rejects.
 * @param load the function, for a call that does not bring its own
 */
export async function runItem(
  load: () => Promise<AnyFunction>,
  item: CallItem,
  options: CallOptions,
): Promise<ItemOutcome> {
  if ('thrown' in item) return item;
  try {
    const [fn, args] = await decode(load, item, options);
    const value = await fn(...args);
    if (isPrimitive(value)) return { primitive: value };
    const bytes = serializePlain(value, 'result') ?? seldom().serialize(value, options.capture, 'result');
    return { value: bytes };
  } catch (error) {
    return { thrown: seldom().encodeThrown(error) };
  }
}

async function decode(
  load: () => Promise<AnyFunction>,
  item: Exclude<CallItem, { thrown: unknown }>,
  options: CallOptions,
): Promise<[AnyFunction, readonly unknown[]]> {
  if ('primitives' in item) return [await load(), item.primitives];
  if ('arguments' in item) return [await load(), (await deserialize(item.arguments, options)) as unknown[]];
  return (await deserialize(item.call, options)) as [AnyFunction, unknown[]];
}
