import { closeSync, fsync, open, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isForbidden, syncIfAllowed, temporaryFile, writeWholeSync } from '../../job-set/whole-files.ts';

/** While the disk takes longer than this, files are synced during the next calls. */
const SLOW_MS = 0.5;
/** Number of files synced at once; leaves one of libuv's four threads to the calls. */
const MAX_PENDING = 3;
/** Number of empty files made in advance. */
const MAX_SPARES = 4;

interface PendingFile {
  readonly file: string;
  readonly temporary: string;
  readonly descriptor: number;
  readonly onError: (error: Error) => void;
}

/**
 * Writes outcomes like {@link writeWholeSync}, but does not wait for a slow disk: a file gets its name when
 * it is on the disk, which may be some calls later.
 */
export class OutcomeQueue {
  readonly #pending = new Set<PendingFile>();
  readonly #spares: SpareFiles;
  #isSlow = false;
  #onChange: () => void = () => {};

  /** @param directory of the files */
  constructor(directory: string) {
    this.#spares = new SpareFiles(directory);
  }

  /**
   * @param onError is called with an error that occurs after this has returned
   * @throws an error that occurs before
   */
  write(file: string, bytes: Uint8Array, onError: (error: Error) => void): void {
    if (!this.#isSlow) {
      const before = performance.now();
      writeWholeSync(file, bytes);
      this.#isSlow = performance.now() - before > SLOW_MS;
      return;
    }
    const temporary = temporaryFile(file);
    const descriptor = this.#spares.take(temporary) ?? openSync(temporary, 'wx', 0o600);
    const pending = { file, temporary, descriptor, onError };
    this.#pending.add(pending);
    try {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
      this.#sync(pending);
    } catch (error) {
      this.#discard(pending);
      throw error;
    }
  }

  /** Resolves when another file may be written. */
  async room(): Promise<void> {
    await this.#waitUntilPending(MAX_PENDING - 1);
  }

  /** Resolves when all files are whole. */
  async idle(): Promise<void> {
    await this.#waitUntilPending(0);
    this.#spares.end();
  }

  /** Finishes all files synchronously, while the process exits. */
  finishNow(): void {
    this.#spares.end();
    for (const pending of this.#pending) {
      try {
        syncIfAllowed(pending.descriptor);
        this.#finish(pending);
      } catch (error) {
        this.#fail(pending, error as Error);
      }
    }
  }

  async #waitUntilPending(count: number): Promise<void> {
    while (this.#pending.size > count) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  #sync(pending: PendingFile): void {
    const before = performance.now();
    fsync(pending.descriptor, (error) => {
      if (!this.#pending.has(pending)) return;
      this.#isSlow = performance.now() - before > SLOW_MS;
      if (error !== null && !isForbidden(error)) return this.#fail(pending, error);
      try {
        this.#finish(pending);
      } catch (cause) {
        this.#fail(pending, cause as Error);
      }
    });
  }

  #finish(pending: PendingFile): void {
    renameSync(pending.temporary, pending.file);
    this.#close(pending);
  }

  #fail(pending: PendingFile, error: Error): void {
    this.#discard(pending);
    pending.onError(error);
  }

  /** Deletes the temporary file at once, because a full disk needs its space for the error. */
  #discard(pending: PendingFile): void {
    this.#close(pending);
    unlinkIfPossible(pending.temporary);
  }

  #close(pending: PendingFile): void {
    this.#pending.delete(pending);
    closeSync(pending.descriptor);
    this.#onChange();
  }
}

interface SpareFile {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Empty files of a directory, made in advance while calls run: on a disk that is being synced, making a file
 * can take many times as long as renaming it.
 */
export class SpareFiles {
  readonly #directory: string;
  readonly #spares: SpareFile[] = [];
  /** Number of files being made. */
  #opening = 0;
  #ended = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Gives one of the files a name.
   * @returns its descriptor, open for writing; undefined if no file is ready
   */
  take(path: string): number | undefined {
    const spare = this.#spares.pop();
    this.#fill();
    if (spare === undefined) return undefined;
    try {
      renameSync(spare.path, path);
      return spare.descriptor;
    } catch {
      closeSync(spare.descriptor);
      return undefined;
    }
  }

  /** Deletes the unused files. */
  end(): void {
    this.#ended = true;
    for (const spare of this.#spares.splice(0)) discardSpare(spare);
  }

  #fill(): void {
    while (!this.#ended && this.#spares.length + this.#opening < MAX_SPARES) {
      const path = temporaryFile(join(this.#directory, 'spare'));
      this.#opening += 1;
      open(path, 'wx', 0o600, (error, descriptor) => {
        this.#opening -= 1;
        // If no file can be made, writing the next outcome reports why.
        if (error !== null) return;
        if (this.#ended) discardSpare({ path, descriptor });
        else this.#spares.push({ path, descriptor });
      });
    }
  }
}

function discardSpare({ path, descriptor }: SpareFile): void {
  closeSync(descriptor);
  unlinkIfPossible(path);
}

function unlinkIfPossible(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // A leftover file does no harm.
  }
}
