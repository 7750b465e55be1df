import { FutureController } from '../future-controller.ts';
import type { Future } from '../future.ts';

/** A future that failed before there was a job. */
export function failedFuture(error: unknown): Future<unknown> {
  const controller = new FutureController<unknown>({
    jobId: undefined,
    host: undefined,
    usage: undefined,
    attempts: 0,
    stdout: nothing,
    stderr: nothing,
    onCancel: () => {},
  });
  controller.reject(error);
  return controller.future;
}

async function nothing(): Promise<string> {
  return '';
}
