import { CondorFuturesError, DirectoryError } from '../errors.ts';

/** What the filesystem says against a submission, as an error of ours that names the directory. */
export function ownError(error: unknown, directory: string): unknown {
  if (error instanceof CondorFuturesError) return error;
  const message = `A call could not be written to a job set in ${directory}: ${(error as Error).message}`;
  return new DirectoryError(message, directory, { cause: error });
}
