import { createHash } from 'node:crypto';

/** @returns the SHA-256 of the content, as 64 hexadecimal digits */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
