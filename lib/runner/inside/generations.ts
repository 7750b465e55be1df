import { mkdirSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../../base/missing-files.ts';
import { generationBefore } from '../../job-set/names.ts';
import { asyncFileCalls, PRIVATE_DIRECTORY, readTrusted } from '../../job-set/trusted-files.ts';
import { writeWhole } from '../../job-set/whole-files.ts';
import { seal, unseal } from '../../payload/call.ts';

/**
 * A file that is replaced now and then, and of which one generation is whole at any instant: the previous one
 * stays until the next is on the disk. Processes that write at the same time replace each other's
 * generations.
 */
export class Generations {
  readonly file: string;
  /** Whether the newest generation is whole; undefined until it was read or written. */
  #isWhole: boolean | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * Reads the newest generation, or the previous one if the newest is torn or `decode` returns undefined.
   * @throws {OwnershipError} if another user could have written them; the file system's errors
   */
  async read<T>(decode: (bytes: Uint8Array) => Promise<T | undefined>): Promise<T | undefined> {
    const newest = await readWhole(this.file);
    const decoded = newest && (await decode(newest));
    this.#isWhole = decoded !== undefined;
    if (decoded !== undefined) return decoded;
    const previous = await readWhole(generationBefore(this.file));
    return previous && (await decode(previous));
  }

  /**
   * @param onReplaced gets the bytes of the generation that was deleted for this one, if any, once this one
   * is written
   */
  async write(bytes: Uint8Array, onReplaced?: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    this.#isWhole ??= (await readWhole(this.file)) !== undefined;
    let replaced: Uint8Array | undefined;
    if (this.#isWhole) {
      const previous = generationBefore(this.file);
      const last = onReplaced && (await readWhole(previous));
      // If another process has moved the file, that process replaces the last generation.
      if (await moveIfThere(this.file, previous)) replaced = last;
    }
    this.#isWhole = false;
    await writeWhole(this.file, seal(bytes));
    this.#isWhole = true;
    if (replaced !== undefined) await onReplaced?.(replaced);
  }
}

/** @returns undefined if the file is missing or torn */
async function readWhole(file: string): Promise<Uint8Array | undefined> {
  let sealed = await readTrusted(asyncFileCalls, file);
  if (sealed === undefined) {
    // A network file system may cache for a while that the file is missing; listing the directory renews
    // that.
    await readdir(dirname(file)).catch(() => []);
    sealed = await readTrusted(asyncFileCalls, file);
  }
  return sealed && unseal(sealed);
}

async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Writes one value at a time. Of the values added during a write, only the last one is written. */
export class WriteQueue<T> {
  readonly #write: (value: T) => Promise<void>;
  #next: { value: T; readonly done: Promise<void> } | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(write: (value: T) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the value, or a later one that replaced it, is written. */
  async add(value: T): Promise<void> {
    if (this.#next !== undefined) {
      this.#next.value = value;
      return this.#next.done;
    }
    const done = this.#idle.then(async () => {
      const latest = this.#next?.value as T;
      this.#next = undefined;
      await this.#write(latest);
    });
    this.#next = { value, done };
    this.#idle = done.catch(() => {});
    return done;
  }

  /** Resolves when no value is pending. */
  async idle(): Promise<void> {
    await this.#idle;
  }
}

/**
 * Makes directories, each inside the previous one. Not recursive, so that a deleted job set is not made
 * again.
 */
export function makeDirectoriesSync(...directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
