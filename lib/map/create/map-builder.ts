import { InvalidStateError } from '../../base/errors.ts';
import { EmptyMapError, MapNotMadeError } from '../../base/map-errors.ts';
import type { OrFutures } from '../../futures/executor.ts';
import { cannotTravel } from '../../payload/reducers.ts';
import type { JobMap } from '../job-map.ts';

/**
 * Collects the calls of a map one by one, for loops; made by `executor.mapBuilder`. Nothing is written or
 * submitted before `submit()`.
 *
 * @example
 * const builder = executor.mapBuilder(simulate, { tag: 'scan' });
 * for (const x of xs) if (isInteresting(x)) builder.call(x, x + 1);
 * const map = await builder.submit();
 */
export class MapBuilder<A extends readonly unknown[] = unknown[], R = unknown> {
  /**
   * Adds a call; its arguments are copied before this returns.
   * @returns the index of its component
   * @throws {SerializationError} if the arguments cannot be serialized; {@link InvalidStateError} after
   * `submit()`
   */
  readonly call: (...args: OrFutures<A>) => number;
  readonly #make: (argumentLists: readonly OrFutures<A>[]) => Promise<JobMap<A, R>>;
  readonly #argumentLists: OrFutures<A>[] = [];
  #creation: Promise<JobMap<A, R>> | undefined;
  #map: JobMap<A, R> | undefined;

  /**
   * @param copy replaces the arguments of a call by copies
   * @param make creates the map
   */
  constructor(
    copy: (args: OrFutures<A>) => void,
    make: (argumentLists: readonly OrFutures<A>[]) => Promise<JobMap<A, R>>,
  ) {
    this.#make = make;
    this.call = (...args) => {
      if (this.#creation !== undefined)
        throw new InvalidStateError(
          'The calls of this map have been submitted. Remedy: add to it with map.add()',
        );
      copy(args);
      return this.#argumentLists.push(args) - 1;
    };
  }

  /** The number of calls so far. */
  get length(): number {
    return this.#argumentLists.length;
  }

  /** The map, once `submit()` has resolved. @throws {MapNotMadeError} before */
  get map(): JobMap<A, R> {
    if (this.#map !== undefined) return this.#map;
    throw new MapNotMadeError('The map is not made yet. Remedy: `const map = await builder.submit()`');
  }

  /**
   * Creates the map of all calls. Later calls return the same map, or try again if the creation has failed.
   * @throws {EmptyMapError} if there is no call; and as `createMap`
   */
  async submit(): Promise<JobMap<A, R>> {
    this.#creation ??= this.#create();
    return this.#creation;
  }

  async #create(): Promise<JobMap<A, R>> {
    try {
      if (this.#argumentLists.length === 0)
        throw new EmptyMapError('A map needs one call at least, and there was none');
      this.#map = await this.#make(this.#argumentLists);
      return this.#map;
    } catch (error) {
      this.#creation = undefined;
      throw error;
    }
  }

  static {
    cannotTravel(this, 'a map builder', 'Collect the calls where the executor is.');
  }
}
