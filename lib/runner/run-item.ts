import type { AnyFunction } from '../payload/any-function.ts';
import type { CallItem, CallOptions, ItemOutcome } from '../payload/call.ts';
import { deserializeWith } from '../payload/deserialize.ts';
import type { FromElsewhere } from '../payload/load/load-graph.ts';
import { isPrimitive } from '../payload/primitive.ts';
import { serializePlain } from '../payload/serialize-plain.ts';
import { seldom } from './seldom.ts';

/**
 * Makes one call; what it returns or throws, or why its result cannot travel. Never rejects.
 * @param load the function, for a call that does not bring its own
 * @param result what other calls have returned, by their names
 */
export async function runItem(
  load: () => Promise<AnyFunction>,
  item: CallItem,
  options: CallOptions,
  result: FromElsewhere,
): Promise<ItemOutcome> {
  if ('thrown' in item) return item;
  try {
    const [fn, args] = await decode(load, item, options, result);
    const value = await fn(...args);
    if (isPrimitive(value)) return { primitive: value };
    const bytes = serializePlain(value, 'result') ?? seldom().serialize(value, options.capture, 'result');
    return { value: bytes };
  } catch (error) {
    return seldom().failureOf(error);
  }
}

async function decode(
  load: () => Promise<AnyFunction>,
  item: Exclude<CallItem, { thrown: unknown }>,
  options: CallOptions,
  result: FromElsewhere,
): Promise<[AnyFunction, readonly unknown[]]> {
  if ('primitives' in item) return [await load(), item.primitives];
  const decoded = async (bytes: Uint8Array): Promise<unknown> => deserializeWith(bytes, options, result);
  if ('arguments' in item) return [await load(), (await decoded(item.arguments)) as unknown[]];
  return (await decoded(item.call)) as [AnyFunction, unknown[]];
}
