import type { BatchSystem } from '../batch/batch-system.ts';
import type { MapHeader, ResolvedOptions } from '../cluster-options.ts';
import type { MapExecutor } from './map-executor.ts';
import type { TagRecord } from './tags.ts';

/** What a map needs of where it was made or loaded. */
export interface MapHost {
  /** Its own, rather than its executor's. */
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  /** Looks after a map's jobs until they are done, or as long as the program has its executor. */
  keep(executor: MapExecutor): void;
}

/** A map on the disk. */
export interface MapPlace {
  readonly tag: string;
  readonly record: TagRecord;
  readonly header: MapHeader;
}
