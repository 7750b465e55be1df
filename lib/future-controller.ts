import { control, type Future } from './future.ts';
import type { FutureSource } from './future-source.ts';

/** Makes a future and settles it: for those who write an executor. */
export class FutureController<T> {
  readonly future: Future<T>;

  constructor(source: FutureSource) {
    this.future = control.create<T>(source);
  }

  /**
   * The job has started; or it is back in the queue, after an eviction.
   * @throws {InvalidStateError} if the future is done
   */
  setState(state: 'pending' | 'running'): void {
    control.setState(this.future, state);
  }

  /** @throws {InvalidStateError} if the future is done */
  resolve(value: T): void {
    control.end(this.future, 'finished', value);
  }

  /** @throws {InvalidStateError} if the future is done */
  reject(error: unknown): void {
    control.end(this.future, 'failed', error);
  }
}
