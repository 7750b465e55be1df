import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { type ComponentStatus, MapRemovedError } from '../../base/map-errors.ts';
import { type Component, countStatuses, type StatusCounts } from '../read/component.ts';

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

/** The members of a `JobMap` from which its numbers come. */
interface CountableMap {
  readonly tag: string;
  readonly isTransient: boolean;
  readonly made: Date;
  statuses(): Promise<ComponentStatus[]>;
  usage(): Promise<ComponentUsage[]>;
  localData(): Promise<number>;
}

/** Each of them reads some files. */
const MAPS_AT_ONCE = 8;

/** Maps in numbers, in the order of the maps; those that were removed meanwhile are left out. See {@link formatStatus}. */
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

/** 0 if there are none. They may be more than a function takes arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

/** What a component has used. */
export interface ComponentUsage {
  /** The most memory that any of its jobs was seen to use, in bytes; 0 if that is not known, as of short ones. */
  readonly memory: number;
  /** What its last job asked for, in bytes, where the batch system tells. */
  readonly memoryRequested: number | undefined;
  /** Processor time of its last attempt, user and system, in milliseconds; 0 until that is done. */
  readonly cpuMs: number;
  /** How long that took, in milliseconds; 0 until it is done. */
  readonly wallMs: number;
  /** How many jobs it has had. */
  readonly attempts: number;
  readonly host: string | undefined;
}

export function componentUsage({
  outcome,
  memoryUsed,
  memoryRequested,
  call,
  host,
}: Component): ComponentUsage {
  const usage = outcome?.usage;
  return {
    memory: Math.max(memoryUsed ?? 0, usage?.peakMemoryBytes ?? 0),
    memoryRequested,
    cpuMs: usage === undefined ? 0 : usage.userCpuMs + usage.systemCpuMs,
    wallMs: usage === undefined ? 0 : usage.endedAt.getTime() - usage.startedAt.getTime(),
    attempts: call.attempt,
    host: outcome?.host ?? host,
  };
}

/** How many bytes a directory holds, with all that is in it; what vanishes meanwhile is not counted. */
export async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const found = entry.isDirectory() ? sizeOf(path) : lstat(path).then((stats) => stats.size);
    size += await found.catch(() => 0);
  }
  return size;
}
