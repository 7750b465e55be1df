import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY } from './directory.ts';
import { linkNew } from './link-new.ts';

/**
 * Gives all files of a directory one more name, in a directory of the same form; of one that is not there, none.
 * @throws {TypeError} for what is neither a file nor a directory
 */
export async function linkTree(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return;
  await mkdir(to, { recursive: true, mode: PRIVATE_DIRECTORY });
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile()) await linkNew(source, target);
    else throw new TypeError(`${source} is neither a file nor a directory`);
  }
}
