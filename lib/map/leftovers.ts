import { lstat, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { troubleWith } from '../cluster/check-header.ts';
import { PayloadError } from '../errors.ts';
import { isClaimed } from '../job-set/claim.ts';
import { JobSet } from '../job-set/job-set.ts';
import { isJobSetId } from '../job-set/job-set-id.ts';
import { headerFile } from '../job-set/names.ts';
import type { MapHome, MapSetHeader } from './open-map.ts';
import { TagNotFoundError } from './tag-errors.ts';
import { listTags, readTag } from './tags.ts';

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
