import { open, readFile, truncate } from 'node:fs/promises';
import { archiveFile } from './names.ts';

/**
 * What came of a call. `outcome`: the bytes of the outcome of its last job; `failed`: the encoded error that there was instead; `cancelled`: nothing.
 */
export interface Settled {
  readonly call: number;
  readonly kind: 'outcome' | 'failed' | 'cancelled';
  readonly bytes: Uint8Array;
}

const KINDS = ['outcome', 'failed', 'cancelled'] as const;

/** Before the bytes of a record: a mark, its kind, the number of the call, and the number of bytes. */
const HEADER_BYTES = 16;
const MARK = 0x43465231;

/** Keeps what came of calls whose files are removed, in one file, for a process that looks after the job set later. */
export class Archive {
  readonly #file: string;
  #waiting: {
    readonly record: Buffer;
    readonly onWritten: () => void;
    readonly onError: (error: unknown) => void;
  }[] = [];
  #working: Promise<void> | undefined;

  constructor(directory: string) {
    this.#file = archiveFile(directory);
  }

  /** Resolves when it is on the disk; what is added in one tick is written at once. */
  async add(settled: Settled): Promise<void> {
    return new Promise((onWritten, onError) => {
      this.#waiting.push({ record: encode(settled), onWritten, onError });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        await append(this.#file, Buffer.concat(group.map(({ record }) => record)));
        for (const { onWritten } of group) onWritten();
      } catch (error) {
        for (const { onError } of group) onError(error);
      }
    }
    this.#working = undefined;
  }
}

/** All records that are whole; one that is not, as after a crash, is cut off, so that others can follow. */
export async function readArchive(directory: string): Promise<Settled[]> {
  const file = archiveFile(directory);
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const records: Settled[] = [];
  let end = 0;
  for (let next = decode(bytes, 0); next !== undefined; next = decode(bytes, end)) {
    records.push(next);
    end += HEADER_BYTES + next.bytes.length;
  }
  if (end < bytes.length) await truncate(file, end);
  return records;
}

async function append(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  const { size } = await handle.stat();
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } catch (error) {
    // A part of a record would hide those after it.
    await handle.truncate(size).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

function encode({ call, kind, bytes }: Settled): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MARK, 0);
  header.writeUInt32LE(KINDS.indexOf(kind), 4);
  header.writeUInt32LE(call, 8);
  header.writeUInt32LE(bytes.length, 12);
  return Buffer.concat([header, bytes]);
}

function decode(bytes: Buffer, start: number): Settled | undefined {
  if (bytes.length < start + HEADER_BYTES || bytes.readUInt32LE(start) !== MARK) return undefined;
  const kind = KINDS[bytes.readUInt32LE(start + 4)];
  const begin = start + HEADER_BYTES;
  const end = begin + bytes.readUInt32LE(start + 12);
  if (kind === undefined || end > bytes.length) return undefined;
  return { call: bytes.readUInt32LE(start + 8), kind, bytes: bytes.subarray(begin, end) };
}
