import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { checkOwnership, refuseLink } from '../job-set/ownership.ts';
import { parseInbox, type InboxLine } from '../job-set/inbox.ts';

/** Reads what a worker is given, from where it stopped last. */
export class InboxReader {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The lines that are new. The file is opened each time: only then does a network filesystem look what others have written.
   * @throws {OwnershipError} if another user could have written it; what the filesystem says if it is gone
   */
  read(): readonly InboxLine[] {
    const descriptor = this.#open();
    try {
      const stats = fstatSync(descriptor);
      if (stats.size <= this.#offset) return [];
      checkOwnership(this.#file, stats);
      const bytes = Buffer.alloc(stats.size - this.#offset);
      const length = readSync(descriptor, bytes, 0, bytes.length, this.#offset);
      const { lines, consumed } = parseInbox(bytes.subarray(0, length));
      this.#offset += consumed;
      return lines;
    } finally {
      closeSync(descriptor);
    }
  }

  #open(): number {
    try {
      return openSync(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      refuseLink(this.#file, error);
      throw error;
    }
  }
}
