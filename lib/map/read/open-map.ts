import { hostname } from 'node:os';
import { DirectoryError } from '../../base/errors.ts';
import {
  MapOutOfReachError,
  MapRemovedError,
  MapUnfinishedError,
  TagNotFoundError,
} from '../../base/map-errors.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { SubmitOptions } from '../../batch/submit-options.ts';
import { type JobSetHeader, troubleWith } from '../../cluster/attach/check-header.ts';
import type { MapHeader } from '../../cluster/cluster-options.ts';
import { deliveredIn } from '../../delivery/deliver.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { JobMap } from '../job-map.ts';
import { listTags, readTag } from '../tags/tags.ts';
import type { MapCore, MapHost } from './map-core.ts';
import { findRunningExecutor } from './running-maps.ts';

/** Where maps are looked for, and by whom. */
export type MapHome = Omit<MapHost, 'system' | 'outOfReach'> & {
  /** The batch system of a map's jobs, and whether its queue was named by the user, who knows better than this machine. */
  systemOf(header: JobSetHeader): { readonly system: BatchSystem; readonly isNamed: boolean };
};

/** What the header of a map's job set tells. */
export interface MapSetHeader extends JobSetHeader {
  readonly cwd: string;
  readonly map: MapHeader;
  readonly delivery?: { readonly submit?: SubmitOptions } | undefined;
}

/**
 * A map by its tag, made by whatever program. What lies on the disk can always be read; where its jobs cannot be reached, only that.
 * @throws {TagNotFoundError} {@link MapRemovedError} {@link MapUnfinishedError} {@link DirectoryError} {@link OwnershipError}
 */
export async function openMap(tag: string, home: MapHome, begin?: Begin): Promise<JobMap> {
  const map = await openWhatThereIs(tag, home, begin);
  if (map.length === 0) throw new MapUnfinishedError(tag, map.isAttended);
  return map;
}

/** What is done to a map before anybody has it. */
type Begin = (core: MapCore) => Promise<void>;

/** The same, of all maps whose tags fit a pattern; those that go meanwhile, or are not made yet, are left out. */
export async function openMaps(pattern: string | undefined, home: MapHome): Promise<JobMap[]> {
  const maps: JobMap[] = [];
  for (const tag of await listTags(home.options.directory, pattern)) {
    try {
      maps.push(await openMap(tag, home));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return maps;
}

/** Whether an error says that a map is not there, or not whole. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof TagNotFoundError ||
    error instanceof MapRemovedError ||
    error instanceof MapUnfinishedError
  );
}

/** As {@link openMap}, also if the map has no components: its program has not come to the end of its making. */
export async function openWhatThereIs(tag: string, home: MapHome, begin?: Begin): Promise<JobMap> {
  const { options } = home;
  const record = await readTag(options.directory, tag);
  const open = async (transfers: boolean): Promise<JobSet> =>
    JobSet.open(options.directory, record.id, transfers).catch((error: unknown) => {
      if (isNotThere(error)) throw new MapRemovedError(tag, { cause: error });
      throw error;
    });
  const found = await open(false);
  const header = (await found.readHeader().catch((error: unknown) => {
    throw isNotThere(error) ? new MapUnfinishedError(tag, false) : error;
  })) as unknown as Partial<MapSetHeader>;
  if (header.map === undefined)
    throw new DirectoryError(`The job set ${found.directory} is no map's`, found.directory);
  const { filesystem = 'shared' } = header;
  const jobSet = filesystem === 'transfer' ? await open(true) : found;
  Object.assign(jobSet, deliveredIn(header));
  const host = {
    ...home,
    // Wherever a later program runs that submits them again.
    options: { ...options, filesystem, cwd: header.cwd ?? options.cwd },
    ...reach(tag, header, home, findRunningExecutor(jobSet.directory)),
  };
  return JobMap.open({ tag, record, header: header.map }, jobSet, host, begin);
}

function reach(
  tag: string,
  header: JobSetHeader,
  home: MapHome,
  executor: { readonly system: BatchSystem } | undefined,
): Pick<MapHost, 'system' | 'outOfReach'> {
  if (executor !== undefined) return { system: executor.system };
  const { system, isNamed } = home.systemOf(header);
  const trouble = isNamed ? undefined : troubleWith(header, system, hostname(), 'load it');
  if (trouble === undefined) return { system };
  const refusal = new MapOutOfReachError(tag, trouble);
  return { system: outOfReach(system, refusal), outOfReach: refusal };
}

/** The job set, or a part of it. */
function isNotThere(error: unknown): boolean {
  const cause = error instanceof DirectoryError ? error.cause : error;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** A batch system of which only the logs can be read: whatever else is asked of it, is refused. */
export function outOfReach(system: BatchSystem, refusal: Error): BatchSystem {
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
    forMap: () => outOfReach(system.forMap(), refusal),
    close: async () => system.close(),
  };
}
