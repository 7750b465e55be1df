import { createHash } from 'node:crypto';

const MAGIC = 'condor-futures sealed ';
/** Behind the magic words: SHA-256 of what follows, in hex, and a line break. */
const HASH_LENGTH = 64;
const HEADER_LENGTH = MAGIC.length + HASH_LENGTH + 1;

/** Bytes that tell by themselves whether they are whole. */
export function seal(bytes: Uint8Array): Buffer {
  return sealInPlace(Buffer.concat([ROOM_FOR_SEAL, bytes]));
}

/** What {@link sealInPlace} writes its seal over: large bytes need not be copied to be sealed. */
export const ROOM_FOR_SEAL: Uint8Array = Buffer.alloc(HEADER_LENGTH);

/** @param bytes after {@link ROOM_FOR_SEAL} */
export function sealInPlace(bytes: Buffer): Buffer {
  bytes.write(`${MAGIC}${hashOf(bytes.subarray(HEADER_LENGTH))}\n`, 'latin1');
  return bytes;
}

/**
 * What was sealed; undefined if it is cut off or has holes, as a file can be after a crash of its machine or file server, although it
 * was synced and renamed.
 */
export function unseal(sealed: Uint8Array): Uint8Array | undefined {
  const header = Buffer.from(sealed.buffer, sealed.byteOffset, Math.min(HEADER_LENGTH, sealed.length));
  const bytes = sealed.subarray(HEADER_LENGTH);
  return header.toString('latin1') === `${MAGIC}${hashOf(bytes)}\n` ? bytes : undefined;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
