import { checkOptions } from '../base/checks.ts';
import { ClusterExecutor } from '../cluster/cluster-executor.ts';
import { checkFunction, type OrFuture, type OrFutures, type ShutdownOptions } from '../futures/executor.ts';
import type { AnyFunction } from '../payload/graph.ts';
import {
  CLEAN_TABLE,
  cleanMaps,
  type CleanOptions,
  REMOVE_MAP_TABLE,
  type RemoveMapOptions,
  removeTagged,
} from './act/clean.ts';
import {
  checkCreateOptions,
  createMap,
  type CreateMapOptions,
  type MapRequest,
} from './create/create-map.ts';
import { type Axes, cartesianProduct, type Inputs, valuesOfAxes } from './create/inputs.ts';
import { MapBuilder } from './create/map-builder.ts';
import type { MapExecutor } from './create/map-executor.ts';
import { wrapFunction, type WrapOptions, type WrappedFunction } from './create/wrap-function.ts';
import type { JobMap } from './job-map.ts';
import { createSystem } from './manage-maps.ts';
import type { MapEnvironment, MapHost } from './read/map-core.ts';
import { openMap, openMaps } from './read/open-map.ts';
import { checkPattern, listTags } from './tags/tags.ts';

/** An executor that also makes maps: calls with a common tag, kept on the disk until they are removed. */
export abstract class MappingExecutor extends ClusterExecutor {
  readonly #mapExecutors = new Set<MapExecutor>();

