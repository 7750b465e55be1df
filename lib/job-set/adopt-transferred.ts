import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { unseal } from '../payload/sealed.ts';
import { outcomeFile, transferredFile } from './names.ts';
import { checkOwnership, refuseLink } from './ownership.ts';

/**
 * Gives an outcome that came by file transfer its name, if it is whole: to be asked when the job has ended, as far as its batch system
 * knows, since then nothing more comes. Does nothing for jobs that see the job set, nor when it was done before.
 * @returns whether there is an outcome by now
 * @throws {OwnershipError} if another user could have written it
 */
export async function adoptTransferred(directory: string, key: string): Promise<boolean> {
  const file = transferredFile(directory, key);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      refuseLink(file, error);
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (handle === undefined) return false;
  try {
    checkOwnership(file, await handle.stat());
    // A job that came to no outcome sends an empty file.
    if (unseal(await handle.readFile()) === undefined) return false;
    await handle.sync();
    // By what the job's machine has as its umask.
    await handle.chmod(0o600);
    await rename(file, outcomeFile(directory, key)).catch((error: NodeJS.ErrnoException) => {
      // Another process has just done so.
      if (error.code !== 'ENOENT') throw error;
    });
    return true;
  } finally {
    await handle.close();
  }
}
