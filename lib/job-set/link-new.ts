import { constants } from 'node:fs';
import { copyFile, link, lstat } from 'node:fs/promises';

/** What filesystems say that have no hard links, such as those of some servers, containers and virtual machines; or no more for a file. */
export const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * Gives a file that is whole one more name, if nobody has that name: of many who want it, one gets it. Where there are no hard links, the name
 * is that of a copy, and may exist for an instant before the copy is whole.
 * @throws EEXIST if another file has the name
 */
export async function linkNew(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The answer of a file server may have been lost, and its client have asked again.
    if (code === 'EEXIST' && (await isSame(file, name))) return;
    if (!NO_LINKS.has(code)) throw error;
    await copyFile(file, name, constants.COPYFILE_EXCL);
  }
}

async function isSame(...names: [string, string]): Promise<boolean> {
  const stats = await Promise.all(names.map(async (name) => lstat(name).catch(() => undefined)));
  const [a, b] = stats;
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
