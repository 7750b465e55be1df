import type { JobRequest } from '../executor.ts';
import { encodeCall, type CallItem, type CallOptions } from '../payload/call.ts';
import { captureGraph, type Elsewhere } from '../payload/capture/capture.ts';
import { writeGraph } from '../payload/format.ts';
import { isPrimitive } from '../payload/primitive.ts';
import { serializePlain } from '../payload/serialize-plain.ts';
import { encodeThrown } from '../payload/thrown.ts';
import type { Functions, WrittenFunction } from './functions.ts';

/** A request as bytes. */
export interface EncodedRequest {
  readonly fn: WrittenFunction;
  readonly payload: Uint8Array;
}

/**
 * Copies a request, so that what the caller changes afterwards does not leak in.
 * @param single the one call's arguments must travel; else a call whose arguments can't fails alone, when its turn comes
 * @param elsewhere which objects in the arguments are results of other calls, that the job finds by these names
 * @throws {SerializationError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Pick<Functions, 'write'>,
  options: CallOptions,
  single: boolean,
  elsewhere?: Elsewhere,
): EncodedRequest {
  const written = functions.write(fn);
  const encoded = items.map((args): CallItem => {
    try {
      return encodeItem(args, written, options, elsewhere);
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  return { fn: written, payload: encodeCall({ function: written.hash, items: encoded, options }) };
}

/** By argument list, with the function that they are for. */
const copies = new WeakMap<readonly unknown[], { readonly fn: WrittenFunction; readonly item: CallItem }>();

/**
 * Copies the arguments of a call to be: encoded later, the list stands for what they are now.
 * @throws {SerializationError}
 */
export function copyArguments(
  args: readonly unknown[],
  fn: WrittenFunction,
  options: Pick<CallOptions, 'capture'>,
): void {
  // They cannot change but by the list, which is its owner's.
  if (!args.every(isPrimitive)) copies.set(args, { fn, item: encodeItem(args, fn, options) });
}

function encodeItem(
  args: readonly unknown[],
  written: WrittenFunction,
  { capture }: Pick<CallOptions, 'capture'>,
  elsewhere?: Elsewhere,
): CallItem {
  const copy = copies.get(args);
  if (copy?.fn === written) return copy.item;
  const { fn, objects } = written;
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', objects);
  if (plain !== undefined) return { arguments: plain };
  const captured = captureGraph(args, 'arguments', capture, elsewhere);
  for (const { value } of captured.steps()) {
    // It has to be one object on the other side too.
    if (objects.has(value as object))
      return { call: writeGraph(captureGraph([fn, args], 'call', capture, elsewhere).graph) };
  }
  return { arguments: writeGraph(captured.graph) };
}
