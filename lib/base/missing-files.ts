import { lstat, readdir } from 'node:fs/promises';

/** Whether an error of node:fs says that there is no such file or directory (ENOENT). */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/**
 * Handles the rejection of an operation on a file that may be missing: `unlink(file).catch(ignoreMissing)`.
 * Throws all other errors again.
 */
export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}

/**
 * Whether a file, directory or link exists. Counts it as existing where the file system does not say, as with
 * EACCES.
 */
export async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** @returns the names in a directory; none if there is no such directory */
export async function readdirIfThere(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ignoreMissing)) ?? [];
}
