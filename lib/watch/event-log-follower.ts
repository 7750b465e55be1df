import { type FileHandle, open } from 'node:fs/promises';
import { ignoreMissing } from '../base/missing-files.ts';
import type { JobEvent, ParsedEvents } from '../batch/batch-system.ts';

/**
 * Number of reads that stop at zeros, which a network file system may show for what another machine has just
 * written. Later reads take them as content.
 */
const READS_BEFORE_ZEROS = 10;

/** Number of bytes before the offset that are compared, to notice that the log was replaced. */
const FINGERPRINT_BYTES = 256;

/** Bytes read at once. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Reads a growing event log from where the last read stopped, for all who have subscribed. A torn last event is
 * left for the next read.
 */
export class EventLogFollower {
  readonly #file: string;
  /** Changes when another batch system of the same kind gets the jobs. */
  parse: (bytes: Buffer) => ParsedEvents;
  readonly #listeners = new Set<(event: JobEvent) => void>();
  #lastRead: Promise<unknown> = Promise.resolve();
  #isOld = false;
  #offset = 0;
  /** The last bytes before the offset. */
  #fingerprint: Buffer = Buffer.alloc(0);
  #readsWithZeros = 0;

  constructor(file: string, parse: (bytes: Buffer) => ParsedEvents) {
    this.#file = file;
    this.parse = parse;
  }

  /**
   * Adds a listener, which gets all events from the first one on. The others get them again, in their order,
   * which does no harm.
   * @returns a function that removes it
   */
  subscribe(listener: (event: JobEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#isOld = true;
    return () => this.#listeners.delete(listener);
  }

  /** Reads the new events, and passes them to the listeners; one read at a time. */
  async read(): Promise<JobEvent[]> {
    const read = this.#lastRead.then(async () => this.#read());
    this.#lastRead = read.catch(() => {});
    return read;
  }

  async #read(): Promise<JobEvent[]> {
    const handle = await open(this.#file).catch(ignoreMissing);
    if (handle === undefined) return [];
    try {
      if (this.#isOld) this.#offset = 0;
      this.#isOld = false;
      const events = await this.#readFrom(handle);
      for (const event of events) for (const listener of this.#listeners) listener(event);
      return events;
    } finally {
      await handle.close();
    }
  }

  async #readFrom(handle: FileHandle): Promise<JobEvent[]> {
    const { size } = await handle.stat();
    // If the log was truncated, rotated or replaced, all of it is read again, because an event seen twice
    // does no harm. The inode cannot be compared, because some file systems change it.
    if (size < this.#offset || !(await this.#isSame(handle))) this.#offset = 0;
    const found: JobEvent[] = [];
    while (this.#offset < size) {
      const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - this.#offset));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, this.#offset);
      const { events, consumed } = this.parse(this.#untilZeros(bytes.subarray(0, bytesRead)));
      for (const event of events) found.push(event);
      if (consumed === 0) break;
      this.#offset += consumed;
      this.#fingerprint = Buffer.from(bytes.subarray(Math.max(0, consumed - FINGERPRINT_BYTES), consumed));
    }
    return found;
  }

  #untilZeros(bytes: Buffer): Buffer {
    const zeros = bytes.indexOf(0);
    this.#readsWithZeros = zeros === -1 ? 0 : this.#readsWithZeros + 1;
    return zeros === -1 || this.#readsWithZeros > READS_BEFORE_ZEROS ? bytes : bytes.subarray(0, zeros);
  }

  async #isSame(handle: FileHandle): Promise<boolean> {
    const { length } = this.#fingerprint;
    if (this.#offset === 0) return true;
    const found = Buffer.alloc(length);
    await handle.read(found, 0, length, this.#offset - length);
    return found.equals(this.#fingerprint);
  }
}
