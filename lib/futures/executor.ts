import { showValue } from '../base/checks.ts';
import { type Caller, noteCaller } from '../base/program-frames.ts';
import type { AnyFunction } from '../payload/graph.ts';
import { cannotTravel } from '../payload/reducers.ts';
import type { Elements } from './chunk-source.ts';
import type { Future } from './future.ts';
import { checkJobOptions, type JobOptions, mergeJobOptions } from './job-options.ts';
import { type ItemResult, type MapOptions, MapResults } from './map-results.ts';

export interface ShutdownOptions {
  /**
   * Whether to wait until all futures are done and all resources are freed.
   * @default true
   */
  readonly wait?: boolean | undefined;
  /**
   * Whether to cancel the calls that have not started.
   * @default false
   */
  readonly cancelFutures?: boolean | undefined;
}

/**
 * A job to submit: a function and the argument lists to call it with, one after the other. Arguments may be
 * or contain futures.
 */
export interface JobRequest {
  readonly fn: AnyFunction;
  readonly items: readonly (readonly unknown[])[];
  readonly options: JobOptions;
  /** Where the program submitted it, for the stacks of errors. */
  readonly caller?: Caller | undefined;
}

/** The function of one map, as its executor captured it. */
export interface MapFunction {
  /** Function to schedule; each call of it has a state of its own. */
  readonly fn: AnyFunction;
  /**
   * Copies arguments that are scheduled later, in a chunk, as they are now. Their call fails if they cannot be
   * copied.
   */
  readonly copy: (args: readonly unknown[]) => void;
}

/** Captures a function for a map. @throws {SerializationError} if it cannot be captured */
type CaptureForMap = (fn: AnyFunction) => MapFunction;

/** Not methods, because users of executors have no use for them. */
const capturesForMaps = new WeakMap<Executor, CaptureForMap>();

/** Sets how an executor captures the function of a map, where {@link Executor.prepare} is not right for it. */
export function setCaptureForMaps(executor: Executor, capture: CaptureForMap): void {
  capturesForMaps.set(executor, capture);
}

function captureForMap(executor: Executor, fn: AnyFunction): MapFunction {
  return capturesForMaps.get(executor)?.(fn) ?? { fn: executor.prepare(fn), copy: copyNothing };
}

/** For an executor in this process, which may have nothing to copy, and for calls that fail anyway. */
const copyNothing = (): void => {};

/** A single object, because executors compare the options of calls by identity. */
const NO_OPTIONS: JobOptions = {};

/** Base class of all executors. A program changes one line to move between them. */
export abstract class Executor implements AsyncDisposable {
  /**
   * Runs one job; its future has the result of each call. `submit` and `map` are built on it.
   * @throws {ShutdownError}
   */
  abstract schedule(request: JobRequest): Future<ItemResult<unknown>[]>;

  /** Runs a job of one call; the future has its value. */
  abstract scheduleOne(request: JobRequest): Future<unknown>;

  /**
   * Captures a function once, to be submitted many times: each `submit` of the returned function costs less,
   * and later changes of captured variables do not reach the jobs. Calls that share a process, on a worker or
   * in a chunk, share the function and what it captured.
   * @throws {SerializationError} if it cannot be captured
   */
  abstract prepare<F extends AnyFunction>(fn: F): F;

  /** Maximum number of jobs at the same time. */
  get maxInFlight(): number {
    return Infinity;
  }

  /** @throws {ShutdownError} after `shutdown()`, or while the process is ending */
  abstract assertOpen(): void;

  /** Accepts no more calls; see {@link ShutdownOptions}. May be called again. */
  abstract shutdown(options?: ShutdownOptions): Promise<void>;

