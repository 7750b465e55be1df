import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { progressFile } from './names.ts';
import { checkOwnership } from './ownership.ts';

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
