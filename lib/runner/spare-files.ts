import { closeSync, open, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFile } from '../job-set/write-whole.ts';

/** How many there are at the most. */
const MOST = 4;

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
    while (!this.#ended && this.#spares.length + this.#coming < MOST) {
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
