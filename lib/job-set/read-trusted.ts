import { constants } from 'node:fs';
import type { FileCalls } from './file-calls.ts';
import { checkOwnership, refuseLink } from './ownership.ts';

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
