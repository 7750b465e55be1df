import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { outputFilesDirectory, outputFilesOf } from './names.ts';

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
export async function tidyOutputFiles(directory: string, key: string): Promise<void> {
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
