import type { JobRequest } from '../executor.ts';
import { encodeCall, type CallItem, type CallOptions } from '../payload/call.ts';
import { captureGraph, type Elsewhere, type GivenToCalls } from '../payload/capture/capture.ts';
import { writeGraph } from '../payload/format.ts';
import { SHARED_FILES, TravellingFiles } from '../payload/given-files.ts';
import { isPrimitive } from '../payload/primitive.ts';
import { serializePlain } from '../payload/serialize-plain.ts';
import { encodeThrown } from '../payload/thrown.ts';
import type { Functions, WrittenFunction } from './functions.ts';

/** A request as bytes. */
export interface EncodedRequest {
  readonly fn: WrittenFunction;
  readonly payload: Uint8Array;
  /** What the calls are given that travels; undefined if nothing does. */
  readonly files: TravellingFiles | undefined;
}

/**
 * Copies a request, so that what the caller changes afterwards does not leak in.
 * @param single the one call's arguments must travel; else a call whose arguments can't fails alone, when its turn comes
 * @param given which objects in the arguments are results of other calls, that the job finds by these names; and whether files must travel
 * @throws {SerializationError} {@link InputFileError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Pick<Functions, 'write'>,
  options: CallOptions,
  single: boolean,
  { elsewhere, transfers = false }: { readonly elsewhere?: Elsewhere; readonly transfers?: boolean } = {},
): EncodedRequest {
  const files = transfers ? new TravellingFiles() : undefined;
  const written = functions.write(fn);
  const encoded = items.map((args): CallItem => {
    try {
      return encodeItem(args, written, options, { elsewhere, files: files ?? SHARED_FILES });
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  const payload = encodeCall({ function: written.hash, items: encoded, options });
  return { fn: written, payload, files: files?.isEmpty === true ? undefined : files };
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
  if (!args.every(isPrimitive))
    copies.set(args, { fn, item: encodeItem(args, fn, options, { files: SHARED_FILES }) });
}

function encodeItem(
  args: readonly unknown[],
  written: WrittenFunction,
  { capture }: Pick<CallOptions, 'capture'>,
  given: GivenToCalls,
): CallItem {
  const copy = copies.get(args);
  if (copy?.fn === written) return copy.item;
  const { fn, objects } = written;
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', objects);
  if (plain !== undefined) return { arguments: plain };
  const captured = captureGraph(args, 'arguments', capture, given);
  for (const { value } of captured.steps()) {
    // It has to be one object on the other side too.
    if (objects.has(value as object))
      return { call: writeGraph(captureGraph([fn, args], 'call', capture, given).graph) };
  }
  return { arguments: writeGraph(captured.graph) };
}
