import { lstat, rm } from 'node:fs/promises';
import { callDirectory, callsDirectory } from './names.ts';

/**
 * Removes what a call has left while it ran: what it told of its progress, and its checkpoints.
 * @param call its number, counted from 1
 */
export async function removeCallFiles(directory: string, call: number): Promise<void> {
  // Most calls of most job sets leave nothing.
  const hasAny = await lstat(callsDirectory(directory)).then(
    () => true,
    () => false,
  );
  if (hasAny) await rm(callDirectory(directory, call), { recursive: true, force: true, maxRetries: 3 });
}
