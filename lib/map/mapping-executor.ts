import { ClusterExecutor } from '../cluster-executor.ts';
import type { ShutdownOptions } from '../executor.ts';
import { createMap, type CreateMapOptions } from './create-map.ts';
import type { Inputs } from './inputs.ts';
import type { JobMap } from './job-map.ts';
import { openMap } from './load-map.ts';
import type { MapExecutor } from './map-executor.ts';
import type { MapHost } from './map-host.ts';

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
    return (await openMap(tag, this.#mapHost())) as unknown as JobMap<A, R>;
  }

  override async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const ended = super.shutdown(options);
    if (options.cancelFutures === true) for (const keeper of this.#keepers) keeper.cancelWaiting();
    const left = Promise.all([...this.#keepers].map(async (keeper) => keeper.letGo()));
    await ended;
    if (options.wait !== false) await left;
  }

  #mapHost(): MapHost {
    const { system, options } = this.parts;
    return {
      system: system.forMap(),
      options,
      keep: (keeper) => {
        this.#keepers.add(keeper);
        void keeper.keep().finally(() => this.#keepers.delete(keeper));
      },
    };
  }
}
