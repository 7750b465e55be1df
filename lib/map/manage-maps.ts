import { availableParallelism } from 'node:os';
import { checkNumber, checkOptions, type OptionTable } from '../base/checks.ts';
import { CondorFuturesError } from '../base/errors.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { type HTCondorPlace, HTCondorSystem } from '../batch/htcondor/htcondor-system.ts';
import { LocalSystem } from '../batch/local/local-system.ts';
import type { JobSetHeader } from '../cluster/attach/check-header.ts';
import { type ClusterOptions, resolveOptions } from '../cluster/cluster-options.ts';
import {
  CLEAN_TABLE,
  cleanMaps,
  type CleanOptions,
  REMOVE_MAP_TABLE,
  type RemoveMapOptions,
  removeTagged,
} from './act/clean.ts';
import type { JobMap } from './job-map.ts';
import type { MapEnvironment } from './read/map-core.ts';
import { openMap, openMaps } from './read/open-map.ts';
import { checkPattern, listTags } from './tags/tags.ts';

/** The directory whose tags are listed. */
export type TagsOptions = Pick<ClusterOptions, 'directory'>;

/**
 * The directory of maps, and how to reach their jobs. By default they are looked for in the batch system and
 * the queue to which they were submitted.
 */
export interface LoadMapOptions
  extends
    Pick<ClusterOptions, 'directory' | 'watch' | 'sweepInterval' | 'outcomeGrace' | 'otherNode'>,
    SystemPlace {
  /** The maximum number of concurrent jobs of a local map whose components are rerun. */
  readonly maxWorkers?: number | undefined;
  /**
   * Assume that programs on other machines that owned the maps have ended; this machine cannot check that.
   * @default false
   */
  readonly takeOver?: boolean | undefined;
}

const PLACE_TABLE: OptionTable = {
  directory: ['string'],
  watch: ['string'],
  sweepInterval: ['number'],
  outcomeGrace: ['number'],
  otherNode: ['string'],
  pool: ['string'],
  schedd: ['string'],
  submitPatience: ['number'],
  commandTimeout: ['number'],
  maxWorkers: ['number'],
  takeOver: ['boolean'],
};

/**
 * Loads a map by its tag. Any program may have made it; neither its function nor an executor is needed.
 * @throws {TagNotFoundError} {@link MapRemovedError} {@link MapUnfinishedError} {@link DirectoryError}
 * {@link OwnershipError}
 *
 * @example
 * const map = await loadMap<[number], string>('first-try', { directory: '/shared/me/jobs' });
 * console.log(await map.componentsByStatus());
 */
export async function loadMap<A extends unknown[] = unknown[], R = unknown>(
  tag: string,
  options: LoadMapOptions = {},
): Promise<JobMap<A, R>> {
  return (await openMap(tag, createHome('loadMap()', options, {}))) as unknown as JobMap<A, R>;
}

/**
 * Loads all maps of a directory, sorted by tag, except those that are being made or removed.
 * @param pattern a shell pattern for the tags, such as `'scan-*'`; all if undefined
 * @throws {DirectoryError} {@link OwnershipError}
 */
export async function loadMaps(pattern?: string, options: LoadMapOptions = {}): Promise<JobMap[]> {
  return openMaps(checkPattern(pattern), createHome('loadMaps()', options, {}));
}

/**
 * Lists the tags of a directory, sorted.
 * @param pattern a shell pattern with `*`, `?`, `[a-f]` and `[!a-f]`, case-sensitive; all if undefined
 * @throws {DirectoryError}
 */
export async function tags(pattern?: string, options: TagsOptions = {}): Promise<string[]> {
  checkOptions('tags()', options, { directory: ['string'] });
  return listTags(resolveOptions('tags()', options, {}).directory, checkPattern(pattern));
}

/**
 * Removes the jobs of a map from the queue and deletes its files, even if its creation or removal was
 * interrupted.
 * @returns whether the map existed
 * @throws {CommandError} if its jobs cannot be removed, unless `force` is set; {@link MapOutOfReachError};
 * {@link TagNotFoundError} if it does not exist and `mustExist` is set
 */
export async function removeMap(
  tag: string,
  options: LoadMapOptions & RemoveMapOptions = {},
): Promise<boolean> {
  return removeTagged(tag, createHome('removeMap()', options, REMOVE_MAP_TABLE), options);
}

/**
 * Removes all maps without a user's tag, and the remains of interrupted creations and removals: tags without
 * a map and maps without a tag. Remains that a running program owns, or that are only minutes old, are kept.
 * @returns the removed tags
 * @throws {CleanError} at the end, if something could not be removed
 */
export async function clean(options: LoadMapOptions & CleanOptions = {}): Promise<string[]> {
  return cleanMaps(createHome('clean()', options, CLEAN_TABLE), options);
}

/** @throws {TypeError} {@link RangeError} */
function createHome(owner: string, options: LoadMapOptions, more: OptionTable): MapEnvironment {
  checkOptions(owner, options, { ...PLACE_TABLE, ...more });
  const { directory, watch, sweepInterval, outcomeGrace, otherNode, takeOver, ...others } = options;
  const { pool, schedd, submitPatience, commandTimeout, maxWorkers } = others;
  checkNumber('submitPatience', submitPatience ?? 0, 0, 'fraction');
  checkNumber('commandTimeout', commandTimeout ?? 1, 1, 'fraction');
  checkNumber('maxWorkers', maxWorkers ?? 1, 1);
  return {
    options: resolveOptions(owner, { directory, watch, sweepInterval, outcomeGrace, otherNode }, {}),
    takeOver,
    systemOf: (header) => ({
      system: createSystem(header, { pool, schedd, submitPatience, commandTimeout, maxWorkers }),
      isNamed: header.system === 'HTCondor' && schedd !== undefined && header.queue?.schedd === undefined,
    }),
    supervise: (executor) => void executor.supervise(),
  };
}

/** How to reach the batch system of a map; overrides what its job set says. */
export type SystemPlace = Omit<HTCondorPlace, 'keepClaims' | 'keepClaimsFor' | 'filesystem'> & {
  readonly maxWorkers?: number | undefined;
};

/**
 * Creates the batch system of a job set's jobs from its header; no executor is needed.
 * @throws {CondorFuturesError} for a batch system that this version does not know
 */
export function createSystem(
  { system, queue, filesystem }: JobSetHeader,
  { maxWorkers = availableParallelism(), ...place }: SystemPlace = {},
): BatchSystem {
  switch (system) {
    case 'HTCondor': {
      const { pool = queue?.pool, schedd = queue?.schedd } = place;
      return new HTCondorSystem({ ...place, pool, schedd, filesystem, keepClaims: 0 });
    }
    case 'local':
      return new LocalSystem(maxWorkers);
    default:
      throw new CondorFuturesError(
        `The jobs are those of ${String(system)}, of which this version of condor-futures knows nothing`,
      );
  }
}
