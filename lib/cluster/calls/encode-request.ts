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
  /** Input files of the calls that are transferred; undefined if there are none. */
  readonly files: TravellingFiles | undefined;
}

/** Handling of arguments that are not encoded by value. */
interface SeparateParts {
  /** Finds futures, and names the results that replace them. */
  readonly finder?: DependencyFinder | undefined;
  /**
   * Whether input files are transferred to the job.
   * @default false
   */
  readonly transfers?: boolean;
}

/**
 * Encodes a request, so that later changes of its objects have no effect.
 * @param single whether to throw if the arguments cannot be encoded; in a chunk, that call fails alone
 * @throws {SerializationError} {@link InputFileError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Pick<Functions, 'write'>,
  options: CallOptions,
  single: boolean,
  { finder, transfers = false }: SeparateParts = {},
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
  const payload = encodeCall({
    function: written.hash,
    items: encoded,
    options,
    ...(written.kept !== undefined && { kept: written.kept }),
  });
  return { fn: written, payload, files: files?.isEmpty === true ? undefined : files };
}

interface Copy {
  /** Function for which the arguments were encoded. */
  readonly fn: WrittenFunction;
  readonly item: CallItem;
  readonly files: TravellingFiles | undefined;
  readonly finder: DependencyFinder | undefined;
}

const copies = new WeakMap<readonly unknown[], Copy>();

/**
 * Encodes a list of arguments in advance, so that a later {@link encodeRequest} uses the values that they
 * have now.
 * @throws {SerializationError}
 */
export function copyArguments(
  args: readonly unknown[],
  fn: WrittenFunction,
  options: Pick<CallOptions, 'capture'>,
  { finder, transfers = false }: SeparateParts = {},
): void {
  // Primitive values cannot change, and the caller does not change the list.
  if (args.every(isPrimitive)) return;
  const files = transfers ? new TravellingFiles() : undefined;
  copies.set(args, { fn, item: encodeItem(args, fn, options, files, finder), files, finder });
}

function encodeItem(
  args: readonly unknown[],
  written: WrittenFunction,
  { capture }: Pick<CallOptions, 'capture'>,
  inputFiles: TravellingFiles | undefined,
  finder?: DependencyFinder,
): CallItem {
  const copy = copies.get(args);
  if (copy?.fn === written) {
    if (copy.files !== undefined) inputFiles?.addAll(copy.files);
    if (copy.finder !== undefined) finder?.addAll(copy.finder);
    return copy.item;
  }
  const { fn, objects } = written;
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', objects);
  if (plain !== undefined) return { arguments: plain };
  const files = inputFiles ?? SHARED_FILES;
  const nameOfResult = finder?.nameOf;
  const captured = captureGraph(args, 'arguments', capture, nameOfResult, files);
  for (const { value } of captured.steps()) {
    // An object shared with the function must be one object in the job, too.
    if (objects.has(value as object))
      return { call: writeGraph(captureGraph([fn, args], 'call', capture, nameOfResult, files).graph) };
  }
  return { arguments: writeGraph(captured.graph) };
}
