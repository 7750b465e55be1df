import { InvalidStateError } from '../../base/errors.ts';
import { EmptyMapError, MapNotMadeError } from '../../base/map-errors.ts';
import type { OrFutures } from '../../futures/executor.ts';
import { cannotTravel } from '../../payload/reducers.ts';
import type { JobMap } from '../job-map.ts';

/** What a builder needs of its executor. */
export interface BuilderHost<A extends readonly unknown[], R> {
  /** Copies the arguments of a call as they are now. @throws {SerializationError} */
  copy(args: OrFutures<A>): void;
  make(argumentLists: readonly OrFutures<A>[]): Promise<JobMap<A, R>>;
}

/**
 * Collects the calls of a map one by one, where a loop says it better than a list; made by `executor.mapBuilder`. Nothing is submitted, and
 * nothing is on the disk, before `submit()`.
 *
 * @example
 * const builder = executor.mapBuilder(simulate, { tag: 'scan' });
 * for (const x of xs) if (isInteresting(x)) builder.call(x, x + 1);
 * const map = await builder.submit();
 */
export class MapBuilder<A extends readonly unknown[] = unknown[], R = unknown> {
  /**
   * Adds a call; its arguments are copied before this returns.
   * @returns the index that its component will have
   * @throws {SerializationError} if they cannot travel; {@link InvalidStateError} after `submit()`
   */
  readonly call: (...args: OrFutures<A>) => number;
  readonly #host: BuilderHost<A, R>;
  readonly #lists: OrFutures<A>[] = [];
  #making: Promise<JobMap<A, R>> | undefined;
  #map: JobMap<A, R> | undefined;

  constructor(host: BuilderHost<A, R>) {
    this.#host = host;
    this.call = (...args) => {
      if (this.#making !== undefined)
        throw new InvalidStateError(
          'The calls of this map have been submitted. Remedy: add to it with map.add()',
        );
      host.copy(args);
      return this.#lists.push(args) - 1;
    };
  }

  /** How many calls there are so far. */
  get length(): number {
    return this.#lists.length;
  }

  /** The map. @throws {MapNotMadeError} until `submit()` has resolved */
  get map(): JobMap<A, R> {
    if (this.#map !== undefined) return this.#map;
    throw new MapNotMadeError('The map is not made yet. Remedy: `const map = await builder.submit()`');
  }

  /**
   * Makes the map of all calls, as `createStarmap` does. Asked for again it is the same map, unless it could not be made.
   * @throws {EmptyMapError} if there is no call; all that `createMap` throws
   */
  async submit(): Promise<JobMap<A, R>> {
    this.#making ??= this.#make();
    return this.#making;
  }

  async #make(): Promise<JobMap<A, R>> {
    try {
      if (this.#lists.length === 0)
        throw new EmptyMapError('A map needs one call at least, and there was none');
      this.#map = await this.#host.make(this.#lists);
      return this.#map;
    } catch (error) {
      this.#making = undefined;
      throw error;
    }
  }

  static {
    cannotTravel(this, 'a map builder', 'Collect the calls where the executor is.');
  }
}