  /**
   * Runs `fn(...args)` as a job. Returns at once; the arguments are copied before it does.
   *
   * The arguments may contain futures of this executor in place of their values: the job is submitted when
   * they are done, and reads the values from the disk. If one of them fails, the call fails with a
   * DependencyError; if one is cancelled, so is the call.
   *
   * The function may capture variables, other functions, classes and modules. They are copied as they are
   * now; functions of modules that the job can load are loaded there instead. A captured object that cannot
   * be copied, such as a socket, rejects the future with a SerializationError that names the path to it.
   * @throws {TypeError} if `fn` is not a function; {@link ShutdownError} after `shutdown()`
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: OrFutures<A>): Future<Awaited<R>> {
    const caller = noteCaller();
    const request = { fn: checkFunction(fn), items: [args], options: NO_OPTIONS, caller };
    return this.scheduleOne(request) as Future<Awaited<R>>;
  }

  /**
   * Calls `fn` with each item, or with the value of an item that is a future, and iterates over the results
   * in the order of the items. All calls are submitted at once, unless `bufferSize` or the executor's
   * `maxInFlight` limits them.
   * @throws {TypeError} {@link RangeError} for wrong options; {@link ShutdownError} after `shutdown()`
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Elements<OrFuture<T>>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    return this.#map(fn, items, (item) => [item], options, noteCaller());
  }

  /** Calls `fn` with each list of arguments, like {@link map}. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    argumentLists: Elements<NoInfer<Readonly<OrFutures<A>>>>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    const caller = noteCaller();
    return this.#map(fn, argumentLists, copyArgumentList, options, caller);
  }

  /** The same executor with other options for its jobs. Shutting it down shuts this one down. */
  with(options: JobOptions): Executor {
    return new ExecutorWithOptions(this, checkJobOptions(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  static {
    // A function may capture one by mistake; its queues and watches belong to this process.
    cannotTravel(this, 'an executor', 'Make one inside the function, if jobs are to submit jobs.');
  }

  #map<T, R>(
    fn: AnyFunction,
    elements: Elements<T>,
    toArguments: (element: T) => readonly unknown[],
    options: MapOptions,
    caller: Caller,
  ): MapResults<Awaited<R>> {
    checkFunction(fn);
    this.assertOpen();
    const { fn: captured, copy } = this.#captureOnce(fn);
    const run = (items: (readonly unknown[])[]): Future<ItemResult<Awaited<R>>[]> =>
      this.schedule({ fn: captured, items, options: NO_OPTIONS, caller }) as Future<ItemResult<Awaited<R>>[]>;
    return new MapResults(elements, toArguments, run, copy, this.#withBuffer(options));
  }

  /**
   * Limits the items taken from an endless source to twice the executor's jobs, so that a next item is always
   * ready.
   */
  #withBuffer(options: MapOptions): MapOptions {
    if (this.maxInFlight === Infinity || options.bufferSize !== undefined) return options;
    return { ...options, bufferSize: 2 * this.maxInFlight * Math.max(options.chunkSize ?? 1, 1) };
  }

  /** Captures the function once for all calls of a map. If that fails, each call fails by itself. */
  #captureOnce(fn: AnyFunction): MapFunction {
    try {
      return captureForMap(this, fn);
    } catch {
      return { fn, copy: copyNothing };
    }
  }
}

class ExecutorWithOptions extends Executor {
  readonly #executor: Executor;
  readonly #options: JobOptions;

  constructor(executor: Executor, options: JobOptions) {
    super();
    this.#executor = executor;
    this.#options = options;
    setCaptureForMaps(this, (fn) => captureForMap(executor, fn));
  }

  override schedule(request: JobRequest): Future<ItemResult<unknown>[]> {
    return this.#executor.schedule({ ...request, options: mergeJobOptions(this.#options, request.options) });
  }

  override scheduleOne(request: JobRequest): Future<unknown> {
    return this.#executor.scheduleOne({
      ...request,
      options: mergeJobOptions(this.#options, request.options),
    });
  }

  override prepare<F extends AnyFunction>(fn: F): F {
    return this.#executor.prepare(fn);
  }

  override get maxInFlight(): number {
    return this.#executor.maxInFlight;
  }

  override with(options: JobOptions): Executor {
    return this.#executor.with(mergeJobOptions(this.#options, checkJobOptions(options)));
  }

  override assertOpen(): void {
    this.#executor.assertOpen();
  }

  override async shutdown(options?: ShutdownOptions): Promise<void> {
    await this.#executor.shutdown(options);
  }
}

/** @throws {TypeError} */
export function checkFunction<F extends AnyFunction>(fn: F): F {
  if (typeof fn !== 'function') throw new TypeError(`Expected \`fn\` to be a function, got ${showValue(fn)}`);
  return fn;
}

/** Copied, because the source may use a list again. */
function copyArgumentList(list: unknown): readonly unknown[] {
  if (!Array.isArray(list))
    throw new TypeError(`Expected each element to be an array of arguments, got ${showValue(list)}`);
  return [...(list as unknown[])];
}

/**
 * The types accepted for a parameter of type `T`: a `T`, a future of it, or an array, object, Map or Set that
 * contains futures. The call receives the values of the futures.
 */
export type OrFuture<T> = T | Future<T> | Containing<T>;

/** {@link OrFuture} for each of a list of arguments. */
export type OrFutures<A extends readonly unknown[]> = { [K in keyof A]: OrFuture<A[K]> };

type Containing<T> = T extends Leaf
  ? never
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<OrFuture<K>, OrFuture<V>>
    : T extends ReadonlySet<infer V>
      ? ReadonlySet<OrFuture<V>>
      : T extends object
        ? { [K in keyof T]: OrFuture<T[K]> }
        : never;

type Leaf = string | number | boolean | bigint | symbol | null | undefined | ((...args: never[]) => unknown);
