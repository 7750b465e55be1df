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
interface SeparateArguments {
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
  { finder, transfers = false }: SeparateArguments = {},
): EncodedRequest {
  const files = transfers ? new TravellingFiles() : undefined;
  const written = functions.write(fn);
  const encoded = items.map((args) => encodeOrThrow(args, written, options, single, files, finder));
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
 * @param write writes the function, if that is needed
 * @param single whether to throw if the arguments cannot be encoded; in a chunk, that call fails alone
 * @throws {SerializationError}
 */
export function copyArguments(
  args: readonly unknown[],
  write: () => WrittenFunction,
  options: Pick<CallOptions, 'capture'>,
  single: boolean,
  { finder, transfers = false }: SeparateArguments = {},
): void {
  // Primitive values cannot change, and the caller does not change the list.
  if (args.every(isPrimitive)) return;
  const files = transfers ? new TravellingFiles() : undefined;
  const fn = writeIfPossible(write, single);
  if (fn === undefined || copies.get(args)?.fn === fn) return;
  copies.set(args, { fn, item: encodeOrThrow(args, fn, options, single, files, finder), files, finder });
}

/** A list that its caller cannot change, to be copied: the same, if {@link copyArguments} has copied it. */
export function ownList(args: readonly unknown[], fn: WrittenFunction): readonly unknown[] {
  return copies.get(args)?.fn === fn ? args : [...args];
}

/** @returns undefined for a function of a chunk that cannot be written: then the chunk fails */
function writeIfPossible(write: () => WrittenFunction, single: boolean): WrittenFunction | undefined {
  try {
    return write();
  } catch (error) {
    if (single) throw error;
    return undefined;
  }
}

function encodeOrThrow(
  args: readonly unknown[],
  written: WrittenFunction,
  options: Pick<CallOptions, 'capture'>,
  single: boolean,
  files: TravellingFiles | undefined,
  finder: DependencyFinder | undefined,
): CallItem {
  try {
    return encodeItem(args, written, options, files, finder);
  } catch (error) {
    if (single) throw error;
    return { thrown: encodeThrown(error) };
  }
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
  const { fn, captured: parts } = written;
  if (Object.getPrototypeOf(args) === Array.prototype && args.every(isPrimitive)) return { primitives: args };
  const plain = serializePlain(args, 'arguments', parts.apart);
  if (plain !== undefined) return { arguments: plain };
  const context = { elsewhere: finder?.nameOf, files: inputFiles ?? SHARED_FILES };
  const options = { ...capture, sendsModules: parts.sendsModules };
  const captured = captureGraph(args, 'arguments', options, context);
  // What is shared with the function must be one thing in the job, too.
  if (parts.isSharedWith(captured))
    return { call: writeGraph(captureGraph([fn, args], 'call', options, context).graph) };
  return { arguments: writeGraph(captured.graph) };
}
