import { hostname } from 'node:os';
import { DirectoryError } from '../../base/errors.ts';
import {
  MapOutOfReachError,
  MapRemovedError,
  MapUnfinishedError,
  TagNotFoundError,
} from '../../base/map-errors.ts';
import { isMissing } from '../../base/missing-files.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { SubmitOptions } from '../../batch/submit-options.ts';
import { type JobSetHeader, troubleWith } from '../../cluster/attach/check-header.ts';
import type { MapHeader } from '../../cluster/cluster-options.ts';
import { deliveredIn } from '../../delivery/deliver.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { JobMap } from '../job-map.ts';
import type { MapExecutor } from '../create/map-executor.ts';
import { listTags, readTag } from '../tags/tags.ts';
import type { MapCore, MapEnvironment, MapHost } from './map-core.ts';
import { findRunningExecutor } from './running-maps.ts';

/** The header of a map's job set. */
export interface MapSetHeader extends JobSetHeader {
  readonly cwd: string;
  readonly map: MapHeader;
  readonly delivery?: { readonly submit?: SubmitOptions } | undefined;
}

/**
 * Opens a map by its tag. If this program cannot reach the map's jobs, the map can only be read.
 * @param prepare runs before the map's components are first read
 * @throws {TagNotFoundError} {@link MapRemovedError} {@link MapUnfinishedError} {@link DirectoryError}
 * {@link OwnershipError}
 */
export async function openMap(tag: string, home: MapEnvironment, prepare?: Prepare): Promise<JobMap> {
  const map = await openEvenUnfinished(tag, home, prepare);
  if (map.length === 0) throw new MapUnfinishedError(tag, map.isAttended);
  return map;
}

type Prepare = (core: MapCore) => Promise<void>;

/** Opens all maps whose tags match a pattern, except those that are being made or removed. */
export async function openMaps(pattern: string | undefined, home: MapEnvironment): Promise<JobMap[]> {
  const maps: JobMap[] = [];
  for (const tag of await listTags(home.options.directory, pattern)) {
    try {
      maps.push(await openMap(tag, home));
    } catch (error) {
      if (!isGoneOrUnfinished(error)) throw error;
    }
  }
  return maps;
}

function isGoneOrUnfinished(error: unknown): boolean {
  return (
    error instanceof TagNotFoundError ||
    error instanceof MapRemovedError ||
    error instanceof MapUnfinishedError
  );
}

/** Opens a map like {@link openMap}, even one without components, because its creation is unfinished. */
export async function openEvenUnfinished(
  tag: string,
  home: MapEnvironment,
  prepare?: Prepare,
): Promise<JobMap> {
  const { options } = home;
  const record = await readTag(options.directory, tag);
  const open = async (transfers: boolean): Promise<JobSet> =>
    JobSet.open(options.directory, record.id, transfers).catch((error: unknown) => {
      if (isMissingJobSet(error)) throw new MapRemovedError(tag, { cause: error });
      throw error;
    });
  const found = await open(false);
  const header = (await found.readHeader().catch((error: unknown) => {
    throw isMissingJobSet(error) ? new MapUnfinishedError(tag, false) : error;
  })) as unknown as Partial<MapSetHeader>;
  if (header.map === undefined)
    throw new DirectoryError(`The job set ${found.directory} is no map's`, found.directory);
  const { filesystem = 'shared' } = header;
  const jobSet = filesystem === 'transfer' ? await open(true) : found;
  Object.assign(jobSet, deliveredIn(header));
  const host = {
    ...home,
    // A rerun uses the directories of the program that made the map.
    options: { ...options, filesystem, cwd: header.cwd ?? options.cwd },
    ...findSystem(tag, header, home, findRunningExecutor(jobSet.directory)),
  };
  return JobMap.open({ tag, record, header: header.map }, jobSet, host, prepare);
}

function findSystem(
  tag: string,
  header: JobSetHeader,
  home: MapEnvironment,
  executor: Pick<MapExecutor, 'system' | 'reader'> | undefined,
): Pick<MapHost, 'system' | 'outOfReach' | 'reader'> {
  if (executor !== undefined) return { system: executor.system, reader: executor.reader };
  const { system, isNamed } = home.systemOf(header);
  const trouble = isNamed ? undefined : troubleWith(header, system, hostname(), 'load it');
  if (trouble === undefined) return { system };
  const refusal = new MapOutOfReachError(tag, trouble);
  return { system: refuseCommands(system, refusal), outOfReach: refusal };
}

/** Whether an error says that the job set or its header does not exist. */
function isMissingJobSet(error: unknown): boolean {
  return isMissing(error instanceof DirectoryError ? error.cause : error);
}

/** A batch system whose logs can be read, and that refuses everything else. */
function refuseCommands(system: BatchSystem, refusal: Error): BatchSystem {
  const refuse = async (): Promise<never> => {
    throw refusal;
  };
  const { name, queue, events, jobSetRemoval } = system;
  return {
    name,
    queue,
    events,
    checkSubmitOptions: (submit) => system.checkSubmitOptions(submit),
    checkPlace: (place) => system.checkPlace(place),
    submit: refuse,
    find: refuse,
    remove: refuse,
    status: refuse,
    act: refuse,
    analyze: refuse,
    describe: refuse,
    ...(jobSetRemoval && {
      jobSetRemoval: {
        remove: refuse,
        removeNow: () => {
          throw refusal;
        },
        removeUnseen: () => {},
        commandFor: (id: string) => jobSetRemoval.commandFor(id),
      },
    }),
    forMap: () => refuseCommands(system.forMap(), refusal),
    close: async () => system.close(),
  };
}
