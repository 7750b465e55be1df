import type { Stats } from 'node:fs';
import { OwnershipError } from '../errors.ts';

/** Group and others may not write. */
export const WRITABLE_BY_OTHERS = 0o022;

/** Users whose files are taken for one's own. */
const trusted = new Set<number>();

/**
 * From now on files of whom this one belongs to are not refused. For the directory that a batch system has made for a job: the job's files in it may
 * have been brought there in another user's name, and what they hold is checked by its hash.
 */
export function trustOwnerOf(stats: Stats): void {
  trusted.add(stats.uid);
}

/**
 * Refuses what another user could have written: a payload is code, and reading it runs it.
 * @throws {OwnershipError}
 */
export function checkOwnership(file: string, stats: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  if (stats.uid !== user && !trusted.has(stats.uid)) {
    throw new OwnershipError(
      `${file} belongs to user ${stats.uid}, not to ${user} who runs this: it is not read`,
      file,
    );
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new OwnershipError(
      `${file} can be written by other users: it is not read. Remedy: chmod go-w ${file}`,
      file,
    );
  }
}

/**
 * Nothing in a job set is a link: one was put there.
 * @param error of opening the file without following links
 * @throws {OwnershipError}
 */
export function refuseLink(file: string, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ELOOP') return;
  throw new OwnershipError(
    `${file} is a symbolic link, which condor-futures has not made: it is not read`,
    file,
  );
}
