import * as fs from 'node:fs';
import { accessSync, constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { DirectoryError, OwnershipError } from '../base/errors.ts';
import { isMissing } from '../base/missing-files.ts';

/** Permission bits: the group or others may write. */
const WRITABLE_BY_OTHERS = 0o022;
/** Others cannot rename or delete files of the owner in such a directory. */
const STICKY = 0o1000;
/** Mode of directories that only their owner may open. */
export const PRIVATE_DIRECTORY = 0o700;

/** Users whose files are read like the user's own. */
const trustedUsers = new Set<number>();

/**
 * Trusts the owner of a directory that a batch system has made for a job: the job's files in it may have been
 * transferred there as another user, and their content is checked by its hash.
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

/**
 * Whether no other user could have written a file. Always true where there are no user ids, as on Windows.
 */
export function isTrusted(stats: Stats): boolean {
  return process.getuid === undefined || (hasTrustedOwner(stats) && (stats.mode & WRITABLE_BY_OTHERS) === 0);
}

function hasTrustedOwner({ uid }: Stats): boolean {
  return uid === process.getuid?.() || trustedUsers.has(uid);
}

/**
 * Refuses a link, because condor-futures makes none that it reads.
 * @param error of opening the file with O_NOFOLLOW; others than ELOOP are ignored
 * @throws {OwnershipError}
 */
export function refuseLink(file: string, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ELOOP') return;
  throw new OwnershipError(
    `${file} is a symbolic link, which condor-futures has not made: it is not read`,
    file,
  );
}

/**
 * Reads a whole file; undefined if it is missing.
 * @throws {OwnershipError} if another user could have written it
 */
export async function readTrusted(calls: FileCalls, file: string): Promise<Buffer | undefined> {
  let descriptor;
  try {
    descriptor = await calls.open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    refuseLink(file, error);
    if (isMissing(error)) return undefined;
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

/**
 * Reads the end of a file, at most `limit` bytes.
 * @returns the bytes and their offset; undefined if the file cannot be read
 */
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

/** @returns fewer bytes than `length` if the file is truncated meanwhile */
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

/** File system calls by which outcomes are read. */
export interface FileCalls {
  lstat(path: string): Promise<fs.Stats>;
  /** @returns a descriptor */
  open(path: string, flags: number): Promise<number>;
  fstat(descriptor: number): Promise<fs.Stats>;
  /** @returns the number of bytes read */
  read(descriptor: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number>;
  close(descriptor: number): Promise<void>;
}

// Marked as pure, so that esbuild leaves them out of dist/runner.cjs, which uses only the checks above.
const lstat = /* @__PURE__ */ promisify(fs.lstat) as FileCalls['lstat'];
const open = /* @__PURE__ */ promisify(fs.open) as FileCalls['open'];
const fstat = /* @__PURE__ */ promisify(fs.fstat) as FileCalls['fstat'];
const read = /* @__PURE__ */ promisify(fs.read) as (
  ...args: Parameters<FileCalls['read']>
) => Promise<{ bytesRead: number }>;

/** Asynchronous calls, for file systems that may block, for ever if a server is away. */
export const asyncFileCalls: FileCalls = {
  lstat,
  open,
  fstat,
  read: async (...args) => (await read(...args)).bytesRead,
  close: /* @__PURE__ */ promisify(fs.close),
};

/**
 * Synchronous calls, for local file systems, where a change of threads costs several times as much as the
 * call itself. They yield to the event loop every few milliseconds.
 */
export const syncFileCalls: FileCalls = {
  lstat: async (path) => {
    await yieldIfLong();
    return fs.lstatSync(path);
  },
  open: async (path, flags) => {
    await yieldIfLong();
    return fs.openSync(path, flags);
  },
  fstat: async (descriptor) => fs.fstatSync(descriptor),
  read: async (...args) => fs.readSync(...args),
  close: async (descriptor) => fs.closeSync(descriptor),
};

/** How long files are read before the event loop continues. */
const SLICE_MS = 5;

let sliceEnd: number | undefined;
let nextTurn: Promise<void> | undefined;

/** Waits for the next turn of the event loop if the current one has been long. */
async function yieldIfLong(): Promise<void> {
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

/**
 * Refuses a directory that cannot hold job sets; one that does not exist yet is accepted.
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
 * Makes a directory and its parents, if missing, for the user alone.
 * @returns whether the directory is new
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

/** Not by mkdir's `recursive`, which reports ENOENT on a read-only file system. */
function makeWithParents(directory: string): boolean {
  if (statOf(directory) !== undefined) return false;
  const parent = dirname(directory);
  if (parent !== directory) makeWithParents(parent);
  try {
    mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    return true;
  } catch (error) {
    // Another process made it meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function statOf(directory: string): Stats | undefined {
  try {
    return statSync(directory);
  } catch (error) {
    if (isMissing(error)) return undefined;
    const { message } = error as Error;
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
