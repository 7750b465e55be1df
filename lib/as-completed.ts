import { TimeoutError } from './errors.ts';
import { checkFutures } from './check-futures.ts';
import { Fifo } from './fifo.ts';
import type { AnyFuture } from './future.ts';
import { checkWaitOptions, limitWait, type WaitOptions } from './timeout.ts';

/**
 * Yields each future once it is done, in the order in which they complete; those done already come first. Yields failed and
 * cancelled futures too, and never throws a call's error: `await` the future for that. Leaving the loop detaches everything.
 *
 * TypeScript takes what a `for await` loop yields for awaited: it gives a future the type of its value. Where you need the
 * future's own methods, or to know which one it is, loop over `asCompleted(futures).entries()`.
 *
 * @param options a timeout in milliseconds, or options; it counts from this call, not from the first `next()`
 * @throws {TimeoutError} while iterating, after the futures that were done in time
 */
export function asCompleted<F extends AnyFuture>(
  futures: Iterable<F>,
  options: number | WaitOptions = {},
): Completions<F> {
  return new Completions(futures, options);
}

/** What {@link asCompleted} returns. */
export class Completions<F extends AnyFuture> implements AsyncIterableIterator<F>, AsyncDisposable {
  readonly #entries: CompletedEntries<F>;

  constructor(futures: Iterable<F>, options: number | WaitOptions) {
    this.#entries = new CompletedEntries(futures, options);
  }

  /** The same futures, each with its index among those given. */
  entries(): AsyncIterableIterator<[index: number, future: F]> {
    return this.#entries;
  }

  async next(): Promise<IteratorResult<F, undefined>> {
    const result = await this.#entries.next();
    return result.done === true ? result : { value: result.value[1], done: false };
  }

  async return(): Promise<IteratorResult<F, undefined>> {
    return this.#entries.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#entries.return();
  }
}

type Entry<F> = [index: number, future: F];
type EndResult = { value: undefined; done: true };

class CompletedEntries<F extends AnyFuture> implements AsyncIterableIterator<Entry<F>> {
  readonly #total: number;
  /** Done, not yet yielded. */
  readonly #ready = new Fifo<Entry<F>>();
  /** How to let go of each future that is not done. */
  readonly #pending = new Map<F, () => void>();
  /** Calls of next() that wait for a future. */
  readonly #waiting: {
    resolve(result: IteratorResult<Entry<F>, undefined>): void;
    reject(error: unknown): void;
  }[] = [];
  readonly #stop: () => void;
  #failure: { error: unknown } | undefined;

  constructor(futures: Iterable<F>, options: number | WaitOptions) {
    const { timeout, signal } = checkWaitOptions('asCompleted()', options);
    const indexes = new Map<F, number>();
    let index = 0;
    for (const future of checkFutures(futures)) {
      if (!indexes.has(future)) indexes.set(future, index);
      index += 1;
    }
    this.#total = indexes.size;
    for (const entry of indexes) this.#watch(...entry);
    const stopWait = limitWait(
      // What is done already is yielded, however short the time.
      this.#pending.size === 0 ? { signal } : { timeout, signal },
      () => this.#fail(new TimeoutError(`${this.#pending.size} (of ${this.#total}) futures unfinished`)),
      (reason) => this.#fail(reason),
    );
    this.#stop = (): void => {
      stopWait();
      for (const detach of this.#pending.values()) detach();
      this.#pending.clear();
    };
    if (signal?.aborted) this.#fail(signal.reason);
  }

  async next(): Promise<IteratorResult<Entry<F>, undefined>> {
    const entry = this.#ready.shift();
    if (entry !== undefined) return { value: entry, done: false };
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#pending.size === 0) return this.return();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async return(): Promise<EndResult> {
    this.#stop();
    this.#ready.clear();
    this.#failure = undefined;
    this.#endWaiting();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #watch(future: F, index: number): void {
    if (future.done()) this.#ready.push([index, future]);
    else
      this.#pending.set(
        future,
        future.addDoneCallback(() => this.#complete(future, index)),
      );
  }

  #complete(future: F, index: number): void {
    this.#pending.delete(future);
    const next = this.#waiting.shift();
    if (next === undefined) this.#ready.push([index, future]);
    else next.resolve({ value: [index, future], done: false });
    if (this.#pending.size === 0) {
      this.#stop();
      this.#endWaiting();
    }
  }

  #fail(error: unknown): void {
    this.#stop();
    const next = this.#waiting.shift();
    if (next === undefined) this.#failure = { error };
    else next.reject(error);
    this.#endWaiting();
  }

  #endWaiting(): void {
    for (const next of this.#waiting.splice(0)) next.resolve({ value: undefined, done: true });
  }
}
