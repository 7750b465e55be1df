import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OptionTable } from '../options.ts';
import { isClaimed } from '../job-set/claim.ts';
import { leftoverJobSets, lostTags, removeLeftover } from './leftovers.ts';
import { CleanError, MapRemovedError, MapUnfinishedError } from './map-errors.ts';
import { openWhatThereIs, type MapHome } from './open-map.ts';
import { withProgress, type MapProgress, type ProgressOption } from './progress.ts';
import type { RemoveOptions } from './remove-map.ts';
import { TagNotFoundError } from './tag-errors.ts';
import { listTags, readTag, releaseTag } from './tags.ts';

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
