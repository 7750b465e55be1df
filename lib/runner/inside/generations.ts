import { mkdirSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generationBefore } from '../../job-set/names.ts';
import { asyncFileCalls, PRIVATE_DIRECTORY, readTrusted } from '../../job-set/trusted-files.ts';
import { writeWhole } from '../../job-set/whole-files.ts';
import { seal, unseal } from '../../payload/call.ts';

/**
 * A file of which there is a whole one at any instant, once there was one: the one before stays until the next one is on the disk. Processes
 * that write it at once replace each other's.
 */
export class Generations {
  readonly file: string;
  /** Whether the newest can be relied on; undefined as long as nobody has looked. */
  #isWhole: boolean | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * The bytes that were written last; of another generation, if that is torn or does not please.
   * @throws {OwnershipError} if another user could have written them; what the filesystem says
   */
  async read<T>(decode: (bytes: Uint8Array) => Promise<T | undefined>): Promise<T | undefined> {
    const newest = await readWhole(this.file);
    const decoded = newest && (await decode(newest));
    this.#isWhole = decoded !== undefined;
    if (decoded !== undefined) return decoded;
    const before = await readWhole(generationBefore(this.file));
    return before && (await decode(before));
  }

  /** @param onDropped gets the bytes of the generation that was given up for this one, if there was one, once this one is there */
  async write(bytes: Uint8Array, onDropped?: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    this.#isWhole ??= (await readWhole(this.file)) !== undefined;
    let dropped: Uint8Array | undefined;
    if (this.#isWhole) {
      const before = generationBefore(this.file);
      const last = onDropped && (await readWhole(before));
      // Another process may have been faster: then that has dropped the last one.
      if (await move(this.file, before)) dropped = last;
    }
    this.#isWhole = false;
    await writeWhole(this.file, seal(bytes));
    this.#isWhole = true;
    if (dropped !== undefined) await onDropped?.(dropped);
  }
}

/** Undefined if there is none, or if it is torn. */
async function readWhole(file: string): Promise<Uint8Array | undefined> {
  let sealed = await readTrusted(asyncFileCalls, file);
  if (sealed === undefined) {
    // A network filesystem may remember for a while that there was none; unless it is asked what there is.
    await readdir(dirname(file)).catch(() => []);
    sealed = await readTrusted(asyncFileCalls, file);
  }
  return sealed && unseal(sealed);
}

async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Writes one thing after the other. Of those that come while one is being written, only the last is. */
export class WriteQueue<T> {
  readonly #write: (value: T) => Promise<void>;
  #next: { value: T; readonly done: Promise<void> } | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(write: (value: T) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when it, or what has come in its place, is written. */
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

  /** Resolves when nothing is left to be written. */
  async idle(): Promise<void> {
    await this.#idle;
  }
}

/** Makes directories, each in the one before; but not the job set again, where that has been removed. */
export function makeDirectoriesSync(...directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
