import { constants } from 'node:fs';
import { lstat, open, readdir, rm, rmdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { callDirectory, callsDirectory, outputFilesDirectory, outputFilesOf, progressFile } from './names.ts';
import { checkOwnership } from './trusted-files.ts';

/** A file that a call has sent back. */
export interface OutputFile {
  /** Its path below the directory in which the call ran, with slashes. */
  readonly name: string;
  /** Its absolute path in the job set's directory. */
  readonly path: string;
}

/** Identifies a call by the key of its job and, in a chunk of several calls, its index. */
export interface OutputOwner {
  readonly key: string;
  readonly item?: number | undefined;
}

/** Directory of the files that a call has sent back. */
export function outputDirectory(directory: string, { key, item }: OutputOwner): string {
  return item === undefined
    ? outputFilesOf(directory, key)
    : join(outputFilesOf(directory, key), String(item));
}

/** Lists the files that a call has sent back so far, including those in directories, sorted by name. */
export async function listOutputFiles(directory: string, owner: OutputOwner): Promise<OutputFile[]> {
  const root = outputDirectory(directory, owner);
  const found: OutputFile[] = [];
  const visit = async (place: string): Promise<void> => {
    for (const entry of await entriesOf(place)) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) found.push({ name: relative(root, path).replaceAll(sep, '/'), path });
    }
  };
  await visit(root);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether any call of a job set has sent files back. */
export async function hasOutputFiles(directory: string): Promise<boolean> {
  for (const entry of await entriesOf(outputFilesDirectory(directory))) {
    if ((await entriesOf(join(outputFilesDirectory(directory), entry.name))).length > 0) return true;
  }
  return false;
}

/**
 * Deletes the files that a job has sent back, after an attempt that was not the last, or a call that was
 * cancelled.
 */
export async function removeOutputFiles(directory: string, key: string): Promise<void> {
  await rm(outputFilesOf(directory, key), { recursive: true, force: true, maxRetries: 3 });
}

/** Deletes the directory of a job's output files if it is empty. */
export async function removeEmptyOutputDirectory(directory: string, key: string): Promise<void> {
  await rmdir(outputFilesOf(directory, key)).catch(() => {});
}

/** Entries of a directory; none if there is no such directory. */
async function entriesOf(directory: string): ReturnType<typeof readEntries> {
  return readEntries(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

async function readEntries(directory: string) {
  return readdir(directory, { withFileTypes: true });
}

/** Checks whether a job set has call files, by directory; shared by all calls of one tick. */
const checks = new Map<string, Promise<boolean>>();

/**
 * Deletes the progress and the checkpoints of a call.
 * @param call number of the call, counted from 1
 */
export async function removeCallFiles(directory: string, call: number): Promise<void> {
  // Most job sets have no such files.
  let check = checks.get(directory);
  if (check === undefined) {
    check = hasCallFiles(directory);
    checks.set(directory, check);
    setImmediate(() => checks.delete(directory));
  }
  if (await check) await rm(callDirectory(directory, call), { recursive: true, force: true, maxRetries: 3 });
}

/** False where the file system does not say: deleting is not worth an error. */
async function hasCallFiles(directory: string): Promise<boolean> {
  return lstat(callsDirectory(directory)).then(
    () => true,
    () => false,
  );
}

/** Progress that a call has reported. */
export interface Progress {
  /** From 0 to 1. */
  readonly fraction: number;
  /** The text that the call reported with its progress, if any. */
  readonly text: string | undefined;
  /** Time of the report, by the clock of the call's machine. */
  readonly at: Date;
}

/** A larger file is not a progress report. */
const MAX_PROGRESS_BYTES = 64 * 1024;

export function encodeProgress({ fraction, text, at }: Progress): Buffer {
  return Buffer.from(JSON.stringify({ fraction, text, at: at.getTime() }));
}

/**
 * @returns undefined for anything but a result of {@link encodeProgress}: a crash of a file server may tear
 * the file
 */
export function decodeProgress(bytes: Uint8Array): Progress | undefined {
  try {
    const { fraction, text, at } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    if (typeof fraction !== 'number' || typeof at !== 'number') return undefined;
    return { fraction, text: typeof text === 'string' ? text : undefined, at: new Date(at) };
  } catch {
    return undefined;
  }
}

/**
 * Reads the latest progress of a job; undefined if it has reported none, or its files are deleted.
 * @param directory of the job set
 * @throws {OwnershipError} if another user could have written it
 */
export async function readProgress(directory: string, key: string): Promise<Progress | undefined> {
  const file = progressFile(directory, key);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    checkOwnership(file, stats);
    return stats.size > MAX_PROGRESS_BYTES ? undefined : decodeProgress(await handle.readFile());
  } finally {
    await handle.close();
  }
}
