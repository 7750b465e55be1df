import { constants } from 'node:fs';
import { lstat, open, readdir, rm, rmdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { callDirectory, callsDirectory, outputFilesDirectory, outputFilesOf, progressFile } from './names.ts';
import { checkOwnership } from './trusted-files.ts';

/** A file that a call has sent back. */
export interface OutputFile {
  /** Its path below the directory in which the call ran, with slashes. */
  readonly name: string;
  /** Where it is. */
  readonly path: string;
}

/** Which call's files: the key of its job, and of a chunk of several, which of them it is, counted from 0. */
export interface OutputOwner {
  readonly key: string;
  readonly item?: number | undefined;
}

/** Where the files are that a call has sent back. */
export function outputDirectory(directory: string, { key, item }: OutputOwner): string {
  return item === undefined
    ? outputFilesOf(directory, key)
    : join(outputFilesOf(directory, key), String(item));
}

/** The files that a call has sent back so far, those in directories too, by their names. */
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

/** Removes what a job has sent back: of an attempt that was not the last, or of a call that nobody wants. */
export async function removeOutputFiles(directory: string, key: string): Promise<void> {
  await rm(outputFilesOf(directory, key), { recursive: true, force: true, maxRetries: 3 });
}

/** Removes the directory for them of a job that has sent none. */
export async function removeEmptyOutputDirectory(directory: string, key: string): Promise<void> {
  await rmdir(outputFilesOf(directory, key)).catch(() => {});
}

async function entriesOf(directory: string): ReturnType<typeof readEntries> {
  return readEntries(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

async function readEntries(directory: string) {
  return readdir(directory, { withFileTypes: true });
}

/** One look at a directory is enough for all that are removed in the same moment. */
const looks = new Map<string, Promise<boolean>>();

/**
 * Removes what a call has left while it ran: what it told of its progress, and its checkpoints.
 * @param call its number, counted from 1
 */
export async function removeCallFiles(directory: string, call: number): Promise<void> {
  // Most calls of most job sets leave nothing.
  let look = looks.get(directory);
  if (look === undefined) {
    look = hasAny(directory);
    looks.set(directory, look);
    setImmediate(() => looks.delete(directory));
  }
  if (await look) await rm(callDirectory(directory, call), { recursive: true, force: true, maxRetries: 3 });
}

async function hasAny(directory: string): Promise<boolean> {
  return lstat(callsDirectory(directory)).then(
    () => true,
    () => false,
  );
}

/** How far a call says that it has come. */
export interface Progress {
  /** From 0 to 1. */
  readonly fraction: number;
  /** What it is doing, if it says so. */
  readonly text: string | undefined;
  /** When it said so, by the clock of its machine. */
  readonly at: Date;
}

/** More than this is no progress report. */
const MOST_BYTES = 64 * 1024;

export function encodeProgress({ fraction, text, at }: Progress): Buffer {
  return Buffer.from(JSON.stringify({ fraction, text, at: at.getTime() }));
}

/** @returns undefined for anything but what {@link encodeProgress} makes: it may be torn after a crash of a file server */
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
 * What the call of a job has said last; undefined if it has said nothing, or its files are gone.
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
    return stats.size > MOST_BYTES ? undefined : decodeProgress(await handle.readFile());
  } finally {
    await handle.close();
  }
}
