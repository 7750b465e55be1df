import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  promises,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { access, copyFile, link, lstat, mkdir, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { temporaryName } from './names.ts';
import { PRIVATE_DIRECTORY } from './trusted-files.ts';

let written = 0;

/** The mode of every file of a job set: a payload is code, and nobody else's business. */
const PRIVATE = 0o600;

/**
 * Writes a file so that its name exists only once all of it is on the disk: under a temporary name in the same directory,
 * fsynced, then renamed.
 */
export async function writeWhole(
  file: string,
  data: Uint8Array | string,
  mode: number = PRIVATE,
): Promise<void> {
  // Loaded only now: of jobs, few need them.
  const { open, rename, unlink } = promises;
  const temporary = temporaryFile(file);
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(data);
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** As {@link writeWhole}, for when the process is about to end. */
export function writeWholeSync(file: string, data: Uint8Array): void {
  const temporary = temporaryFile(file);
  const descriptor = openSync(temporary, 'wx', PRIVATE);
  try {
    try {
      allowReading(descriptor);
      for (let offset = 0; offset < data.length;) offset += writeSync(descriptor, data, offset);
      syncIfAllowed(descriptor);
    } finally {
      // Before it is removed, or a full disk would stay full.
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    discard(temporary);
    throw error;
  }
}

/** A call may have set a umask that keeps a file from its own user. */
function allowReading(descriptor: number): void {
  try {
    if ((fstatSync(descriptor).mode & 0o777) !== PRIVATE) fchmodSync(descriptor, PRIVATE);
  } catch {
    // A filesystem without modes.
  }
}

/** What was written in part; that it cannot be removed is no news beside why it could not be written. */
function discard(temporary: string): void {
  try {
    unlinkSync(temporary);
  } catch {
    // Litter.
  }
}

/** Waits until a file is on the disk, unless {@link isForbidden}. */
export function syncIfAllowed(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

/** Node's permission model has no way to allow fsync; the rename is whole all the same, unless the machine fails. */
export function isForbidden(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED';
}

/** Unique also where several machines write one file, as when a job runs twice; in containers, host and pid may be the same. */
export function temporaryFile(file: string): string {
  written += 1;
  const random = Math.random().toString(36).slice(2, 10);
  return temporaryName(file, `${hostname()}-${process.pid}-${written}-${random}`);
}

/** What filesystems say that have no hard links, such as those of some servers, containers and virtual machines; or no more for a file. */
export const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * Gives a file that is whole one more name, if nobody has that name: of many who want it, one gets it. Where there are no hard links, the name
 * is that of a copy, and may exist for an instant before the copy is whole.
 * @throws EEXIST if another file has the name
 */
export async function linkNew(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The answer of a file server may have been lost, and its client have asked again.
    if (code === 'EEXIST' && (await isSame(file, name))) return;
    if (!NO_LINKS.has(code)) throw error;
    await copyFile(file, name, constants.COPYFILE_EXCL);
  }
}

async function isSame(...names: [string, string]): Promise<boolean> {
  const stats = await Promise.all(names.map(async (name) => lstat(name).catch(() => undefined)));
  const [a, b] = stats;
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

/**
 * Gives all files of a directory one more name, in a directory of the same form; of one that is not there, none.
 * @throws {TypeError} for what is neither a file nor a directory
 */
export async function linkTree(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return;
  await mkdir(to, { recursive: true, mode: PRIVATE_DIRECTORY });
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile()) await linkNew(source, target);
    else throw new TypeError(`${source} is neither a file nor a directory`);
  }
}

/** Whether a file is there, and can be looked at. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
