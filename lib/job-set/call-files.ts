import { lstat, rm } from 'node:fs/promises';
import { callDirectory, callsDirectory } from './names.ts';

/** One look at a directory is enough for all that are removed in the same moment. */
const looks = new Map<string, Promise<boolean>>();

/**
 * Removes what a call has left while it ran: what it told of its progress, and its checkpoints.
 * @param call its number, counted from 1
 */
export async function removeCallFiles(directory: string, call: number): Promise<void> {
  // Most calls of most job sets leave nothing.
  let look = looks.get(directory);
  if (look === undefined) {
    look = hasAny(directory);
    looks.set(directory, look);
    setImmediate(() => looks.delete(directory));
  }
  if (await look) await rm(callDirectory(directory, call), { recursive: true, force: true, maxRetries: 3 });
}

async function hasAny(directory: string): Promise<boolean> {
  return lstat(callsDirectory(directory)).then(
    () => true,
    () => false,
  );
}
