import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from '../base/missing-files.ts';
import { unseal } from '../payload/call.ts';
import type { TravellingFile } from '../payload/given-files.ts';
import { readRecord } from './archive.ts';
import { outcomeFile, resultFile, resultsDirectory, transferredFile } from './names.ts';
import { checkOwnership, PRIVATE_DIRECTORY, refuseLink } from './trusted-files.ts';
import { writeWhole } from './whole-files.ts';

/** Location of a call's outcome. */
export interface OutcomeSource {
  /** Number of the call. */
  readonly call: number;
  /** Key of the job that made the call. */
  readonly key: string;
  /** Offset of its record in the archive; known before the outcome's own file is deleted. */
  readonly archivedAt: () => number | undefined;
  /** For a call of another job set: the directory of that job set, and the call's name in this one. */
  readonly given?: { readonly from: string; readonly name: string };
}

/**
 * Provides the outcome of a call as a result for other calls: as a hard link, or as a copy if the outcome is
 * archived or the file system has no links.
 * @returns false if there is no outcome
 * @throws {OwnershipError} if another user could have written it; the file system's errors
 */
export async function keepResult(directory: string, source: OutcomeSource): Promise<boolean> {
  const { call, key, archivedAt, given = { from: directory, name: call } } = source;
  await makeOwnDirectory(resultsDirectory(directory));
  const file = resultFile(directory, given.name);
  const outcome = outcomeFile(given.from, key);
  try {
    await link(outcome, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Made by an earlier process.
    if (code === 'EEXIST') return true;
    const bytes = code === 'ENOENT' ? undefined : await readOutcomeFile(outcome);
    const found = bytes ?? (await readArchived(given.from, call, archivedAt()));
    if (found === undefined) return false;
    await writeWhole(file, found);
    return true;
  }
}

/** Writes the result of a call that has no outcome, for other calls. */
export async function writeResult(directory: string, call: number, bytes: Uint8Array): Promise<void> {
  await makeOwnDirectory(resultsDirectory(directory));
  await writeWhole(resultFile(directory, call), bytes);
}

/** Deletes a result that no other call needs any more. */
export async function removeResult(directory: string, call: number): Promise<void> {
  await unlink(resultFile(directory, call)).catch(ignoreMissing);
}

async function makeOwnDirectory(directory: string): Promise<void> {
  await mkdir(directory, { mode: PRIVATE_DIRECTORY }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    checkOwnership(directory, await lstat(directory));
  });
}

async function readArchived(
  directory: string,
  call: number,
  at: number | undefined,
): Promise<Uint8Array | undefined> {
  if (at === undefined) return undefined;
  const record = await readRecord(directory, call, at);
  return record?.kind === 'outcome' ? record.bytes : undefined;
}

async function readOutcomeFile(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      refuseLink(file, error);
      return ignoreMissing(error);
    },
  );
  if (handle === undefined) return undefined;
  try {
    checkOwnership(file, await handle.stat());
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Renames an outcome that came by file transfer to its final name, if it is whole. To be called when the
 * batch system reports that the job has ended, because no more of it comes then. Does nothing if there is no
 * such file.
 * @returns whether the outcome has its final name now
 * @throws {OwnershipError} if another user could have written it
 */
export async function adoptTransferred(directory: string, key: string): Promise<boolean> {
  const file = transferredFile(directory, key);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      refuseLink(file, error);
      return ignoreMissing(error);
    },
  );
  if (handle === undefined) return false;
  try {
    checkOwnership(file, await handle.stat());
    // A job without an outcome sends an empty file.
    if (unseal(await handle.readFile()) === undefined) return false;
    await handle.sync();
    // The transferred file has the umask of the job's machine.
    await handle.chmod(0o600);
    // If the file is missing now, another process has just renamed it.
    await rename(file, outcomeFile(directory, key)).catch(ignoreMissing);
    return true;
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory of links to the files that are transferred to a job, each in a directory of its own, so
 * that names do not collide. HTCondor follows links when it transfers files; names with special characters
 * need not be quoted in a list.
 */
export async function writeGiven(
  directory: string,
  given: ReadonlyMap<string, TravellingFile>,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  for (const [own, { name, directories, files }] of given) {
    const place = join(directory, own, name);
    await mkdir(join(directory, own), { mode: PRIVATE_DIRECTORY });
    for (const below of directories ?? []) await mkdir(join(place, below), { mode: PRIVATE_DIRECTORY });
    for (const [below, path] of files) await symlink(path, join(place, below));
  }
}
