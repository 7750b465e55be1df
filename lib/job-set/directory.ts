import { accessSync, constants, mkdirSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { DirectoryError } from '../errors.ts';
import { WRITABLE_BY_OTHERS } from './ownership.ts';

/** In a sticky directory, others cannot rename or remove what is not theirs. */
const STICKY = 0o1000;

/** Only the owner may look into a job set. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * Refuses a directory that job sets cannot live in; one that does not exist yet is fine.
 * @throws {DirectoryError}
 */
export function checkDirectory(directory: string): void {
  const stats = statOf(directory);
  if (stats === undefined) return;
  if (!stats.isDirectory())
    throw refuse(directory, 'is not a directory. Remedy: name another one as `directory`');
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw refuse(
      directory,
      `belongs to user ${stats.uid}, not to ${user} who runs this, so others could replace what lies in it. ` +
        'Remedy: name a directory of your own as `directory`, such as one below it',
    );
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0) {
    throw refuse(
      directory,
      'can be written by other users, who could replace what lies in it, and so what your jobs run. ' +
        'Remedy: chmod go-w it, or name a directory below it as `directory`',
    );
  }
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refuse(
      directory,
      'cannot be written. Remedy: chmod u+wx it, or name another one as `directory`',
      error,
    );
  }
}

/**
 * Makes the directory, if need be with its parents, for its owner alone.
 * @returns whether it is new
 * @throws {DirectoryError}
 */
export function makeDirectory(directory: string): boolean {
  try {
    const isNew = makeWithParents(directory);
    checkDirectory(directory);
    return isNew;
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    throw refuse(
      directory,
      `cannot be made: ${(error as Error).message}. Remedy: name another one as \`directory\``,
      error,
    );
  }
}

/** What node:fs makes with `recursive` says ENOENT where the filesystem is read-only. */
function makeWithParents(directory: string): boolean {
  if (statOf(directory) !== undefined) return false;
  const parent = dirname(directory);
  if (parent !== directory) makeWithParents(parent);
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    return true;
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function statOf(directory: string): Stats | undefined {
  try {
    return statSync(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw refuse(
      directory,
      `cannot be looked at: ${message}. Remedy: name another one as \`directory\``,
      error,
    );
  }
}

function refuse(directory: string, why: string, cause?: unknown): DirectoryError {
  return new DirectoryError(`The directory ${directory} ${why}`, directory, { cause });
}
