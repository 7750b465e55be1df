import PQueue from 'p-queue';
import { countStatuses, type StatusCounts } from './count-statuses.ts';
import type { JobMap } from './job-map.ts';
import { MapRemovedError } from './map-errors.ts';

/** A map in numbers. */
export interface MapStatus {
  readonly tag: string;
  readonly transient: boolean;
  /** How many there are. */
  readonly components: number;
  readonly counts: StatusCounts;
  /** What it takes on the disk, in bytes. */
  readonly localDataBytes: number;
  /** The most that any component was seen to use, in bytes; 0 if that is not known, as of short ones. */
  readonly maxMemoryBytes: number;
  /** How long the longest call took, in seconds, of those that are done; of each, its last attempt. */
  readonly maxRunSeconds: number;
  readonly totalRunSeconds: number;
  /** Processor time of all of them, in seconds. */
  readonly cpuSeconds: number;
  readonly made: Date;
}

/** Each of them reads some files. */
const MAPS_AT_ONCE = 8;

/** Maps in numbers, in the order of the maps; those that were removed meanwhile are left out. See {@link formatStatus}. */
export async function mapStatus(maps: Iterable<JobMap>): Promise<MapStatus[]> {
  const queue = new PQueue({ concurrency: MAPS_AT_ONCE });
  const found = await Promise.all(
    Array.from(maps, async (map) =>
      queue.add(async () =>
        statusOfMap(map).catch((error: unknown) => {
          if (!(error instanceof MapRemovedError)) throw error;
        }),
      ),
    ),
  );
  return found.filter((status) => status !== undefined);
}

async function statusOfMap(map: JobMap): Promise<MapStatus> {
  const usage = await map.usage();
  const statuses = await map.statuses();
  const runs = usage.map(({ wallMs }) => wallMs / 1000);
  return {
    tag: map.tag,
    transient: map.isTransient,
    components: statuses.length,
    counts: countStatuses(statuses),
    localDataBytes: await map.localData(),
    maxMemoryBytes: largest(usage.map(({ memory }) => memory)),
    maxRunSeconds: largest(runs),
    totalRunSeconds: sum(runs),
    cpuSeconds: sum(usage.map(({ cpuMs }) => cpuMs / 1000)),
    made: map.made,
  };
}

/** 0 if there are none. They may be more than a function takes arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
