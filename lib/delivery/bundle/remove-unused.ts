import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlesDirectory } from '../../job-set/bundle-names.ts';
import { isJobSetId } from '../../job-set/job-set-id.ts';
import { headerFile, scriptFile } from '../../job-set/names.ts';
import { temporaryFile } from '../../job-set/write-whole.ts';

/** A program that has found one that is there may not have made its job set yet. */
const UNUSED_MS = 24 * 60 * 60_000;

/**
 * Removes bundles that no job set needs, nor any program has taken within a day, and what programs have left behind that were ended as they
 * made one. What cannot be removed stays; never rejects.
 */
export async function removeUnused(directory: string): Promise<void> {
  try {
    const bundles = bundlesDirectory(directory);
    const old: string[] = [];
    for (const name of await readdir(bundles)) if (await isOld(join(bundles, name))) old.push(name);
    if (old.length === 0) return;
    const needed = await textsOf(directory);
    for (const name of old) {
      const hash = /[0-9a-f]{40}/.exec(name)?.[0];
      const isNeeded = hash === undefined || needed.some((text) => text.includes(hash));
      if (isTemporary(name) || !isNeeded) await remove(join(bundles, name));
    }
  } catch {
    // It is tried again with the next one.
  }
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await lstat(path)).mtimeMs > UNUSED_MS;
}

/** What job sets say of what their jobs need. */
async function textsOf(directory: string): Promise<string[]> {
  const texts: string[] = [];
  for (const id of (await readdir(directory)).filter((name) => isJobSetId(name))) {
    for (const file of [headerFile, scriptFile]) {
      texts.push(await readFile(file(join(directory, id)), 'utf8').catch(ignoreMissing));
    }
  }
  return texts;
}

/** Under another name first: a program that takes it just now sees that it is not there, or has taken it before. */
async function remove(path: string): Promise<void> {
  const away = temporaryFile(path);
  await rename(path, away);
  if (await isOld(away)) await rm(away, { recursive: true, force: true });
  else await rename(away, path);
}

function isTemporary(name: string): boolean {
  return name.includes('.tmp');
}

/** Only of a job set that is not there it is certain that it needs nothing. */
function ignoreMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
