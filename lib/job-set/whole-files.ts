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
import { ignoreMissing } from '../base/missing-files.ts';
import { temporaryName } from './names.ts';
import { PRIVATE_DIRECTORY } from './trusted-files.ts';

let written = 0;

/** Mode of every file of a job set, because a payload is code and may hold secrets. */
const PRIVATE = 0o600;

/**
 * Writes a file so that its name exists only when all of it is on the disk: under a temporary name, fsynced,
 * then renamed.
 */
export async function writeWhole(
  file: string,
  data: Uint8Array | string,
  mode: number = PRIVATE,
): Promise<void> {
  // Loaded on first use, because few jobs need node:fs/promises.
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

/** Writes a file like {@link writeWhole}, synchronously, so that it works while the process exits. */
export function writeWholeSync(file: string, data: Uint8Array): void {
  const temporary = temporaryFile(file);
  const descriptor = openSync(temporary, 'wx', PRIVATE);
  try {
    try {
      allowReading(descriptor);
      for (let offset = 0; offset < data.length;) offset += writeSync(descriptor, data, offset);
      syncIfAllowed(descriptor);
    } finally {
      // Before the file is deleted, or a full disk would stay full.
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    discard(temporary);
    throw error;
  }
}

/** Sets the mode, because a call may have set a umask that denies it to the user. */
function allowReading(descriptor: number): void {
  try {
    if ((fstatSync(descriptor).mode & 0o777) !== PRIVATE) fchmodSync(descriptor, PRIVATE);
  } catch {
    // The file system has no modes.
  }
}

/** Deletes a partly written file. Never throws, because the error of writing it matters more. */
function discard(temporary: string): void {
  try {
    unlinkSync(temporary);
  } catch {
    // A leftover file does no harm.
  }
}

/** Waits until a file is on the disk, unless Node forbids it. */
export function syncIfAllowed(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

/**
 * Whether Node's permission model, which cannot allow fsync, refused it. The file is whole all the same,
 * unless the machine fails.
 */
export function isForbidden(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED';
}

/**
 * A unique temporary name, even if several machines write one file, as when a job runs twice. Containers may
 * share host name and pid.
 */
export function temporaryFile(file: string): string {
  written += 1;
  const random = Math.random().toString(36).slice(2, 10);
  return temporaryName(file, `${hostname()}-${process.pid}-${written}-${random}`);
}

/**
 * Error codes of file systems that have no hard links, such as those of some servers and containers, or no
 * more for a file.
 */
export const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/**
 * Gives a whole file a second name, unless that name exists: of several processes, one succeeds. Without hard
 * links the name is given to a copy, and may exist for an instant before the copy is whole.
 * @throws EEXIST if another file has the name
 */
export async function linkNew(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The reply of a file server may have been lost, and its client have retried.
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
 * Links all files of a directory into another directory, recursively. Does nothing if the directory is
 * missing.
 * @throws {TypeError} for an entry that is neither a file nor a directory
 */
export async function linkTree(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true }).catch(ignoreMissing);
  if (entries === undefined) return;
  await mkdir(to, { recursive: true, mode: PRIVATE_DIRECTORY });
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile()) await linkNew(source, target);
    else throw new TypeError(`${source} is neither a file nor a directory`);
  }
}

/** Whether a file surely exists: false where the file system does not say, as with EACCES or ESTALE. */
export async function surelyExists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
