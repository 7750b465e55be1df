import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY } from './directory.ts';
import type { TravellingFile } from '../payload/given-files.ts';

/**
 * Makes a directory of all that travels to a job: each in a directory of its own, so that no names meet. Links stand for files, which
 * HTCondor reads when it sends them, and names of all kinds reach it by no list.
 */
export async function writeGiven(
  directory: string,
  given: ReadonlyMap<string, TravellingFile>,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  for (const [own, { name, directories, files }] of given) {
    const place = join(directory, own, name);
    await mkdir(join(directory, own), { mode: PRIVATE_DIRECTORY });
    for (const below of directories ?? []) await mkdir(join(place, below), { mode: PRIVATE_DIRECTORY });
    for (const [below, path] of files) await symlink(path, join(place, below));
  }
}
