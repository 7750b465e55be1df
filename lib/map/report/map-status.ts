import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { type ComponentStatus, MapRemovedError } from '../../base/map-errors.ts';
import { type Component, countStatuses, type StatusCounts } from '../read/component.ts';

/** The statistics of a map. */
export interface MapStatus {
  readonly tag: string;
  readonly transient: boolean;
  /** The number of components. */
  readonly components: number;
  readonly counts: StatusCounts;
  /** Disk space of the map, in bytes. */
  readonly localDataBytes: number;
  /** The highest memory usage measured for a component, in bytes; 0 if none was, as for short jobs. */
  readonly maxMemoryBytes: number;
  /** The longest run time of a call that is done, in seconds; only last attempts count. */
  readonly maxRunSeconds: number;
  /** The sum of these run times, in seconds. */
  readonly totalRunSeconds: number;
  /** The sum of the CPU time of these calls, in seconds. */
  readonly cpuSeconds: number;
  /** The time at which the map was made. */
  readonly made: Date;
}

/** The members of a `JobMap` from which its numbers come. */
interface CountableMap {
  readonly tag: string;
  readonly isTransient: boolean;
  readonly made: Date;
  statuses(): Promise<ComponentStatus[]>;
  usage(): Promise<ComponentUsage[]>;
  localData(): Promise<number>;
}

/** Limit on open files, because each map reads several. */
const MAPS_AT_ONCE = 8;

/**
 * Collects the statistics of maps, in the order of the maps; maps that are removed meanwhile are left out.
 * {@link formatStatus} formats them.
 */
export async function mapStatus(maps: Iterable<CountableMap>): Promise<MapStatus[]> {
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

async function statusOfMap(map: CountableMap): Promise<MapStatus> {
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

/** 0 for an empty list. Math.max(...numbers) would fail for long lists. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

/** The resources that a component has used. */
export interface ComponentUsage {
  /** The highest memory usage measured for its jobs, in bytes; 0 if none was, as for short jobs. */
  readonly memory: number;
  /** The memory request of its last job, in bytes; undefined if the batch system does not report it. */
  readonly memoryRequested: number | undefined;
  /** User and system CPU time of its last attempt, in milliseconds; 0 until that is done. */
  readonly cpuMs: number;
  /** Run time of its last attempt, in milliseconds; 0 until that is done. */
  readonly wallMs: number;
  /** The number of its attempts so far. */
  readonly attempts: number;
  /** The machine of its last attempt; undefined until one is known. */
  readonly host: string | undefined;
}

export function componentUsage({ outcome, life, call }: Component): ComponentUsage {
  const { memoryUsed, memoryRequested, host } = life;
  return {
    memory: Math.max(memoryUsed ?? 0, outcome?.peakMemoryBytes ?? 0),
    memoryRequested,
    cpuMs: outcome === undefined ? 0 : outcome.userCpuMs + outcome.systemCpuMs,
    wallMs: outcome === undefined ? 0 : outcome.endedAt - outcome.startedAt,
    attempts: call.attempt,
    host: outcome?.host ?? host,
  };
}

/** Size of a directory with its files, in bytes; files that are deleted meanwhile are not counted. */
export async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const found = entry.isDirectory() ? sizeOf(path) : lstat(path).then((stats) => stats.size);
    size += await found.catch(() => 0);
  }
  return size;
}
