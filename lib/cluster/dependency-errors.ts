import { DependencyError } from '../dependency-error.ts';
import type { Future } from '../future.ts';
import { showValue } from '../options.ts';

/** The error of a call that was given a future which failed with this. */
export function dependencyError(future: Future<unknown>, error: unknown): DependencyError {
  // One that says who failed at first says all: a chain of thousands is not to be a tree of errors.
  if (error instanceof DependencyError)
    return new DependencyError(error.message, error, { cause: error.cause });
  const { jobId } = future;
  const job = jobId === undefined ? '' : `, job ${jobId}`;
  const message = `The call was given the future of a call that failed${job}: ${wordsOf(error)}`;
  return new DependencyError(message, { future, jobId }, { cause: error });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : showValue(error);
}
