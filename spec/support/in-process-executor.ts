import { ShutdownError } from '../../lib/base/errors.ts';
import { Executor, type JobRequest, type ShutdownOptions } from '../../lib/futures/executor.ts';
import type { ItemResult } from '../../lib/futures/map-results.ts';
import type { Future } from '../../lib/futures/future.ts';
import { manualFuture } from './manual-future.ts';

/** The smallest executor: it makes the calls in this process, each job as soon as it is scheduled. */
export class InProcessExecutor extends Executor {
  /** All jobs so far. */
  readonly requests: JobRequest[] = [];
  readonly futures: Future<unknown>[] = [];
  readonly shutdowns: (ShutdownOptions | undefined)[] = [];

  override schedule(request: JobRequest): Future<ItemResult<unknown>[]> {
    return this.#start(request, async () => {
      const results: ItemResult<unknown>[] = [];
      for (const args of request.items) {
        try {
          results.push({ value: await request.fn(...args) });
        } catch (thrown) {
          results.push({ thrown });
        }
      }
      return results;
    });
  }

  override scheduleOne(request: JobRequest): Future<unknown> {
    return this.#start(request, async () => request.fn(...(request.items[0] ?? [])));
  }

  override prepare<F extends JobRequest['fn']>(fn: F): F {
    return fn;
  }

  override assertOpen(): void {
    if (this.shutdowns.length > 0) throw new ShutdownError('Cannot schedule new futures after shutdown');
  }

  override async shutdown(options?: ShutdownOptions): Promise<void> {
    this.shutdowns.push(options);
  }

  #start<T>(request: JobRequest, run: () => Promise<T>): Future<T> {
    this.assertOpen();
    const { controller, future } = manualFuture<T>();
    this.requests.push(request);
    this.futures.push(future);
    controller.setState('running');
    void run().then(
      (value) => future.done() || controller.resolve(value),
      (error: unknown) => future.done() || controller.reject(error),
    );
    return future;
  }
}