  /**
   * Submits one job for each input, which calls `fn` with it, and resolves when all jobs are submitted. The
   * map with its inputs and results stays on the disk until it is removed, even after this program has ended.
   * Waits first for futures of this executor among the inputs; see docs/dependencies.md.
   * @throws {TagTakenError} {@link InvalidTagError} {@link EmptyMapError} {@link MisalignedOptionError}
   * {@link SerializationError} {@link SubmitError}; {@link DependencyError} or {@link CancelledError} if a
   * future among the inputs fails or is cancelled
   */
  async createMap<T, R>(
    fn: (input: T) => R,
    inputs: Inputs<OrFuture<T>>,
    options: CreateMapOptions<NoInfer<T>> = {},
  ): Promise<JobMap<[T], Awaited<R>>> {
    return (await this.#create({ fn, inputs, spread: false }, options)) as JobMap<[T], Awaited<R>>;
  }

  /** Creates a map as {@link createMap} does, from a list of arguments for each call. */
  async createStarmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    argumentLists: Inputs<NoInfer<Readonly<OrFutures<A>>>>,
    options: CreateMapOptions<Readonly<NoInfer<A>>> = {},
  ): Promise<JobMap<A, Awaited<R>>> {
    return (await this.#create({ fn, inputs: argumentLists, spread: true }, options)) as JobMap<
      A,
      Awaited<R>
    >;
  }

  /**
   * Creates a map of all combinations of one value from each axis, in the order of nested loops: the last
   * axis varies fastest. `map.indexOf([i, j])` is the component of the i-th and j-th values.
   * @param axes a finite iterable for each parameter
   * @throws {EmptyMapError} if an axis has no values; and as {@link createMap}
   */
  async createProduct<A extends unknown[], R>(
    fn: (...args: A) => R,
    axes: NoInfer<Axes<OrFutures<A>>>,
    options: CreateMapOptions<Readonly<NoInfer<A>>> = {},
  ): Promise<JobMap<A, Awaited<R>>> {
    const values = valuesOfAxes(axes);
    const lengths = values.map(({ length }) => length);
    const request = { fn, inputs: cartesianProduct(values), spread: true, axes: lengths };
    return (await this.#create(request, options)) as JobMap<A, Awaited<R>>;
  }

  /**
   * Creates a builder, which collects calls until `builder.submit()` makes a map of them. Copies the function
   * now, and the arguments at each call.
   * @throws {TypeError} {@link SerializationError} {@link ShutdownError}
   */
  mapBuilder<A extends unknown[], R>(
    fn: (...args: A) => R,
    options: CreateMapOptions<Readonly<NoInfer<A>>> = {},
  ): MapBuilder<A, Awaited<R>> {
    this.assertOpen();
    const given = { ...checkCreateOptions(options) };
    const { calls } = this.parts;
    const written = calls.write(checkFunction(fn));
    return new MapBuilder<A, Awaited<R>>(
      (args) => calls.copy(args, written, given.reuse === true ? undefined : calls.newMapDependencyFinder()),
      async (inputs) =>
        (await this.#create({ fn, written, inputs, spread: true }, given)) as JobMap<A, Awaited<R>>,
    );
  }

  /**
   * Creates a map of the calls that `fill` makes until it returns. If `fill` throws, its error is thrown and
   * no map is made.
   * @example
   * const map = await executor.buildMap(simulate, (call) => { for (const x of xs) call(x, 2 * x); });
   * @throws {EmptyMapError} if `fill` makes no call; and as {@link createMap}
   */
  async buildMap<A extends unknown[], R>(
    fn: (...args: A) => R,
    fill: (call: (...args: OrFutures<A>) => number) => void | Promise<void>,
    options: CreateMapOptions<Readonly<NoInfer<A>>> = {},
  ): Promise<JobMap<A, Awaited<R>>> {
    const builder = this.mapBuilder(fn, options);
    await checkFunction(fill)(builder.call);
    return builder.submit();
  }

  /**
   * Adds methods to a function that submit it and make maps of it, always with these options. They override
   * the executor's, and a map's own options override them; `requirements` are combined. A plain call runs in
   * this process; a job that captures the wrapped function gets the plain one.
   * @throws {TypeError} {@link RangeError} for invalid options
   */
  wrap<This, A extends unknown[], R>(
    fn: (this: This, ...args: A) => R,
    options: WrapOptions<NoInfer<A>> = {},
  ): WrappedFunction<This, A, R> {
    return wrapFunction(this, checkFunction(fn as AnyFunction) as typeof fn, options);
  }

  /**
   * Loads a map of this executor's directory by its tag; any program may have made it.
   * @throws {TagNotFoundError} {@link MapRemovedError} {@link MapUnfinishedError} {@link DirectoryError}
   */
  async loadMap<A extends unknown[] = unknown[], R = unknown>(tag: string): Promise<JobMap<A, R>> {
    return (await openMap(tag, this.#mapHome())) as unknown as JobMap<A, R>;
  }

  /** Loads the maps of this executor's directory that match a pattern such as `'scan-*'`, sorted by tag. */
  async loadMaps(pattern?: string): Promise<JobMap[]> {
    return openMaps(pattern, this.#mapHome());
  }

  /** Lists the tags of this executor's directory that match a pattern such as `'scan-*'`, sorted. */
  async tags(pattern?: string): Promise<string[]> {
    return listTags(this.parts.options.directory, checkPattern(pattern));
  }

  /**
   * Removes the jobs of a map from the queue and deletes its files.
   * @returns whether the map existed
   * @throws {CommandError} if its jobs cannot be removed, unless `force` is set; {@link MapOutOfReachError};
   * {@link TagNotFoundError} if it does not exist and `mustExist` is set
   */
  async removeMap(tag: string, options: RemoveMapOptions = {}): Promise<boolean> {
    checkOptions('removeMap()', options, REMOVE_MAP_TABLE);
    return removeTagged(tag, this.#mapHome(), options);
  }

  /**
   * Removes maps without a user's tag, and the remains of interrupted creations and removals; see
   * {@link clean}.
   * @returns the removed tags
   * @throws {CleanError} at the end, if something could not be removed
   */
  async clean(options: CleanOptions = {}): Promise<string[]> {
    checkOptions('clean()', options, CLEAN_TABLE);
    return cleanMaps(this.#mapHome(), options);
  }

  override async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const ended = super.shutdown(options);
    if (options.cancelFutures === true) for (const executor of this.#mapExecutors) executor.cancelPending();
    const closed = Promise.all([...this.#mapExecutors].map(async (executor) => executor.close()));
    await ended;
    if (options.wait !== false) await closed;
  }

  async #create(request: MapRequest, options: CreateMapOptions<never>): Promise<JobMap> {
    this.assertOpen();
    const written = request.written ?? this.parts.calls.write(checkFunction(request.fn));
    return createMap(this.#mapHost(), { ...request, written }, options);
  }

  #mapHome(): MapEnvironment {
    const { system, options, calls } = this.parts;
    return {
      options,
      newFinder: () => calls.newMapDependencyFinder(),
      systemOf: (header) => ({
        system: header.system === system.name ? system.forMap() : createSystem(header),
        isNamed: false,
      }),
      supervise: (executor) => {
        this.#mapExecutors.add(executor);
        void executor.supervise().finally(() => this.#mapExecutors.delete(executor));
      },
    };
  }

  #mapHost(): MapHost {
    return { ...this.#mapHome(), system: this.parts.system.forMap() };
  }
}
