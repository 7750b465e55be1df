import type { JobRequest } from '../../futures/executor.ts';
import { type JobOptions, mergeJobOptions } from '../../futures/job-options.ts';
import type { CallOptions } from '../../payload/call.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { mainUrl } from '../../payload/main-program.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { MapDependencyFinder } from '../dependencies/map-dependencies.ts';
import { DependencyFinder } from '../dependencies/dependencies.ts';
import { Call, type CallHost, type CallParts } from './call.ts';
import { copyArguments, encodeRequest } from './encode-request.ts';
import { Functions, shortHashOf, type WrittenFunction } from './functions.ts';

type UnnumberedParts = Omit<CallParts, 'host' | 'index'>;

/** Makes the calls of an executor, and numbers them. */
export class Calls {
  readonly #options: ResolvedOptions;
  readonly #callOptions: CallOptions;
  readonly #functions: Functions;
  readonly #host: CallHost;
  /** What calls with the same options share. */
  readonly #merged = new WeakMap<JobOptions, JobOptions>();
  #last = 0;

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

  /** The function as it is now. @throws {SerializationError} */
  write(fn: AnyFunction): WrittenFunction {
    return this.#functions.write(fn);
  }

  /** A list of arguments as it is now, whatever becomes of what it holds until {@link makeOf}. @throws {SerializationError} */
  copy(args: readonly unknown[], written: WrittenFunction, finder?: MapDependencyFinder): void {
    const transfers = this.#options.filesystem === 'transfer';
    copyArguments(args, written, this.#callOptions, { finder, transfers });
  }

  /** What finds the futures of these calls in the inputs of maps. */
  newMapDependencyFinder(): MapDependencyFinder {
    return new MapDependencyFinder(this.#host);
  }

  /**
   * @param single whether it is one call, rather than a chunk of some
   * @throws {SerializationError}
   */
  make(request: JobRequest, single: boolean): Call {
    const finder = new DependencyFinder(this.#host);
    const parts = this.#encode(request, single, this.#functions, finder);
    return this.restore({ ...parts, index: this.#last + 1, dependencies: finder.found });
  }

  /**
   * What {@link restore} makes one call of a map of, whose value stays on the disk for others to read; it has no number yet.
   * @param written its function, as it is in the job set or is to be
   * @param given finds the futures of others' calls, if it may be given any
   * @throws {SerializationError} {@link DependencyError} {@link CancelledError}
   */
  encodeForMap(
    written: WrittenFunction,
    args: readonly unknown[],
    options: JobOptions,
    given?: MapDependencyFinder,
  ): UnnumberedParts {
    const request = { fn: written.fn, items: [args], options };
    // A map has no futures of its own before it is there.
    const finder = given ?? new DependencyFinder(this.#host);
    const parts = this.#encode(request, true, { write: () => written }, finder);
    return { ...parts, givenResults: given?.resultNames, valueStays: true };
  }

  /** The next call. */
  makeNext(parts: UnnumberedParts): Call {
    return this.restore({ ...parts, index: this.#last + 1 });
  }

  #encode(
    request: JobRequest,
    single: boolean,
    functions: Pick<Functions, 'write'>,
    finder: DependencyFinder,
  ): UnnumberedParts {
    const options = this.#merge(request.options);
    const { timeLimit } = options;
    const callOptions = timeLimit === undefined ? this.#callOptions : { ...this.#callOptions, timeLimit };
    const transfers = this.#options.filesystem === 'transfer';
    const apart = { finder, transfers };
    const { fn, payload, files } = encodeRequest(request, functions, callOptions, single, apart);
    const items = single ? 0 : request.items.length;
    return { fn, payload, payloadHash: shortHashOf(payload), options, items, files };
  }

  #merge(given: JobOptions): JobOptions {
    const known = this.#merged.get(given);
    if (known !== undefined) return known;
    const options = mergeJobOptions(this.#options.policies, given);
    this.#merged.set(given, options);
    return options;
  }

  /** Those to come are numbered after so many. */
  startAfter(last: number): void {
    this.#last = Math.max(this.#last, last);
  }

  /** Nobody has ever heard of those that were numbered after so many: others get their numbers. */
  forgetAfter(last: number): void {
    this.#last = last;
  }

  /** A call that an earlier process has made; those to come are numbered after it. */
  restore(parts: Omit<CallParts, 'host'>): Call {
    this.#last = Math.max(this.#last, parts.index);
    return new Call({ ...parts, host: this.#host });
  }
}
