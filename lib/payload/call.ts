import { createHash } from 'node:crypto';
import { DefaultSerializer, deserialize, serialize } from 'node:v8';
import { PayloadError } from '../base/errors.ts';
import type { CaptureOptions } from './capture/capture-options.ts';
import type { OtherNode } from './format.ts';
import type { Scene } from './scene.ts';
import type { EncodedThrown } from './thrown-values.ts';

/** Raised when the bytes change their meaning: both sides of a call must have the same one. */
export const PAYLOAD_VERSION = 4;

/** How both sides treat functions; what the call returns is captured by the same rules as what it is given. */
export interface CallOptions {
  readonly capture: CaptureOptions;
  readonly otherNode: OtherNode;
  /** How long each call may run, in milliseconds. */
  readonly timeLimit?: number | undefined;
  /** The URL of the program that submits, which its jobs must not run again; empty if there is none. */
  readonly main: string;
}

/** One call, or several calls of one function that share a job (a chunk). */
export interface EncodedCall {
  readonly version: number;
  /** The content hash of the function's bytes. */
  readonly function: string;
  readonly items: readonly CallItem[];
  readonly options: CallOptions;
}

/**
 * The argument list of a call, as bytes or, where it has no objects, as it is; or the function and the argument list in one, as
 * `[fn, args]`, where they share objects; or why the call cannot be made.
 */
export type CallItem =
  | { readonly arguments: Uint8Array }
  | { readonly primitives: readonly unknown[] }
  | { readonly call: Uint8Array }
  | { readonly thrown: EncodedThrown };

/** What came of one call. */
export type ItemOutcome =
  | { readonly value: Uint8Array }
  /** A value that is no object, as it is. */
  | { readonly primitive: unknown }
  /** Of a map's component, also the scene, unless that could not be recorded. */
  | { readonly thrown: EncodedThrown; readonly scene?: Scene | undefined }
  /** It ran for longer than so many milliseconds; or it was not begun, as one before it did. */
  | { readonly timeLimit: number; readonly begun: boolean };

/** What the runner writes: what came of each call of its job, with who, where and when. */
export interface EncodedOutcome {
  readonly version: number;
  readonly items: readonly ItemOutcome[];
  readonly host: string;
  readonly pid: number;
  readonly nodeVersion: string;
  /** Milliseconds since 1970 by the execute machine's clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  readonly peakMemoryBytes: number;
}

export function encodeCall(call: Omit<EncodedCall, 'version'>): Buffer {
  return serialize({ version: PAYLOAD_VERSION, ...call } satisfies EncodedCall);
}

/** @throws {PayloadError} if another version wrote the bytes, or they are not a call */
export function decodeCall(bytes: Uint8Array): EncodedCall {
  return decodeVersioned(bytes, 'call') as EncodedCall;
}

export function encodeOutcome(outcome: Omit<EncodedOutcome, 'version'>): Buffer {
  const serializer = new DefaultSerializer();
  serializer.writeRawBytes(ROOM_FOR_SEAL);
  serializer.writeHeader();
  serializer.writeValue({ version: PAYLOAD_VERSION, ...outcome } satisfies EncodedOutcome);
  return sealInPlace(serializer.releaseBuffer());
}

/**
 * @returns undefined if the bytes are torn, which may pass where another machine wrote them
 * @throws {PayloadError} if another version wrote the bytes, or they are not an outcome
 */
export function decodeOutcome(bytes: Uint8Array): EncodedOutcome | undefined {
  const whole = unseal(bytes);
  return whole === undefined ? undefined : (decodeVersioned(whole, 'outcome') as EncodedOutcome);
}

function decodeVersioned(bytes: Uint8Array, what: string): { readonly version?: number } {
  let decoded: { readonly version?: number } | null;
  try {
    decoded = deserialize(bytes) as typeof decoded;
  } catch (error) {
    throw new PayloadError(
      `The ${what} of ${bytes.length} bytes cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
  if (decoded?.version !== PAYLOAD_VERSION) {
    throw new PayloadError(
      `The ${what} has format ${String(decoded?.version)}, this version of condor-futures reads ${PAYLOAD_VERSION}`,
    );
  }
  return decoded;
}

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
