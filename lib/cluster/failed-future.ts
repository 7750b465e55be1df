import { FutureController } from '../future-controller.ts';
import type { Future } from '../future.ts';
import type { FutureSource } from '../future-source.ts';
import { CancelledError } from '../errors.ts';

/** Of a future that failed before there was a call. */
export class FailedBefore implements FutureSource {
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

/** A future that failed before there was a job; or was cancelled then, as one was that it was given. */
export function failedFuture(error: unknown): Future<unknown> {
  const controller = new FutureController<unknown>(new FailedBefore());
  if (error instanceof CancelledError) controller.future.cancel(error);
  else controller.reject(error);
  return controller.future;
}
