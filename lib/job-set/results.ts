import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { unseal } from '../payload/call.ts';
import type { TravellingFile } from '../payload/given-files.ts';
import { readRecord } from './archive.ts';
import { outcomeFile, resultFile, resultsDirectory, transferredFile } from './names.ts';
import { checkOwnership, PRIVATE_DIRECTORY, refuseLink } from './trusted-files.ts';
import { writeWhole } from './whole-files.ts';

/** Where the outcome of a call is to be found. */
export interface OutcomeSource {
  /** Of the calls of the executor. */
  readonly call: number;
  /** Of the job that made it. */
  readonly key: string;
  /** Where its record in the archive begins; known by the time at which the outcome's own file is removed. */
  readonly archivedAt: () => number | undefined;
  /** If it is of another job set: that one's directory, and the name that stands for the call here. */
  readonly given?: { readonly from: string; readonly name: string };
}

/**
 * Gives the outcome of a call the name by which jobs of others look for it: a second name of the same file, or a copy where it has been removed
 * already, or the filesystem has no second names.
 * @returns false if the outcome is gone
 * @throws {OwnershipError} if another user could have written it; what the filesystem says
 */
export async function keepResult(directory: string, source: OutcomeSource): Promise<boolean> {
  const { call, key, archivedAt, given = { from: directory, name: call } } = source;
  await makeOwn(resultsDirectory(directory));
  const file = resultFile(directory, given.name);
  const outcome = outcomeFile(given.from, key);
  try {
    await link(outcome, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Of an earlier process.
    if (code === 'EEXIST') return true;
    const bytes = code === 'ENOENT' ? undefined : await readIfThere(outcome);
    const found = bytes ?? (await readArchived(given.from, call, archivedAt()));
    if (found === undefined) return false;
    await writeWhole(file, found);
    return true;
  }
}

/** As {@link keepResult}, of a call that has no outcome: these bytes stand for it. */
export async function writeResult(directory: string, call: number, bytes: Uint8Array): Promise<void> {
  await makeOwn(resultsDirectory(directory));
  await writeWhole(resultFile(directory, call), bytes);
}

/** No job needs it any more. */
export async function removeResult(directory: string, call: number): Promise<void> {
  await unlink(resultFile(directory, call)).catch(ignoreMissing);
}

async function makeOwn(directory: string): Promise<void> {
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

async function readIfThere(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      refuseLink(file, error);
      if (error.code === 'ENOENT') return undefined;
      throw error;
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

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

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

/**
 * Makes a directory of all that travels to a job: each in a directory of its own, so that no names meet. Links stand for files, which
 * HTCondor reads when it sends them, and names of all kinds reach it by no list.
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
