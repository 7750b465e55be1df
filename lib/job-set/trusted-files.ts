import * as fs from 'node:fs';
import { accessSync, constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DirectoryError, OwnershipError } from '../base/errors.ts';

/**
 * All of a file, or undefined if there is none.
 * @throws {OwnershipError} if another user could have written it
 */
export async function readTrusted(calls: FileCalls, file: string): Promise<Buffer | undefined> {
  let descriptor;
  try {
    descriptor = await calls.open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    refuseLink(file, error);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = await calls.fstat(descriptor);
    checkOwnership(file, stats);
    return await readBytes(calls, descriptor, 0, stats.size);
  } finally {
    await calls.close(descriptor);
  }
}

/** The end of a file, so many bytes at the most, and where it begins; undefined if it cannot be read. */
export async function readEnd(
  calls: FileCalls,
  file: string,
  limit: number,
): Promise<{ start: number; bytes: Buffer } | undefined> {
  const descriptor = await calls.open(file, constants.O_RDONLY).catch(() => undefined);
  if (descriptor === undefined) return undefined;
  try {
    const { size } = await calls.fstat(descriptor);
    const start = Math.max(0, size - limit);
    return { start, bytes: await readBytes(calls, descriptor, start, size - start) };
  } finally {
    await calls.close(descriptor);
  }
}

/** Fewer than `length` if the file is cut off meanwhile. */
async function readBytes(
  calls: FileCalls,
  descriptor: number,
  start: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = await calls.read(descriptor, bytes, done, length - done, start + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** Group and others may not write. */
export const WRITABLE_BY_OTHERS = 0o022;

/** Users whose files are taken for one's own. */
const trustedUsers = new Set<number>();

/**
 * From now on files of whom this one belongs to are not refused. For the directory that a batch system has made for a job: the job's files in it may
 * have been brought there in another user's name, and what they hold is checked by its hash.
 */
export function trustOwnerOf(stats: Stats): void {
  trustedUsers.add(stats.uid);
}

/**
 * Refuses a file that another user could have written: a payload is code, and reading it runs it.
 * @throws {OwnershipError}
 */
export function checkOwnership(file: string, stats: Stats): void {
  if (isTrusted(stats)) return;
  throw new OwnershipError(
    hasTrustedOwner(stats)
      ? `${file} can be written by other users: it is not read. Remedy: chmod go-w ${file}`
      : `${file} belongs to user ${stats.uid}, not to ${process.getuid?.()} who runs this: it is not read`,
    file,
  );
}

/** Whether no other user could have written a file. Always true where there are no user ids, as on Windows. */
export function isTrusted(stats: Stats): boolean {
  return process.getuid === undefined || (hasTrustedOwner(stats) && (stats.mode & WRITABLE_BY_OTHERS) === 0);
}

function hasTrustedOwner({ uid }: Stats): boolean {
  return uid === process.getuid?.() || trustedUsers.has(uid);
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

/** What reading outcomes needs of the filesystem, many times over. */
export interface FileCalls {
  lstat(path: string): Promise<fs.Stats>;
  /** @returns a descriptor */
  open(path: string, flags: number): Promise<number>;
  fstat(descriptor: number): Promise<fs.Stats>;
  /** @returns how many bytes were read */
  read(descriptor: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number>;
  close(descriptor: number): Promise<void>;
}

// Marked as pure, so that the runner's first file, which needs only the checks above, does not carry them.
const lstat = /* @__PURE__ */ promisify(fs.lstat) as FileCalls['lstat'];
const open = /* @__PURE__ */ promisify(fs.open) as FileCalls['open'];
const fstat = /* @__PURE__ */ promisify(fs.fstat) as FileCalls['fstat'];
const read = /* @__PURE__ */ promisify(fs.read) as (
  ...args: Parameters<FileCalls['read']>
) => Promise<{ bytesRead: number }>;

/** For filesystems that may keep one waiting, for ever if a server is away: other threads wait. */
export const asyncFileCalls: FileCalls = {
  lstat,
  open,
  fstat,
  read: async (...args) => (await read(...args)).bytesRead,
  close: /* @__PURE__ */ promisify(fs.close),
};

/**
 * For filesystems of this machine, where the way to another thread and back costs some times as much as the call itself. The program has
 * its turn every few milliseconds.
 */
export const syncFileCalls: FileCalls = {
  lstat: async (path) => {
    await ownTurn();
    return fs.lstatSync(path);
  },
  open: async (path, flags) => {
    await ownTurn();
    return fs.openSync(path, flags);
  },
  fstat: async (descriptor) => fs.fstatSync(descriptor),
  read: async (...args) => fs.readSync(...args),
  close: async (descriptor) => fs.closeSync(descriptor),
};

/** How long files are read before the program has its turn. */
const SLICE_MS = 5;

let sliceEnd: number | undefined;
let nextTurn: Promise<void> | undefined;

/** Waits for the next turn of the event loop, if this one has been long. */
async function ownTurn(): Promise<void> {
  sliceEnd ??= performance.now() + SLICE_MS;
  nextTurn ??= new Promise((resolve) =>
    setImmediate(() => {
      sliceEnd = undefined;
      nextTurn = undefined;
      resolve();
    }),
  );
  if (performance.now() > sliceEnd) await nextTurn;
}

/** In a sticky directory, others cannot rename or remove what is not theirs. */
const STICKY = 0o1000;

/** Only the owner may look into a job set. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * Refuses a directory that job sets cannot live in; one that does not exist yet is fine.
 * @throws {DirectoryError}
 */
export function checkDirectory(directory: string): void {
  const stats = statOf(directory);
  if (stats === undefined) return;
  if (!stats.isDirectory())
    throw refuse(directory, 'is not a directory. Remedy: name another one as `directory`');
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw refuse(
      directory,
      `belongs to user ${stats.uid}, not to ${user} who runs this, so others could replace what lies in it. ` +
        'Remedy: name a directory of your own as `directory`, such as one below it',
    );
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0) {
    throw refuse(
      directory,
      'can be written by other users, who could replace what lies in it, and so what your jobs run. ' +
        'Remedy: chmod go-w it, or name a directory below it as `directory`',
    );
  }
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refuse(
      directory,
      'cannot be written. Remedy: chmod u+wx it, or name another one as `directory`',
      error,
    );
  }
}

/**
 * Makes the directory, if need be with its parents, for its owner alone.
 * @returns whether it is new
 * @throws {DirectoryError}
 */
export function makeDirectory(directory: string): boolean {
  try {
    const isNew = makeWithParents(directory);
    checkDirectory(directory);
    return isNew;
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    throw refuse(
      directory,
      `cannot be made: ${(error as Error).message}. Remedy: name another one as \`directory\``,
      error,
    );
  }
}

/** What node:fs makes with `recursive` says ENOENT where the filesystem is read-only. */
function makeWithParents(directory: string): boolean {
  if (statOf(directory) !== undefined) return false;
  const parent = dirname(directory);
  if (parent !== directory) makeWithParents(parent);
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    return true;
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function statOf(directory: string): Stats | undefined {
  try {
    return statSync(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw refuse(
      directory,
      `cannot be looked at: ${message}. Remedy: name another one as \`directory\``,
      error,
    );
  }
}

function refuse(directory: string, why: string, cause?: unknown): DirectoryError {
  return new DirectoryError(`The directory ${directory} ${why}`, directory, { cause });
}
