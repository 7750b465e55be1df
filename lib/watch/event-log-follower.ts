import { type FileHandle, open } from 'node:fs/promises';
import type { JobEvent, ParsedEvents } from '../batch/batch-system.ts';

/** A network filesystem may show zeros for what another machine has just written; after so many looks, they are what is there. */
const LOOKS_AT_ZEROS = 10;

/** How much of what was read last is read again, to see that the log is still the same. */
const FINGERPRINT_BYTES = 256;

/** What one look reads at the most; the next look goes on from there. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Reads a growing event log from where it stopped last; a torn last event is left for the next time. */
export class EventLogFollower {
  readonly #file: string;
  readonly #parse: (bytes: Buffer) => ParsedEvents;
  #offset = 0;
  /** What stood before the offset. */
  #fingerprint: Buffer = Buffer.alloc(0);
  #looksAtZeros = 0;

  constructor(file: string, parse: (bytes: Buffer) => ParsedEvents) {
    this.#file = file;
    this.#parse = parse;
  }

  /** The events that are new since the last call. */
  async read(): Promise<JobEvent[]> {
    const handle = await open(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (handle === undefined) return [];
    try {
      return await this.#readFrom(handle);
    } finally {
      await handle.close();
    }
  }

  async #readFrom(handle: FileHandle): Promise<JobEvent[]> {
    const { size } = await handle.stat();
    // Truncated, rotated or replaced, and perhaps longer than it was: begin again, since an event seen twice does no harm. Its inode
    // would not tell: some filesystems change them.
    if (size < this.#offset || !(await this.#isSame(handle))) this.#offset = 0;
    const found: JobEvent[] = [];
    while (this.#offset < size) {
      const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, size - this.#offset));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, this.#offset);
      const { events, consumed } = this.#parse(this.#untilZeros(bytes.subarray(0, bytesRead)));
      for (const event of events) found.push(event);
      if (consumed === 0) break;
      this.#offset += consumed;
      this.#fingerprint = Buffer.from(bytes.subarray(Math.max(0, consumed - FINGERPRINT_BYTES), consumed));
    }
    return found;
  }

  #untilZeros(bytes: Buffer): Buffer {
    const zeros = bytes.indexOf(0);
    this.#looksAtZeros = zeros === -1 ? 0 : this.#looksAtZeros + 1;
    return zeros === -1 || this.#looksAtZeros > LOOKS_AT_ZEROS ? bytes : bytes.subarray(0, zeros);
  }

  async #isSame(handle: FileHandle): Promise<boolean> {
    const { length } = this.#fingerprint;
    if (this.#offset === 0) return true;
    const found = Buffer.alloc(length);
    await handle.read(found, 0, length, this.#offset - length);
    return found.equals(this.#fingerprint);
  }
}
