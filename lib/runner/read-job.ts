import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { PayloadError } from '../base/errors.ts';
import { hashOf } from '../base/hash.ts';
import { functionFile, inputsFile, resultFile } from '../job-set/names.ts';
import { checkOwnership, refuseLink } from '../job-set/trusted-files.ts';
import { decodeCall, decodeOutcome, type EncodedCall, type EncodedOutcome } from '../payload/call.ts';

/** A network file system may show a file written by another machine some seconds late. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 200;
const SHORTEST_HASH = 32;

/** The calls of a job, and their function. */
interface JobInput {
  readonly call: EncodedCall;
  /** The function as bytes. */
  readonly fn: Uint8Array;
}

/** Location of an encoded call in the job set, and the hash of its bytes. */
interface CallLocation {
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

/**
 * Reads the calls of a job, and their function.
 * @throws {OwnershipError} if another user could have written any of it
 * @throws {PayloadError} if it is not what was submitted
 */
export function readJob(directory: string, location: CallLocation): JobInput {
  const call = readCall(directory, location);
  return { call, fn: readFunction(directory, call.function) };
}

/** Reads the calls of a job; throws like {@link readJob}. */
export function readCall(directory: string, { batch, offset, length, hash }: CallLocation): EncodedCall {
  checkOwnership(
    directory,
    retryWhileMissing(() => lstatSync(directory)),
  );
  const inputs = inputsFile(directory, batch);
  return decodeCall(checkHash(inputs, readTrusted(inputs, offset, length), hash));
}

/** Reads a function by its hash; throws like {@link readJob}. */
export function readFunction(directory: string, hash: string): Uint8Array {
  const file = functionFile(directory, hash);
  return checkHash(file, readTrusted(file), hash);
}

/**
 * Reads the outcome of another call, whose result the job needs.
 * @param call name of its result file
 * @throws {OwnershipError} if another user could have written it; {@link PayloadError} if it is not whole
 */
export function readResult(directory: string, call: string): EncodedOutcome {
  const file = resultFile(directory, call);
  return retryWhileMissing(() => {
    const outcome = decodeOutcome(readTrusted(file));
    if (outcome === undefined) throw new TornResultError(`${file} is torn`);
    return outcome;
  });
}

/** On a network file system, the result may be whole a moment later. */
class TornResultError extends PayloadError {
  readonly code = 'ESTALE';
}

/** Hashes the bytes in memory, which are what is run; the file may have changed since. */
function checkHash(file: string, bytes: Buffer, hash: string): Buffer {
  const found = hashOf(bytes);
  if (hash.length < SHORTEST_HASH || !found.startsWith(hash)) {
    throw new PayloadError(`${file} does not hold what was submitted: its hash is ${found}, not ${hash}…`);
  }
  return bytes;
}

function readTrusted(file: string, offset = 0, length?: number): Buffer {
  const descriptor = retryWhileMissing(() => openFile(file));
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

/** Retries for {@link PATIENCE_MS} while the file is missing or stale. */
function retryWhileMissing<T>(act: () => T): T {
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
