import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** How many bytes a directory holds, with all that is in it; what vanishes meanwhile is not counted. */
export async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const found = entry.isDirectory() ? sizeOf(path) : lstat(path).then((stats) => stats.size);
    size += await found.catch(() => 0);
  }
  return size;
}
