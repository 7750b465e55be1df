import type { JobRequest, MapFunction } from '../../futures/executor.ts';
import { type JobOptions, mergeJobOptions } from '../../futures/job-options.ts';
import type { CallOptions } from '../../payload/call.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { mainUrl } from '../../payload/main-program.ts';
import { preloadsOf } from '../../payload/preload.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { MapDependencyFinder } from '../dependencies/map-dependencies.ts';
import { DependencyFinder } from '../dependencies/dependencies.ts';
import { Call, type CallHost, type NewCall } from './call.ts';
import { copyArguments, encodeRequest } from './encode-request.ts';
import { Functions, shortHashOf, type WrittenFunction } from './functions.ts';

type UnnumberedCall = Omit<NewCall, 'host' | 'index'>;

/** Creates and numbers the calls of an executor. */
export class Calls {
  readonly #options: ResolvedOptions;
  readonly #callOptions: CallOptions;
  readonly #functions: Functions;
  readonly #host: CallHost;
  /** Merged options, shared by all calls with the same options. */
  readonly #mergedOptions = new WeakMap<JobOptions, JobOptions>();
  #lastIndex = 0;

  constructor(options: ResolvedOptions, host: CallHost) {
    const { capture, otherNode } = options;
    this.#options = options;
    this.#callOptions = { capture, otherNode, main: mainUrl() };
    this.#functions = new Functions(capture);
    this.#host = host;
  }

  /** @throws {SerializationError} */
  prepare<F extends AnyFunction>(fn: F): F {
    return this.#functions.prepare(fn);
  }

  /** @throws {SerializationError} */
  captureForMap(fn: AnyFunction): MapFunction {
    const frozen = this.#functions.freeze(fn);
    return { fn: frozen, copy: (args) => this.#copyForChunk(args, frozen) };
  }

  /** Captures a function as it is now. @throws {SerializationError} */
  write(fn: AnyFunction): WrittenFunction {
    return this.#functions.write(fn);
  }

  /**
   * Copies a list of arguments, so that {@link encodeForMap} later encodes them as they are now.
   * @throws {SerializationError}
   */
  copy(args: readonly unknown[], written: WrittenFunction, finder?: MapDependencyFinder): void {
    const transfers = this.#options.filesystem === 'transfer';
    copyArguments(args, () => written, this.#callOptions, true, { finder, transfers });
  }

  /** Copies a list of arguments, so that {@link make} later encodes a chunk with them as they are now. */
  #copyForChunk(args: readonly unknown[], fn: AnyFunction): void {
    const transfers = this.#options.filesystem === 'transfer';
    const finder = new DependencyFinder(this.#host);
    copyArguments(args, () => this.#functions.write(fn), this.#callOptions, false, { finder, transfers });
  }

  /** Creates a finder for futures of these calls in the inputs of maps. */
  newMapDependencyFinder(): MapDependencyFinder {
    return new MapDependencyFinder(this.#host);
  }

  /**
   * @param single whether it is one call rather than a chunk
   * @throws {SerializationError}
   */
  make(request: JobRequest, single: boolean): Call {
    const finder = new DependencyFinder(this.#host);
    const parts = this.#encode(request, single, this.#functions, finder);
    const { caller } = request;
    return this.restore({ ...parts, index: this.#lastIndex + 1, dependencies: finder.found, caller });
  }

  /**
   * Encodes one call of a map, which {@link makeNext} numbers. Its value stays on the disk.
   * @param written its function, which may be in the job set already
   * @param mapFinder finds futures in its arguments, where these are allowed
   * @throws {SerializationError} {@link DependencyError} {@link CancelledError}
   */
  encodeForMap(
    written: WrittenFunction,
    args: readonly unknown[],
    options: JobOptions,
    mapFinder?: MapDependencyFinder,
  ): UnnumberedCall {
    const request = { fn: written.fn, items: [args], options };
    // This finder rejects all futures, because a map has none of its own while it is created.
    const finder = mapFinder ?? new DependencyFinder(this.#host);
    const parts = this.#encode(request, true, { write: () => written }, finder);
    return { ...parts, givenResults: mapFinder?.resultNames, valueStays: true };
  }

  /** Creates the next call. */
  makeNext(parts: UnnumberedCall): Call {
    return this.restore({ ...parts, index: this.#lastIndex + 1 });
  }

  #encode(
    request: JobRequest,
    single: boolean,
    functions: Pick<Functions, 'write'>,
    finder: DependencyFinder,
  ): UnnumberedCall {
    const options = this.#merge(request.options);
    const callOptions = this.#withPolicies(options);
    const transfers = this.#options.filesystem === 'transfer';
    const separate = { finder, transfers };
    const { preload = [] } = options;
    const writer = { write: (given: AnyFunction) => functions.write(given, preload) };
    const { fn, payload, files } = encodeRequest(request, writer, callOptions, single, separate);
    const items = single ? 0 : request.items.length;
    return { fn, payload, payloadHash: shortHashOf(payload), options, items, files };
  }

  #withPolicies({ timeLimit, preload = [] }: JobOptions): CallOptions {
    if (timeLimit === undefined && preload.length === 0) return this.#callOptions;
    return {
      ...this.#callOptions,
      ...(timeLimit !== undefined && { timeLimit }),
      ...(preload.length > 0 && { preloads: preloadsOf(preload) }),
    };
  }

  #merge(jobOptions: JobOptions): JobOptions {
    const known = this.#mergedOptions.get(jobOptions);
    if (known !== undefined) return known;
    const options = mergeJobOptions(this.#options.policies, jobOptions);
    this.#mergedOptions.set(jobOptions, options);
    return options;
  }

  /** Numbers later calls from the next number on, if that has not been used. */
  startAfter(last: number): void {
    this.#lastIndex = Math.max(this.#lastIndex, last);
  }

  /** Reuses the numbers after this one, because their calls were never announced. */
  forgetAfter(last: number): void {
    this.#lastIndex = last;
  }

  /** Creates a call of an earlier process; later calls are numbered after it. */
  restore(parts: Omit<NewCall, 'host'>): Call {
    this.#lastIndex = Math.max(this.#lastIndex, parts.index);
    return new Call({ ...parts, host: this.#host });
  }
}
