import { lstat, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OptionTable } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { CleanError, MapRemovedError, MapUnfinishedError, TagNotFoundError } from '../../base/map-errors.ts';
import { exists, readdirIfThere } from '../../base/missing-files.ts';
import { troubleWith } from '../../cluster/attach/check-header.ts';
import { isClaimed } from '../../job-set/claim.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { headerFile, isJobSetId } from '../../job-set/names.ts';
import type { MapEnvironment } from '../read/map-core.ts';
import { type MapSetHeader, openEvenUnfinished } from '../read/open-map.ts';
import { type MapProgress, type ProgressOption, withProgress } from '../report/progress.ts';
import { listTags, readTag, releaseTag } from '../tags/tags.ts';
import type { RemoveOptions } from './remove-map.ts';

export interface RemoveMapOptions extends RemoveOptions {
  /**
   * Reject if no map has the tag.
   * @default false
   */
  readonly mustExist?: boolean | undefined;
}

export interface CleanOptions {
  /**
   * Remove all maps, including those whose tag a user chose.
   * @default false
   */
  readonly all?: boolean | undefined;
  /**
   * Show how many maps have been removed.
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

/** Minimum age of an orphan, in milliseconds, because a program may be making or removing a younger map. */
const ORPHAN_AGE_MS = 5 * 60_000;

/** Implements `removeMap`. @returns whether the map existed */
export async function removeTagged(
  tag: string,
  home: MapEnvironment,
  { mustExist = false, force = false, progress }: RemoveMapOptions,
): Promise<boolean> {
  try {
    const map = await openEvenUnfinished(tag, home);
    if (map.length === 0 && map.isAttended && !force) throw new MapUnfinishedError(tag, true);
    await map.remove({ force, progress });
  } catch (error) {
    if (error instanceof TagNotFoundError && !mustExist) return false;
    if (!isRemnant(error)) throw error;
    await removeRemnant(tag, home.options.directory);
  }
  return true;
}

/** Whether an error says that a program ended while it made or removed the map. */
export function isRemnant(error: unknown): boolean {
  return error instanceof MapRemovedError || (error instanceof MapUnfinishedError && !error.isBeingMade);
}

/** Deletes the tag and the incomplete job set of a map that was not completely made or removed. */
async function removeRemnant(tag: string, directory: string): Promise<void> {
  const { id } = await readTag(directory, tag);
  const jobSet = join(directory, id);
  if (await isClaimed(jobSet)) throw new MapUnfinishedError(tag, true);
  await rm(jobSet, { recursive: true, force: true, maxRetries: 3 });
  await releaseTag(directory, tag, id);
}

/** Implements `clean`. */
export async function cleanMaps(
  home: MapEnvironment,
  { all = false, progress }: CleanOptions,
): Promise<string[]> {
  return withProgress(progress, async (report) => cleanAll(home, all, report));
}

async function cleanAll(
  home: MapEnvironment,
  all: boolean,
  report: (progress: MapProgress) => void,
): Promise<string[]> {
  const { directory } = home.options;
  const removed: string[] = [];
  const errors: unknown[] = [];
  let areTagsReadable = true;
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
    report({ tag, phase: 'removing', done, total: tags.length });
    const record = await readTag(directory, tag).catch((error: unknown) => {
      if (error instanceof TagNotFoundError) return;
      areTagsReadable = false;
      errors.push(error);
    });
    if (record !== undefined && (all || record.transient)) await remove(tag);
  }
  // With an unreadable tag, it is unknown which job sets have tags.
  if (areTagsReadable) {
    for (const tag of await findOrphanedTags(directory)) await remove(tag);
    for (const jobSet of await findOrphanedJobSets(directory))
      await removeOrphanedJobSet(jobSet, home).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new CleanError(errors, removed);
  return removed;
}

/** Finds tags whose job sets have no header any more and no owner. */
async function findOrphanedTags(directory: string): Promise<string[]> {
  const orphaned: string[] = [];
  for (const tag of await listTags(directory)) {
    const record = await readTag(directory, tag).catch(ignoreUnreadableTag);
    if (record === undefined || Date.now() - Date.parse(record.made) < ORPHAN_AGE_MS) continue;
    const jobSet = join(directory, record.id);
    if (!(await exists(headerFile(jobSet))) && !(await isClaimed(jobSet))) orphaned.push(tag);
  }
  return orphaned;
}

/** Finds job sets of maps that have neither a tag nor an owner. */
async function findOrphanedJobSets(directory: string): Promise<JobSet[]> {
  const ids = (await readdirIfThere(directory)).filter((name) => isJobSetId(name));
  const old: string[] = [];
  for (const id of ids) {
    const header = await lstat(headerFile(join(directory, id))).catch(() => undefined);
    if (header !== undefined && Date.now() - header.mtimeMs >= ORPHAN_AGE_MS) old.push(id);
  }
  // A tag that is renamed during one listing may be missing from it, but not from two successive ones.
  const tagged = [await readTaggedIds(directory), await readTaggedIds(directory)];
  if (tagged.includes(undefined)) return [];
  const orphaned: JobSet[] = [];
  for (const id of old) {
    if (tagged.some((known) => known?.has(id) === true)) continue;
    const jobSet = await JobSet.open(directory, id).catch(() => undefined);
    if (jobSet !== undefined && (await isMap(jobSet)) && !(await isClaimed(jobSet.directory)))
      orphaned.push(jobSet);
  }
  return orphaned;
}

/** Removes an orphaned job set with its jobs, unless this program cannot reach them. */
async function removeOrphanedJobSet(jobSet: JobSet, home: MapEnvironment): Promise<void> {
  const header = (await jobSet.readHeader()) as unknown as MapSetHeader;
  const { system, isNamed } = home.systemOf(header);
  if (!isNamed && troubleWith(header, system, hostname()) !== undefined) return;
  await system.jobSetRemoval?.remove(jobSet.id);
  await jobSet.remove();
}

/** The ids of all job sets with a tag; undefined if a tag cannot be read, because it is changing. */
async function readTaggedIds(directory: string): Promise<ReadonlySet<string> | undefined> {
  const ids = new Set<string>();
  for (const tag of await listTags(directory)) {
    const record = await readTag(directory, tag).catch(ignoreUnreadableTag);
    if (record === undefined) return undefined;
    ids.add(record.id);
  }
  return ids;
}

async function isMap(jobSet: JobSet): Promise<boolean> {
  const header = await jobSet.readHeader().catch(() => undefined);
  return header?.['map'] !== undefined;
}

/** Handles the rejection of `readTag` for a tag that was removed meanwhile, or is torn. */
function ignoreUnreadableTag(error: unknown): undefined {
  if (error instanceof TagNotFoundError || error instanceof PayloadError) return undefined;
  throw error;
}
