import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** A file as it is on the disk now; the same object as long as the file does not change. */
export interface SourceFile {
  readonly path: string;
  /** Without a byte order mark, as Node compiles it. */
  readonly text: string;
  readonly hash: string;
}

/** @returns undefined if there is no such file, or it cannot be read */
export function readSource(path: string): SourceFile | undefined {
  try {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs} ${size}`;
    const known = files.get(path);
    if (known?.stamp === stamp) return known;
    const bytes = readFileSync(path);
    const file = {
      path,
      stamp,
      text: bytes.toString().replace(/^\uFEFF/, ''),
      hash: hashOf(bytes),
    };
    remember(path, file);
    return file;
  } catch {
    return undefined;
  }
}

/** SHA-256 in hexadecimal. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

const files = new Map<string, SourceFile & { readonly stamp: string }>();
/** More files than a program is likely to take functions from, and few enough to keep their texts. */
const MOST_FILES = 64;

function remember(path: string, file: SourceFile & { readonly stamp: string }): void {
  files.delete(path);
  files.set(path, file);
  for (const oldest of files.keys()) {
    if (files.size <= MOST_FILES) break;
    files.delete(oldest);
  }
}
