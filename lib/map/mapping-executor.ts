import { ClusterExecutor } from '../cluster-executor.ts';
import type { ShutdownOptions } from '../executor.ts';
import { createMap, type CreateMapOptions } from './create-map.ts';
import type { Inputs } from './inputs.ts';
import type { JobMap } from './job-map.ts';
import { checkOptions } from '../options.ts';
import {
  CLEAN_TABLE,
  cleanMaps,
  REMOVE_MAP_TABLE,
  removeTagged,
  type CleanOptions,
  type RemoveMapOptions,
} from './clean-maps.ts';
import type { MapExecutor } from './map-executor.ts';
import type { MapHost } from './map-host.ts';
import { openMap, openMaps, type MapHome } from './open-map.ts';
import { systemFor } from './system-for.ts';
import { checkPattern, listTags } from './tags.ts';

/** An executor that has maps besides futures: calls that have a name, and stay on the disk until they are removed. */
export abstract class MappingExecutor extends ClusterExecutor {
  readonly #keepers = new Set<MapExecutor>();

  /**
   * Calls `fn` with each input, a job for each, and returns when all of them are in the queue. The map, its inputs and its results stay on the disk
   * until they are removed, whatever becomes of this program.
   * @throws {TagTakenError} {@link InvalidTagError} {@link EmptyMapError} {@link MisalignedOptionError} {@link SerializationError} {@link SubmitError}
   */
  async createMap<T, R>(
    fn: (input: T) => R,
    inputs: Inputs<T>,
    options: CreateMapOptions<NoInfer<T>> = {},
  ): Promise<JobMap<[T], Awaited<R>>> {
    this.assertOpen();
    const request = { fn, inputs, spread: false };
    return (await createMap(this.#mapHost(), request, options)) as JobMap<[T], Awaited<R>>;
  }

  /** As {@link createMap}, with a list of arguments for each call. */
  async createStarmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    argumentLists: Inputs<Readonly<NoInfer<A>>>,
    options: CreateMapOptions<Readonly<NoInfer<A>>> = {},
  ): Promise<JobMap<A, Awaited<R>>> {
    this.assertOpen();
    const request = { fn, inputs: argumentLists, spread: true };
    return (await createMap(this.#mapHost(), request, options)) as JobMap<A, Awaited<R>>;
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
    if (options.cancelFutures === true) for (const keeper of this.#keepers) keeper.cancelWaiting();
    const left = Promise.all([...this.#keepers].map(async (keeper) => keeper.letGo()));
    await ended;
    if (options.wait !== false) await left;
  }

  #mapHome(): MapHome {
    const { system, options } = this.parts;
    return {
      options,
      systemOf: (header) => ({
        system: header.system === system.name ? system.forMap() : systemFor(header),
        isNamed: false,
      }),
      keep: (keeper) => {
        this.#keepers.add(keeper);
        void keeper.keep().finally(() => this.#keepers.delete(keeper));
      },
    };
  }

  #mapHost(): MapHost {
    return { ...this.#mapHome(), system: this.parts.system.forMap() };
  }
}
