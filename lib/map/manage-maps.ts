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
import { type MapHome, openMap, openMaps } from './read/open-map.ts';
import { checkPattern, listTags } from './tags/tags.ts';

/** Where tags are. */
export type TagsOptions = Pick<ClusterOptions, 'directory'>;

/**
 * Where maps are, and how their jobs are reached: the batch system is the one that they were submitted to, in the queue that their executor named, unless
 * another one is named here.
 */
export interface LoadMapOptions
  extends
    Pick<ClusterOptions, 'directory' | 'watch' | 'sweepInterval' | 'outcomeGrace' | 'otherNode'>,
    SystemPlace {
  /** How many jobs of a local map run at once, if components are run again. */
  readonly maxWorkers?: number | undefined;
  /**
   * Programs of other machines that looked after the maps are gone, of which cannot be told from here whether they live.
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
 * A map by its tag, made by whatever program, on whatever day; needs neither its function nor an executor.
 * @throws {TagNotFoundError} {@link MapRemovedError} {@link MapUnfinishedError} {@link DirectoryError} {@link OwnershipError}
 *
 * @example
 * const map = await loadMap<[number], string>('first-try', { directory: '/shared/me/jobs' });
 * console.log(await map.componentsByStatus());
 */
export async function loadMap<A extends unknown[] = unknown[], R = unknown>(
  tag: string,
  options: LoadMapOptions = {},
): Promise<JobMap<A, R>> {
  return (await openMap(tag, homeOf('loadMap()', options, {}))) as unknown as JobMap<A, R>;
}

/**
 * All maps of a directory, in the order of their tags; those that are just being made, or removed, are left out.
 * @param pattern of the tags that are wanted, as a shell has them, such as `'scan-*'`
 * @throws {DirectoryError} {@link OwnershipError}
 */
export async function loadMaps(pattern?: string, options: LoadMapOptions = {}): Promise<JobMap[]> {
  return openMaps(checkPattern(pattern), homeOf('loadMaps()', options, {}));
}

/**
 * The tags of a directory, sorted.
 * @param pattern as a shell has them: `*`, `?`, `[a-f]`, `[!a-f]`; case matters
 * @throws {DirectoryError}
 */
export async function tags(pattern?: string, options: TagsOptions = {}): Promise<string[]> {
  checkOptions('tags()', options, { directory: ['string'] });
  return listTags(resolveOptions('tags()', options, {}).directory, checkPattern(pattern));
}

/**
 * Stops the jobs of a map, and deletes all of it; also one that was not made to its end, or not removed to its end.
 * @returns whether there was one
 * @throws {CommandError} if its jobs cannot be stopped, unless that is forced; {@link MapOutOfReachError}; {@link TagNotFoundError} if it must exist
 */
export async function removeMap(
  tag: string,
  options: LoadMapOptions & RemoveMapOptions = {},
): Promise<boolean> {
  return removeTagged(tag, homeOf('removeMap()', options, REMOVE_MAP_TABLE), options);
}

/**
 * Removes all maps that nobody has given a tag, and what creations and removals that were cut off have left: tags without a map, and
 * maps without a tag. What a living program looks after, or what was made within the last minutes, is no leftover.
 * @returns the tags that are gone
 * @throws {CleanError} at the end, if anything could not be removed
 */
export async function clean(options: LoadMapOptions & CleanOptions = {}): Promise<string[]> {
  return cleanMaps(homeOf('clean()', options, CLEAN_TABLE), options);
}

/** @throws {TypeError} {@link RangeError} */
function homeOf(owner: string, options: LoadMapOptions, more: OptionTable): MapHome {
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
      system: systemFor(header, { pool, schedd, submitPatience, commandTimeout, maxWorkers }),
      isNamed: header.system === 'HTCondor' && schedd !== undefined && header.queue?.schedd === undefined,
    }),
    supervise: (executor) => void executor.supervise(),
  };
}

/** How the batch system of a map is to be reached, rather than as its job set says. */
export type SystemPlace = Omit<HTCondorPlace, 'keepClaims' | 'keepClaimsFor' | 'filesystem'> & {
  readonly maxWorkers?: number | undefined;
};

/**
 * The batch system of a job set's jobs, by its header: no executor is needed.
 * @throws {CondorFuturesError} for one that this version does not know
 */
export function systemFor(
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
