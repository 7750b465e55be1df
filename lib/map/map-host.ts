import type { BatchSystem } from '../batch/batch-system.ts';
import type { GivenFinder } from '../cluster/given-results.ts';
import type { MapHeader, ResolvedOptions } from '../cluster-options.ts';
import type { MapOutOfReachError } from './map-errors.ts';
import type { MapExecutor } from './map-executor.ts';
import type { TagRecord } from './tags.ts';

/** What a map needs of where it was made or loaded. */
export interface MapHost {
  /** Its own, rather than its executor's. */
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  /** Looks after a map's jobs until they are done, or as long as the program has its executor. */
  keep(executor: MapExecutor): void;
  /** What finds futures in the inputs of a map, if some executor's may be given. */
  readonly newFinder?: (() => GivenFinder) | undefined;
  /** Why the jobs of the map cannot be reached from here, if so: it is only read then. */
  readonly outOfReach?: MapOutOfReachError | undefined;
  /** Programs of other machines that looked after the map are gone, by the user's word. */
  readonly takeOver?: boolean | undefined;
}

/** A map on the disk. */
export interface MapPlace {
  readonly tag: string;
  readonly record: TagRecord;
  readonly header: MapHeader;
}
