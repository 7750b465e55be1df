import { showValue } from '../base/checks.ts';
import type { AnyFunction } from '../payload/graph.ts';
import { cannotTravel } from '../payload/reducers.ts';
import type { Elements } from './chunk-source.ts';
import type { Future } from './future.ts';
import { checkJobOptions, type JobOptions, mergeJobOptions } from './job-options.ts';
import { type ItemResult, type MapOptions, MapResults } from './map-results.ts';

export interface ShutdownOptions {
  /**
   * Wait until all futures are done and everything is freed.
   * @default true
   */
  readonly wait?: boolean | undefined;
  /**
   * Cancel the calls that have not started.
   * @default false
   */
  readonly cancelFutures?: boolean | undefined;
}

/** One job to be: a function and the argument lists to call it with, one after the other. Arguments may be futures, or hold some. */
export interface JobRequest {
  readonly fn: AnyFunction;
  readonly items: readonly (readonly unknown[])[];
  readonly options: JobOptions;
}

/** One object, so that executors can tell that calls have the same. */
const NO_OPTIONS: JobOptions = {};

/** Runs calls somewhere else; what all executors have in common. A program changes one line to move between them. */
export abstract class Executor implements AsyncDisposable {
  /**
   * Runs one job and tells what came of each of its calls; what `submit` and `map` are made of.
   * @throws {ShutdownError}
   */
  abstract schedule(request: JobRequest): Future<ItemResult<unknown>[]>;

  /** As {@link schedule} for one call, whose future has its value. */
  abstract scheduleOne(request: JobRequest): Future<unknown>;

  /**
   * The function as it is now, with what it captures, to be submitted again and again: later changes of what it captured do not
   * reach jobs, and each `submit` costs less.
   * @throws {SerializationError} if it cannot travel
   */
  abstract prepare<F extends AnyFunction>(fn: F): F;

  /** How many jobs there are at once, at the most. */
  get maxInFlight(): number {
    return Infinity;
  }

  /** @throws {ShutdownError} after `shutdown()`, or while the process is ending */
  abstract assertOpen(): void;

  /** Takes no more calls; see {@link ShutdownOptions}. May be called again. */
  abstract shutdown(options?: ShutdownOptions): Promise<void>;

  /**
   * Runs `fn(...args)` as a job. Returns at once; the arguments are copied before it does.
   *
   * A future of this executor, wherever in the arguments, stands for its value: the job is submitted when it is done, and reads the
   * value from the disk. If it fails, so does this one, with a DependencyError; if it is cancelled, so is this one.
   *
   * The function may capture whatever it likes: variables, other functions, classes, modules. They are copied as they are now;
   * functions of modules that a job can load by itself are loaded there instead. What cannot travel, such as a socket, rejects the
   * future with a SerializationError that says how it was come by.
   * @throws {TypeError} if `fn` is no function; {@link ShutdownError} after `shutdown()`
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: OrFutures<A>): Future<Awaited<R>> {
    return this.scheduleOne({ fn: checkFunction(fn), items: [args], options: NO_OPTIONS }) as Future<
      Awaited<R>
    >;
  }

  /**
   * Calls `fn` with each item, or what it is the future of, and iterates over the results in the order of the items. All calls are submitted at once,
   * unless there is a `bufferSize`, or the executor has a `maxInFlight`: then items are taken as there is room for them.
   * @throws {TypeError} {@link RangeError} for wrong options; {@link ShutdownError} after `shutdown()`
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Elements<OrFuture<T>>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    return this.#map(fn, items, (item) => [item], options);
  }

  /** As {@link map}, with a list of arguments for each call. */
  starmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    argumentLists: Elements<NoInfer<Readonly<OrFutures<A>>>>,
    options: MapOptions = {},
  ): MapResults<Awaited<R>> {
    return this.#map(fn, argumentLists, checkArgumentList, options);
  }

  /** The same executor with other options for its jobs. Shutting it down shuts this one down. */
  with(options: JobOptions): Executor {
    return new ExecutorWithOptions(this, checkJobOptions(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  static {
    // A function may capture one by mistake; its queues and watches are of this process.
    cannotTravel(this, 'an executor', 'Make one inside the function, if jobs are to submit jobs.');
  }

  #map<T, R>(
    fn: AnyFunction,
    elements: Elements<T>,
    toArguments: (element: T) => readonly unknown[],
    options: MapOptions,
  ): MapResults<Awaited<R>> {
    checkFunction(fn);
    this.assertOpen();
    const frozen = this.#freeze(fn);
    const run = (items: (readonly unknown[])[]): Future<ItemResult<Awaited<R>>[]> =>
      this.schedule({ fn: frozen, items, options: NO_OPTIONS }) as Future<ItemResult<Awaited<R>>[]>;
    return new MapResults(elements, toArguments, run, this.#bounded(options));
  }

  /** From an endless source no more is taken than the executor lets go, and as much again, so that there is a next item. */
  #bounded(options: MapOptions): MapOptions {
    if (this.maxInFlight === Infinity || options.bufferSize !== undefined) return options;
    return { ...options, bufferSize: 2 * this.maxInFlight * Math.max(options.chunkSize ?? 1, 1) };
  }

  /** All calls of a map are of the function as it was at first. What cannot travel fails with each call. */
  #freeze(fn: AnyFunction): AnyFunction {
    try {
      return this.prepare(checkFunction(fn));
    } catch {
      return fn;
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

function checkArgumentList(list: unknown): readonly unknown[] {
  if (!Array.isArray(list))
    throw new TypeError(`Expected each element to be an array of arguments, got ${showValue(list)}`);
  return list;
}

/**
 * What may be given where a call takes a `T`: that, or the future of one, or an array, object, Map or Set that holds futures. The call has the
 * values of the futures instead.
 */
export type OrFuture<T> = T | Future<T> | Holding<T>;

/** As {@link OrFuture}, of a list of arguments. */
export type OrFutures<A extends readonly unknown[]> = { [K in keyof A]: OrFuture<A[K]> };

type Holding<T> = T extends Leaf
  ? never
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<OrFuture<K>, OrFuture<V>>
    : T extends ReadonlySet<infer V>
      ? ReadonlySet<OrFuture<V>>
      : T extends object
        ? { [K in keyof T]: OrFuture<T[K]> }
        : never;

type Leaf = string | number | boolean | bigint | symbol | null | undefined | ((...args: never[]) => unknown);
