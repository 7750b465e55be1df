import { closeSync, fsync, open, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isForbidden, syncIfAllowed, temporaryFile, writeWholeSync } from '../../job-set/whole-files.ts';

/** A disk that takes longer than this is waited for while the next call is made. */
const SLOW_MS = 0.5;
/** How many files are waited for at once; one thread of the four that libuv has is left to the calls. */
const MOST_WAITING = 3;

interface Unsynced {
  readonly file: string;
  readonly temporary: string;
  readonly descriptor: number;
  readonly onError: (error: Error) => void;
}

/**
 * Writes outcomes as {@link writeWholeSync} does, without waiting for a disk that is slow: a file gets its name when it is on the disk,
 * which may be some calls later.
 */
export class OutcomeQueue {
  readonly #unsynced = new Set<Unsynced>();
  readonly #spares: SpareFiles;
  #isSlow = false;
  #onChange: () => void = () => {};

  /** @param directory where the files are */
  constructor(directory: string) {
    this.#spares = new SpareFiles(directory);
  }

  /** @param onError gets what goes wrong later */
  write(file: string, bytes: Uint8Array, onError: (error: Error) => void): void {
    if (!this.#isSlow) {
      const before = performance.now();
      writeWholeSync(file, bytes);
      this.#isSlow = performance.now() - before > SLOW_MS;
      return;
    }
    const temporary = temporaryFile(file);
    const descriptor = this.#spares.take(temporary) ?? openSync(temporary, 'wx', 0o600);
    const unsynced = { file, temporary, descriptor, onError };
    this.#unsynced.add(unsynced);
    try {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
      this.#sync(unsynced);
    } catch (error) {
      this.#discard(unsynced);
      throw error;
    }
  }

  /** Resolves when so few are being waited for that another one may be written. */
  async room(most: number = MOST_WAITING - 1): Promise<void> {
    while (this.#unsynced.size > most) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  /** Resolves when all have their names. */
  async idle(): Promise<void> {
    await this.room(0);
    this.#spares.end();
  }

  /** While the process exits. */
  finishNow(): void {
    this.#spares.end();
    for (const unsynced of this.#unsynced) {
      try {
        syncIfAllowed(unsynced.descriptor);
        this.#finish(unsynced);
      } catch (error) {
        this.#fail(unsynced, error as Error);
      }
    }
  }

  #sync(unsynced: Unsynced): void {
    const before = performance.now();
    fsync(unsynced.descriptor, (error) => {
      if (!this.#unsynced.has(unsynced)) return;
      this.#isSlow = performance.now() - before > SLOW_MS;
      if (error !== null && !isForbidden(error)) return this.#fail(unsynced, error);
      try {
        this.#finish(unsynced);
      } catch (cause) {
        this.#fail(unsynced, cause as Error);
      }
    });
  }

  #finish(unsynced: Unsynced): void {
    renameSync(unsynced.temporary, unsynced.file);
    this.#drop(unsynced);
  }

  #fail(unsynced: Unsynced, error: Error): void {
    this.#discard(unsynced);
    unsynced.onError(error);
  }

  /** At once: a disk that is full is to have room for a few words. */
  #discard(unsynced: Unsynced): void {
    this.#drop(unsynced);
    try {
      unlinkSync(unsynced.temporary);
    } catch {
      // Litter.
    }
  }

  #drop(unsynced: Unsynced): void {
    this.#unsynced.delete(unsynced);
    closeSync(unsynced.descriptor);
    this.#onChange();
  }
}

/** How many there are at the most. */
const MOST_SPARE = 4;

interface Spare {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Empty files of a directory, made in advance while calls are being made: on a disk that is being synced, to make one can take many times as long as
 * to rename it.
 */
export class SpareFiles {
  readonly #directory: string;
  readonly #spares: Spare[] = [];
  #coming = 0;
  #ended = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** One of them under this name, open for writing; undefined if there is none just now. */
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

  /** Removes those that are left. */
  end(): void {
    this.#ended = true;
    for (const spare of this.#spares.splice(0)) discard(spare);
  }

  #fill(): void {
    while (!this.#ended && this.#spares.length + this.#coming < MOST_SPARE) {
      const path = temporaryFile(join(this.#directory, 'spare'));
      this.#coming += 1;
      open(path, 'wx', 0o600, (error, descriptor) => {
        this.#coming -= 1;
        // Where none can be made, the one that is needed says why.
        if (error !== null) return;
        if (this.#ended) discard({ path, descriptor });
        else this.#spares.push({ path, descriptor });
      });
    }
  }
}

function discard({ path, descriptor }: Spare): void {
  closeSync(descriptor);
  try {
    unlinkSync(path);
  } catch {
    // Litter.
  }
}
