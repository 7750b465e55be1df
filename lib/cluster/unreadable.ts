import { DirectoryError, PayloadError } from '../errors.ts';

/** How long an outcome that is there, but gives an error when it is read, is tried, in milliseconds. */
const UNREADABLE_MS = 60_000;

/** How much longer than the grace an outcome is tried that gives an error. */
export function patienceWith(trouble: NodeJS.ErrnoException): number {
  // The job set itself is not there: whether it is lost, the watch tells.
  if (trouble.code === 'ENOENT') return Infinity;
  return trouble instanceof TornError ? 0 : UNREADABLE_MS;
}

/** An outcome that is not whole; one of a job that runs again, or of a slow filesystem, may be whole later. */
export class TornError extends Error {
  constructor(bytes: number) {
    super(`it is torn, as after a crash or on a full disk; ${bytes} bytes are there`);
  }
}

/** The error of a call whose outcome has been tried for long enough. */
export function unreadableError(file: string, trouble: Error): PayloadError {
  return new PayloadError(`The outcome ${file} cannot be read: ${trouble.message}`, { cause: trouble });
}

/** The error of a call whose whole job set is gone. */
export function lostError(directory: string, cause: unknown): DirectoryError {
  const message = `The job set ${directory} was removed while its jobs were in the queue`;
  return new DirectoryError(message, directory, { cause });
}
