import { CancelledError, CondorFuturesError, DirectoryError } from '../../base/errors.ts';
import type { FutureSource } from '../../futures/future-source.ts';
import { type Future, FutureController } from '../../futures/future.ts';

/** The source of a future that failed before there was a call. */
export class FailedSource implements FutureSource {
  readonly jobId = undefined;
  readonly host = undefined;
  readonly usage = undefined;
  readonly attempts = 0;

  async stdout(): Promise<string> {
    return '';
  }

  async stderr(): Promise<string> {
    return '';
  }

  onCancel(): void {}
}

/** Creates a future that has failed, or is cancelled, because a future in its arguments was cancelled. */
export function failedFuture(error: unknown): Future<unknown> {
  const controller = new FutureController<unknown>(new FailedSource());
  if (error instanceof CancelledError) controller.future.cancel(error);
  else controller.reject(error);
  return controller.future;
}

/**
 * Wraps an error of the file system in a DirectoryError that names the directory; other errors of ours stay.
 */
export function asDirectoryError(error: unknown, directory: string): unknown {
  if (error instanceof CondorFuturesError) return error;
  const message = `A call could not be written to a job set in ${directory}: ${(error as Error).message}`;
  return new DirectoryError(message, directory, { cause: error });
}
