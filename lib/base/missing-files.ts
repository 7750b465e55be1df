import { lstat } from 'node:fs/promises';

/** Whether an error of node:fs says that there is no such file or directory (ENOENT). */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** Handles the rejection of an operation on a file that may be missing: `unlink(file).catch(ignoreMissing)`. Other errors are thrown again. */
export function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}

/** Whether a file, directory or link exists. An error other than ENOENT counts as existing, because nobody can tell. */
export async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}
