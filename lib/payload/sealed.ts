import { createHash } from 'node:crypto';

const MAGIC = 'condor-futures sealed ';
/** Behind the magic words: SHA-256 of what follows, in hex, and a line break. */
const HASH_LENGTH = 64;
const HEADER_LENGTH = MAGIC.length + HASH_LENGTH + 1;

/** Bytes that tell by themselves whether they are whole. */
export function seal(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${MAGIC}${hashOf(bytes)}\n`), bytes]);
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
