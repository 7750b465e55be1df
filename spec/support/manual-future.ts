import { FutureController } from '../../lib/futures/future.ts';
import type { Future } from '../../lib/futures/future.ts';
import type { FutureSource } from '../../lib/futures/future-source.ts';

/** A future that the spec settles itself. */
export interface ManualFuture<T> {
  readonly future: Future<T>;
  readonly controller: FutureController<T>;
  /** How often the future asked for its job to be removed. */
  readonly removals: () => number;
}

export function manualFuture<T = unknown>(source: Partial<FutureSource> = {}): ManualFuture<T> {
  let removals = 0;
  const controller = new FutureController<T>({
    jobId: undefined,
    host: undefined,
    usage: undefined,
    attempts: 0,
    stdout: async () => '',
    stderr: async () => '',
    onCancel: () => (removals += 1),
    ...source,
  });
  return { controller, future: controller.future, removals: () => removals };
}

/** Several futures that the spec settles itself. */
export function manualFutures<T = unknown>(count: number): ManualFuture<T>[] {
  return Array.from({ length: count }, () => manualFuture<T>());
}

/** One future of each end and one that is pending, in this order. */
export function mixedFutures(): ManualFuture<number>[] {
  const made = manualFutures<number>(4);
  made[0]?.controller.resolve(1);
  made[1]?.controller.reject(new Error('failed'));
  made[2]?.future.cancel();
  return made;
}
