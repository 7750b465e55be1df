import type { JobRequest } from '../../futures/executor.ts';
import { type CallItem, type CallOptions, encodeCall } from '../../payload/call.ts';
import { captureGraph } from '../../payload/capture/capture.ts';
import { writeGraph } from '../../payload/format.ts';
import { SHARED_FILES, TravellingFiles } from '../../payload/given-files.ts';
import { isPrimitive, serializePlain } from '../../payload/plain-data.ts';
import { encodeThrown } from '../../payload/thrown-values.ts';
import type { DependencyFinder } from '../dependencies/dependencies.ts';
import type { Functions, WrittenFunction } from './functions.ts';

/** A request as bytes. */
export interface EncodedRequest {
  readonly fn: WrittenFunction;
  readonly payload: Uint8Array;
  /** What the calls are given that travels; undefined if nothing does. */
  readonly files: TravellingFiles | undefined;
}

/** What in the arguments of calls does not travel as a part of them. */
export interface Apart {
  /** Tells which objects are results of other calls, and by which names the job finds them. */
  readonly finder?: DependencyFinder | undefined;
  /**
   * Whether files must travel to the job.
   * @default false
   */
  readonly transfers?: boolean;
}

/**
 * Copies a request, so that what the caller changes afterwards does not leak in.
 * @param single the one call's arguments must travel; else a call whose arguments can't fails alone, when its turn comes
 * @param apart what in the arguments does not travel as a part of them
 * @throws {SerializationError} {@link InputFileError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Pick<Functions, 'write'>,
  options: CallOptions,
  single: boolean,
  { finder, transfers = false }: Apart = {},
): EncodedRequest {
  const files = transfers ? new TravellingFiles() : undefined;
  const written = functions.write(fn);
  const encoded = items.map((args): CallItem => {
    try {
      return encodeItem(args, written, options, files, finder);
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  const payload = encodeCall({ function: written.hash, items: encoded, options });
  return { fn: written, payload, files: files?.isEmpty === true ? undefined : files };
}

interface Copy {
  /** That they are for. */
  readonly fn: WrittenFunction;
  readonly item: CallItem;
  readonly files: TravellingFiles | undefined;
  readonly finder: DependencyFinder | undefined;
}

/** By argument list. */
const copies = new WeakMap<readonly unknown[], Copy>();

/**
 * Copies the arguments of a call to be: encoded later, the list stands for what they are now.
 * @throws {SerializationError}
 */
export function copyArguments(
  args: readonly unknown[],
  fn: WrittenFunction,
  options: Pick<CallOptions, 'capture'>,
  { finder, transfers = false }: Apart = {},
): void {
  // They cannot change but by the list, which is its owner's.
  if (args.every(isPrimitive)) return;
  const files = transfers ? new TravellingFiles() : undefined;
  copies.set(args, { fn, item: encodeItem(args, fn, options, files, finder), files, finder });
}

function encodeItem(
  args: readonly unknown[],
  written: WrittenFunction,
  { capture }: Pick<CallOptions, 'capture'>,
  travelling: TravellingFiles | undefined,
  finder?: DependencyFinder,
): CallItem {
  const copy = copies.get(args);
  if (copy?.fn === written) {
    if (copy.files !== undefined) travelling?.addAll(copy.files);
    if (copy.finder !== undefined) finder?.addAll(copy.finder);
    return copy.item;
  }
  const { fn, objects } = written;
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', objects);
  if (plain !== undefined) return { arguments: plain };
  const files = travelling ?? SHARED_FILES;
  const elsewhere = finder?.nameOf;
  const captured = captureGraph(args, 'arguments', capture, elsewhere, files);
  for (const { value } of captured.steps()) {
    // It has to be one object on the other side too.
    if (objects.has(value as object))
      return { call: writeGraph(captureGraph([fn, args], 'call', capture, elsewhere, files).graph) };
  }
  return { arguments: writeGraph(captured.graph) };
}
