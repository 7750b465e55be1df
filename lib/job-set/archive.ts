import { constants } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { ignoreMissing } from '../base/missing-files.ts';
import { archiveFile } from './names.ts';
import { checkOwnership, refuseLink } from './trusted-files.ts';

/**
 * The end of a call. Its bytes are the outcome of its last job (`outcome`), an encoded error (`failed`), or
 * empty (`cancelled`).
 */
export interface Settled {
  readonly call: number;
  /** Number of the last attempt, if it was recorded. */
  readonly attempt?: number;
  readonly kind: 'outcome' | 'failed' | 'cancelled';
  readonly bytes: Uint8Array;
}

const KINDS = ['outcome', 'failed', 'cancelled'] as const;

/**
 * Header of a record: a mark, its kind (in the lowest byte) and attempt, the number of the call, and the
 * number of bytes.
 */
const HEADER_BYTES = 16;
const MARK = 0x43465231;

/**
 * Records the ends of calls whose files are deleted, in one file, for processes that attach to the job set
 * later.
 */
export class Archive {
  readonly #file: string;
  #pending: {
    readonly record: Buffer;
    readonly onWritten: (offset: number) => void;
    readonly onError: (error: unknown) => void;
  }[] = [];
  #writing: Promise<void> | undefined;

  constructor(directory: string) {
    this.#file = archiveFile(directory);
  }

  /**
   * Appends a record; records added in one tick are written together.
   * @returns the offset of the record, once it is on the disk
   */
  async add(settled: Settled): Promise<number> {
    return new Promise((onWritten, onError) => {
      this.#pending.push({ record: encode(settled), onWritten, onError });
      this.#writing ??= this.#writePending();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #writePending(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0);
      try {
        let offset = await append(this.#file, Buffer.concat(group.map(({ record }) => record)));
        for (const { record, onWritten } of group) {
          onWritten(offset);
          offset += record.length;
        }
      } catch (error) {
        for (const { onError } of group) onError(error);
      }
    }
    this.#writing = undefined;
  }
}

/** Bytes read at once, because all results of a job set may not fit into one buffer. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Reads all whole records. Cuts off a torn one, as a crash leaves it, so that others can be appended. */
export async function repairArchive(directory: string, chunkBytes: number = CHUNK_BYTES): Promise<Settled[]> {
  return (await read(directory, 0, chunkBytes, true)).records;
}

/**
 * Reads the whole records from an offset on; while another process is writing, the last one may be torn, and is
 * left out.
 * @param from end of an earlier read
 */
export async function readArchive(
  directory: string,
  from: number = 0,
): Promise<{ readonly records: Settled[]; readonly end: number }> {
  return read(directory, from, CHUNK_BYTES, false);
}

async function read(
  directory: string,
  from: number,
  chunkBytes: number,
  cutsTorn: boolean,
): Promise<{ records: Settled[]; end: number }> {
  const file = archiveFile(directory);
  const handle = await open(file).catch(ignoreMissing);
  const records: Settled[] = [];
  if (handle === undefined) return { records, end: 0 };
  try {
    const { size } = await handle.stat();
    const end = await readRecords(handle, from, size, chunkBytes, records);
    if (cutsTorn && end < size) await truncate(file, end);
    return { records, end };
  } finally {
    await handle.close();
  }
}

/** The offsets of all records of an archive. */
export function* positionsOf(records: readonly Settled[]): Generator<[Settled, number]> {
  let offset = 0;
  for (const record of records) {
    yield [record, offset];
    offset += HEADER_BYTES + record.bytes.length;
  }
}

/**
 * Reads the record of a call; undefined if it is not there.
 * @param offset of the record
 * @throws {OwnershipError} if another user could have written it
 */
export async function readRecord(
  directory: string,
  call: number,
  offset: number,
): Promise<Settled | undefined> {
  const file = archiveFile(directory);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    refuseLink(file, error);
    throw error;
  });
  try {
    checkOwnership(file, await handle.stat());
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, offset);
    if (header.readUInt32LE(0) !== MARK) return undefined;
    const bytes = Buffer.alloc(HEADER_BYTES + header.readUInt32LE(12));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    const record = decode(bytes.subarray(0, bytesRead), 0);
    return record?.call === call ? record : undefined;
  } finally {
    await handle.close();
  }
}

/** @returns the end of the last whole record */
async function readRecords(
  handle: FileHandle,
  from: number,
  size: number,
  chunkBytes: number,
  records: Settled[],
): Promise<number> {
  let end = from;
  for (let wanted = chunkBytes; end < size;) {
    const bytes = Buffer.alloc(Math.min(wanted, size - end));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, end);
    const found = bytes.subarray(0, bytesRead);
    let length = 0;
    for (let next = decode(found, 0); next !== undefined; next = decode(found, length)) {
      records.push(next);
      length += HEADER_BYTES + next.bytes.length;
    }
    end += length;
    if (length > 0) wanted = chunkBytes;
    else {
      // The record is longer than a chunk, or torn.
      const needed = HEADER_BYTES + (found.length < HEADER_BYTES ? 0 : found.readUInt32LE(12));
      if (bytesRead === 0 || needed <= found.length || needed > size - end) break;
      wanted = needed;
    }
  }
  return end;
}

/** @returns the offset of the bytes */
async function append(file: string, bytes: Buffer): Promise<number> {
  const handle = await open(file, 'a', 0o600);
  try {
    const { size } = await handle.stat();
    await appendWhole(handle, bytes, size);
    return size;
  } finally {
    await handle.close();
  }
}

async function appendWhole(handle: FileHandle, bytes: Buffer, size: number): Promise<void> {
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } catch (error) {
    // A torn record would hide the records after it.
    await handle.truncate(size).catch(() => {});
    throw error;
  }
}

function encode({ call, attempt = 0, kind, bytes }: Settled): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MARK, 0);
  header.writeUInt32LE(KINDS.indexOf(kind) + attempt * 256, 4);
  header.writeUInt32LE(call, 8);
  header.writeUInt32LE(bytes.length, 12);
  return Buffer.concat([header, bytes]);
}

function decode(bytes: Buffer, start: number): Settled | undefined {
  if (bytes.length < start + HEADER_BYTES || bytes.readUInt32LE(start) !== MARK) return undefined;
  const kind = KINDS[bytes.readUInt8(start + 4)];
  const attempt = bytes.readUInt32LE(start + 4) >>> 8;
  const begin = start + HEADER_BYTES;
  const end = begin + bytes.readUInt32LE(start + 12);
  if (kind === undefined || end > bytes.length) return undefined;
  const call = bytes.readUInt32LE(start + 8);
  return { call, ...(attempt > 0 && { attempt }), kind, bytes: bytes.subarray(begin, end) };
}
