import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { PayloadError } from '../base/errors.ts';
import { functionFile, inputsFile, resultFile } from '../job-set/names.ts';
import { checkOwnership, refuseLink } from '../job-set/trusted-files.ts';
import { decodeCall, decodeOutcome, type EncodedCall, type EncodedOutcome } from '../payload/call.ts';

/** A network filesystem may show a file of another machine some seconds late. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 200;

/** A job's calls and the function that they call. */
export interface JobInput {
  readonly call: EncodedCall;
  /** The function's bytes. */
  readonly fn: Uint8Array;
}

/** Where a call lies in the job set, and what its bytes hash to. */
export interface CallLocation {
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

/**
 * Reads what the job is to do.
 * @throws {OwnershipError} if another user could have written any of it
 * @throws {PayloadError} if it is not what was submitted
 */
export function readJob(directory: string, location: CallLocation): JobInput {
  const call = readCall(directory, location);
  return { call, fn: readFunction(directory, call.function) };
}

/** As {@link readJob}, without the function. */
export function readCall(directory: string, { batch, offset, length, hash }: CallLocation): EncodedCall {
  checkOwnership(
    directory,
    patiently(() => lstatSync(directory)),
  );
  const inputs = inputsFile(directory, batch);
  return decodeCall(checkHash(inputs, readTrusted(inputs, offset, length), hash));
}

/** As {@link readJob}, of the function alone. */
export function readFunction(directory: string, hash: string): Uint8Array {
  const file = functionFile(directory, hash);
  return checkHash(file, readTrusted(file), hash);
}

/**
 * What came of another call, whose result the job needs.
 * @throws {OwnershipError} if another user could have written it; {@link PayloadError} if it is not whole
 */
export function readResult(directory: string, call: string): EncodedOutcome {
  const file = resultFile(directory, call);
  return patiently(() => {
    const outcome = decodeOutcome(readTrusted(file));
    if (outcome === undefined) throw new TornResultError(`${file} is torn`);
    return outcome;
  });
}

/** Of a network filesystem, it may be whole a moment later. */
class TornResultError extends PayloadError {
  readonly code = 'ESTALE';
}

/** The bytes themselves, which are what is run, not what the file may hold by then. */
function checkHash(file: string, bytes: Buffer, hash: string): Buffer {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (hash.length < 32 || !found.startsWith(hash)) {
    throw new PayloadError(`${file} does not hold what was submitted: its hash is ${found}, not ${hash}…`);
  }
  return bytes;
}

function readTrusted(file: string, offset = 0, length?: number): Buffer {
  const descriptor = patiently(() => openFile(file));
  try {
    checkOwnership(file, fstatSync(descriptor));
    if (length === undefined) return readFileSync(descriptor);
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const read = readSync(descriptor, bytes, done, length - done, offset + done);
      if (read === 0) throw new PayloadError(`${file} ends at ${offset + done}, before the end of the call`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    refuseLink(file, error);
    throw error;
  }
}

/** Tries again for a while if what is asked for is not there. */
function patiently<T>(act: () => T): T {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return act();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ESTALE') || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
