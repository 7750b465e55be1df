import { constants } from 'node:fs';
import { link, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { readRecord } from './archive.ts';
import { PRIVATE_DIRECTORY } from './directory.ts';
import { outcomeFile, resultFile, resultsDirectory } from './names.ts';
import { checkOwnership, refuseLink } from './ownership.ts';
import { writeWhole } from './write-whole.ts';

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
