import { DefaultSerializer, deserialize, serialize } from 'node:v8';
import { PayloadError } from '../base/errors.ts';
import { hashOf } from '../base/hash.ts';
import type { CaptureOptions } from './capture/capture-options.ts';
import type { OtherNode } from './format.ts';
import type { ImportReference } from './reference/reference.ts';
import type { Scene } from './scene.ts';
import type { EncodedThrown } from './thrown-values.ts';

/** Increased whenever the bytes change their meaning; both sides of a call must have the same version. */
const PAYLOAD_VERSION = 5;

const MAGIC = 'condor-futures sealed ';
/** Length of the SHA-256 of the sealed bytes, in hex, which follows the magic words; a line break ends it. */
const HASH_LENGTH = 64;
const HEADER_LENGTH = MAGIC.length + HASH_LENGTH + 1;
/** Space that {@link sealInPlace} writes the seal over, so that large bytes need not be copied. */
const EMPTY_SEAL: Uint8Array = Buffer.alloc(HEADER_LENGTH);

/** Rules by which both sides treat functions, in the arguments of a call as in the value that it returns. */
export interface CallOptions {
  readonly capture: CaptureOptions;
  readonly otherNode: OtherNode;
  /** Longest run time of each call, in milliseconds. */
  readonly timeLimit?: number | undefined;
  /** Modules to import before anything else. */
  readonly preloads?: readonly ImportReference[] | undefined;
  /** URL of the program that submits, which its jobs must not run again; empty if there is none. */
  readonly main: string;
}

/** One call, or several calls of one function that share a job (a chunk). */
export interface EncodedCall {
  readonly version: number;
  /** The content hash of the function's bytes. */
  readonly function: string;
  readonly items: readonly CallItem[];
  readonly options: CallOptions;
  /** Id of a prepared function, which a process keeps, with its state, for later calls. */
  readonly kept?: string | undefined;
}

/** Arguments of one call, or the reason why it cannot be made. */
export type CallItem =
  /** The argument list as bytes. */
  | { readonly arguments: Uint8Array }
  /** An argument list without objects, as it is. */
  | { readonly primitives: readonly unknown[] }
  /** Bytes of `[fn, args]`, where function and arguments share objects. */
  | { readonly call: Uint8Array }
  | { readonly thrown: EncodedThrown };

/** Outcome of one call. */
export type ItemOutcome =
  | { readonly value: Uint8Array }
  /** A value that is no object, as it is. */
  | { readonly primitive: unknown }
  /** The scene is recorded for components of maps only, and only where it could be. */
  | { readonly thrown: EncodedThrown; readonly scene?: Scene | undefined }
  /** The call ran for longer than so many milliseconds, or was not begun because an earlier one did. */
  | { readonly timeLimit: number; readonly begun: boolean };

/** Outcomes of all calls of a job as the runner writes them, with the process, machine and times. */
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
  serializer.writeRawBytes(EMPTY_SEAL);
  serializer.writeHeader();
  serializer.writeValue({ version: PAYLOAD_VERSION, ...outcome } satisfies EncodedOutcome);
  return sealInPlace(serializer.releaseBuffer());
}

/**
 * @returns undefined if the bytes are torn, which may be temporary where another machine wrote them
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

/** Prefixes bytes with their hash, so that {@link unseal} can check that they are whole. */
export function seal(bytes: Uint8Array): Buffer {
  return sealInPlace(Buffer.concat([EMPTY_SEAL, bytes]));
}

/** @param bytes begin with {@link EMPTY_SEAL} */
function sealInPlace(bytes: Buffer): Buffer {
  bytes.write(`${MAGIC}${hashOf(bytes.subarray(HEADER_LENGTH))}\n`, 'latin1');
  return bytes;
}

/**
 * Returns the bytes that were sealed, or undefined if they are cut off or have holes. A file can have these
 * after its machine or file server crashed, although it was synced and renamed.
 */
export function unseal(sealed: Uint8Array): Uint8Array | undefined {
  const header = Buffer.from(sealed.buffer, sealed.byteOffset, Math.min(HEADER_LENGTH, sealed.length));
  const bytes = sealed.subarray(HEADER_LENGTH);
  return header.toString('latin1') === `${MAGIC}${hashOf(bytes)}\n` ? bytes : undefined;
}
