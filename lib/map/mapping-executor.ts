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
import { systemFor } from './manage-maps.ts';
import type { MapHost } from './read/map-core.ts';
import { type MapHome, openMap, openMaps } from './read/open-map.ts';
import { checkPattern, listTags } from './tags/tags.ts';

/** An executor that has maps besides futures: calls that have a name, and stay on the disk until they are removed. */
export abstract class MappingExecutor extends ClusterExecutor {
  readonly #mapExecutors = new Set<MapExecutor>();

  /**
   * Calls `fn` with each input, a job for each, and returns when all of them are in the queue. The map, its inputs and its results stay on the disk
   * until they are removed, whatever becomes of this program. Futures of this executor among the inputs are waited for first; see docs/dependencies.md.
   * @throws {TagTakenError} {@link InvalidTagError} {@link EmptyMapError} {@link MisalignedOptionError} {@link SerializationError} {@link SubmitError};
   * {@link DependencyError} {@link CancelledError} if a future among the inputs fails, or is cancelled
   */
  async createMap<T, R>(
    fn: (input: T) => R,
    inputs: Inputs<OrFuture<T>>,
    options: CreateMapOptions<NoInfer<T>> = {},
  ): Promise<JobMap<[T], Awaited<R>>> {
    return (await this.#create({ fn, inputs, spread: false }, options)) as JobMap<[T], Awaited<R>>;
  }

  /** As {@link createMap}, with a list of arguments for each call. */
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
   * As {@link createStarmap}, with every choice of one value from each axis, in the order of nested loops: the last axis varies fastest.
   * `map.indexOf([i, j])` finds the component of the i-th and j-th values again.
   * @param axes an iterable for each parameter, with an end
   * @throws {EmptyMapError} if an axis has no values
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
   * Collects the calls of a map, which `builder.submit()` makes. The function is copied now, and the arguments at each call.
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
    return new MapBuilder<A, Awaited<R>>({
      copy: (args) =>
        calls.copy(args, written, given.reuse === true ? undefined : calls.newMapDependencyFinder()),
      make: async (inputs) =>
        (await this.#create({ fn, written, inputs, spread: true }, given)) as JobMap<A, Awaited<R>>,
    });
  }

  /**
   * Makes a map of the calls that `fill` makes, when it has returned. If it throws, that is thrown here, and there is no map.
   * @example const map = await executor.buildMap(simulate, (call) => { for (const x of xs) call(x, 2 * x); });
   * @throws {EmptyMapError} if it makes none
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
   * The function, which can also make maps of itself and be submitted, always with these options: under those of each map, and over the
   * executor's; `requirements` must all be met. Called, it runs here; in a job it is the plain function.
   * @throws {TypeError} {@link RangeError} for wrong options
   */
  wrap<This, A extends unknown[], R>(
    fn: (this: This, ...args: A) => R,
    options: WrapOptions<NoInfer<A>> = {},
  ): WrappedFunction<This, A, R> {
    return wrapFunction(this, checkFunction(fn as AnyFunction) as typeof fn, options);
  }

  /**
   * A map of this executor's directory, by its tag, made by whatever program at whatever time.
   * @throws {TagNotFoundError} {@link MapRemovedError} {@link DirectoryError}
   */
  async loadMap<A extends unknown[] = unknown[], R = unknown>(tag: string): Promise<JobMap<A, R>> {
    return (await openMap(tag, this.#mapHome())) as unknown as JobMap<A, R>;
  }

  /** All maps of this executor's directory, or those whose tags fit a pattern such as `'scan-*'`, by tag. */
  async loadMaps(pattern?: string): Promise<JobMap[]> {
    return openMaps(pattern, this.#mapHome());
  }

  /** The tags of this executor's directory, sorted; see {@link tags}. */
  async tags(pattern?: string): Promise<string[]> {
    return listTags(this.parts.options.directory, checkPattern(pattern));
  }

  /**
   * Stops the jobs of a map, and deletes all of it.
   * @returns whether there was one
   * @throws {CommandError} {@link MapOutOfReachError} {@link TagNotFoundError} if it must exist, and does not
   */
  async removeMap(tag: string, options: RemoveMapOptions = {}): Promise<boolean> {
    checkOptions('removeMap()', options, REMOVE_MAP_TABLE);
    return removeTagged(tag, this.#mapHome(), options);
  }

  /** Removes maps that nobody has named, and what cut-off creations and removals have left; see {@link clean}. */
  async clean(options: CleanOptions = {}): Promise<string[]> {
    checkOptions('clean()', options, CLEAN_TABLE);
    return cleanMaps(this.#mapHome(), options);
  }

  override async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const ended = super.shutdown(options);
    if (options.cancelFutures === true) for (const executor of this.#mapExecutors) executor.cancelPending();
    const left = Promise.all([...this.#mapExecutors].map(async (executor) => executor.close()));
    await ended;
    if (options.wait !== false) await left;
  }

  async #create(request: MapRequest, options: CreateMapOptions<never>): Promise<JobMap> {
    this.assertOpen();
    const written = request.written ?? this.parts.calls.write(checkFunction(request.fn));
    return createMap(this.#mapHost(), { ...request, written }, options);
  }

  #mapHome(): MapHome {
    const { system, options, calls } = this.parts;
    return {
      options,
      newFinder: () => calls.newMapDependencyFinder(),
      systemOf: (header) => ({
        system: header.system === system.name ? system.forMap() : systemFor(header),
        isNamed: false,
      }),
      supervise: (executor) => {
        this.#mapExecutors.add(executor);
        void executor.supervise().finally(() => this.#mapExecutors.delete(executor));
      },
    };
  }

  #mapHost(): MapHost & MapHome {
    return { ...this.#mapHome(), system: this.parts.system.forMap() };
  }
}
