import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OptionTable } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { CleanError, MapRemovedError, MapUnfinishedError, TagNotFoundError } from '../../base/map-errors.ts';
import { troubleWith } from '../../cluster/attach/check-header.ts';
import { isClaimed } from '../../job-set/claim.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { headerFile, isJobSetId } from '../../job-set/names.ts';
import { type MapHome, type MapSetHeader, openWhatThereIs } from '../read/open-map.ts';
import { type MapProgress, type ProgressOption, withProgress } from '../report/progress.ts';
import { listTags, readTag, releaseTag } from '../tags/tags.ts';
import type { RemoveOptions } from './remove-map.ts';

export interface RemoveMapOptions extends RemoveOptions {
  /**
   * Reject if there is no such map.
   * @default false
   */
  readonly mustExist?: boolean | undefined;
}

export interface CleanOptions {
  /**
   * Remove all maps, also those that have a tag by somebody's wish.
   * @default false
   */
  readonly all?: boolean | undefined;
  /**
   * Show how far it has come.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

export const REMOVE_MAP_TABLE: OptionTable = {
  force: ['boolean'],
  mustExist: ['boolean'],
  progress: ['boolean', 'function'],
};
export const CLEAN_TABLE: OptionTable = { all: ['boolean'], progress: ['boolean', 'function'] };

/** @see removeMap @returns whether there was one */
export async function removeTagged(
  tag: string,
  home: MapHome,
  { mustExist = false, force = false, progress }: RemoveMapOptions,
): Promise<boolean> {
  try {
    const map = await openWhatThereIs(tag, home);
    if (map.length === 0 && map.isAttended && !force) throw new MapUnfinishedError(tag, true);
    await map.remove({ force, progress });
  } catch (error) {
    if (error instanceof TagNotFoundError && !mustExist) return false;
    const isPart =
      error instanceof MapRemovedError || (error instanceof MapUnfinishedError && !error.isBeingMade);
    if (!isPart) throw error;
    await removePart(tag, home.options.directory);
  }
  return true;
}

/** @see clean */
export async function cleanMaps(home: MapHome, { all = false, progress }: CleanOptions): Promise<string[]> {
  return withProgress(progress, async (tell) => cleanAll(home, all, tell));
}

async function cleanAll(
  home: MapHome,
  all: boolean,
  tell: (progress: MapProgress) => void,
): Promise<string[]> {
  const { directory } = home.options;
  const removed: string[] = [];
  const errors: unknown[] = [];
  let isWhole = true;
  const remove = async (tag: string): Promise<void> => {
    try {
      if (await removeTagged(tag, home, {})) removed.push(tag);
    } catch (error) {
      const isBeingMade = error instanceof MapUnfinishedError && error.isBeingMade;
      if (!isBeingMade) errors.push(error);
    }
  };
  const tags = await listTags(directory);
  for (const [done, tag] of tags.entries()) {
    tell({ tag, phase: 'removing', done, total: tags.length });
    const record = await readTag(directory, tag).catch((error: unknown) => {
      if (error instanceof TagNotFoundError) return;
      isWhole = false;
      errors.push(error);
    });
    if (record !== undefined && (all || record.transient)) await remove(tag);
  }
  // Else it is not known which job sets have tags.
  if (isWhole) {
    for (const tag of await lostTags(directory)) await remove(tag);
    for (const jobSet of await leftoverJobSets(directory))
      await removeLeftover(jobSet, home).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new CleanError(errors, removed);
  return removed;
}

/** What there is of a map that is not whole: a part of its job set, or only its tag. */
async function removePart(tag: string, directory: string): Promise<void> {
  const { id } = await readTag(directory, tag);
  const jobSet = join(directory, id);
  if (await isClaimed(jobSet)) throw new MapUnfinishedError(tag, true);
  await rm(jobSet, { recursive: true, force: true, maxRetries: 3 });
  await releaseTag(directory, tag, id);
}

/** How old something must be, in milliseconds, to be left over: a program may be just about to make or to remove it. */
const LEFT_OVER_MS = 5 * 60_000;

/** Tags whose maps are gone, all of them or all but some files. */
export async function lostTags(directory: string): Promise<string[]> {
  const lost: string[] = [];
  for (const tag of await listTags(directory)) {
    const record = await readTag(directory, tag).catch(ignoreMissing);
    if (record === undefined || Date.now() - Date.parse(record.made) < LEFT_OVER_MS) continue;
    const jobSet = join(directory, record.id);
    if (!(await exists(headerFile(jobSet))) && !(await isClaimed(jobSet))) lost.push(tag);
  }
  return lost;
}

/** Job sets of maps that no tag stands for. */
export async function leftoverJobSets(directory: string): Promise<JobSet[]> {
  const ids = (await namesIn(directory)).filter((name) => isJobSetId(name));
  const old: string[] = [];
  for (const id of ids) {
    const header = await lstat(headerFile(join(directory, id))).catch(() => undefined);
    if (header !== undefined && Date.now() - header.mtimeMs >= LEFT_OVER_MS) old.push(id);
  }
  // A tag that is renamed meanwhile has one of its two names each time.
  const tagged = [await taggedIds(directory), await taggedIds(directory)];
  if (tagged.includes(undefined)) return [];
  const left: JobSet[] = [];
  for (const id of old) {
    if (tagged.some((known) => known?.has(id) === true)) continue;
    const jobSet = await JobSet.open(directory, id).catch(() => undefined);
    if (jobSet !== undefined && (await isMap(jobSet)) && !(await isClaimed(jobSet.directory)))
      left.push(jobSet);
  }
  return left;
}

/** Removes such a job set, with the jobs that it may have; one whose jobs cannot be reached from here stays. */
export async function removeLeftover(jobSet: JobSet, home: MapHome): Promise<void> {
  const header = (await jobSet.readHeader()) as unknown as MapSetHeader;
  const { system, isNamed } = home.systemOf(header);
  if (!isNamed && troubleWith(header, system, hostname()) !== undefined) return;
  await system.jobSetRemoval?.remove(jobSet.id);
  await jobSet.remove();
}

/** Undefined if they are just changing, or cannot all be read. */
async function taggedIds(directory: string): Promise<ReadonlySet<string> | undefined> {
  const ids = new Set<string>();
  for (const tag of await listTags(directory)) {
    const record = await readTag(directory, tag).catch(ignoreMissing);
    if (record === undefined) return undefined;
    ids.add(record.id);
  }
  return ids;
}

async function isMap(jobSet: JobSet): Promise<boolean> {
  const header = await jobSet.readHeader().catch(() => undefined);
  return header?.['map'] !== undefined;
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof TagNotFoundError || error instanceof PayloadError) return undefined;
  throw error;
}
