import type { JobRequest } from '../executor.ts';
import { encodeCall, type CallItem, type CallOptions } from '../payload/call.ts';
import { captureGraph } from '../payload/capture/capture.ts';
import { writeGraph } from '../payload/format.ts';
import { SHARED_FILES, TravellingFiles, type GivenFiles } from '../payload/given-files.ts';
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
 * @param transfers whether files must travel to the job
 * @throws {SerializationError} {@link InputFileError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Pick<Functions, 'write'>,
  options: CallOptions,
  single: boolean,
  transfers: boolean = false,
): EncodedRequest {
  const files = transfers ? new TravellingFiles() : undefined;
  const written = functions.write(fn);
  const encoded = items.map((args): CallItem => {
    try {
      return encodeItem(args, written, options, files ?? SHARED_FILES);
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  const payload = encodeCall({ function: written.hash, items: encoded, options });
  return { fn: written, payload, files: files?.isEmpty === true ? undefined : files };
}

function encodeItem(
  args: readonly unknown[],
  { fn, objects }: WrittenFunction,
  { capture }: CallOptions,
  files: GivenFiles,
): CallItem {
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', objects);
  if (plain !== undefined) return { arguments: plain };
  const captured = captureGraph(args, 'arguments', capture, files);
  for (const { value } of captured.steps()) {
    // It has to be one object on the other side too.
    if (objects.has(value as object)) {
      return { call: writeGraph(captureGraph([fn, args], 'call', capture, files).graph) };
    }
  }
  return { arguments: writeGraph(captured.graph) };
}
