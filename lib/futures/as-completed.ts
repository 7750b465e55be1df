import { checkNumber } from '../base/checks.ts';
import { TimeoutError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { checkWaitOptions, limitWait, type WaitOptions } from '../base/timers.ts';
import type { AnyFuture } from './future.ts';
import { checkFutures } from './wait.ts';

export interface AsCompletedOptions extends WaitOptions {
  /**
   * Maximum number of futures held at once, including those that are done but not yet yielded: the next one
   * is taken from the iterable when one has been yielded. For generators that submit an endless sequence of
   * calls.
   * @default Infinity: all are taken at once
   */
  readonly bufferSize?: number | undefined;
}

type Entry<F> = [index: number, future: F];
type EndResult = { value: undefined; done: true };

/** Yields the futures of an iterable in the order in which they complete, each with its index. */
class CompletedEntries<F extends AnyFuture> implements AsyncIterableIterator<Entry<F>> {
  /** Undefined once all futures are taken. */
  #source: Iterator<F> | undefined;
  readonly #bufferSize: number;
  #takenCount = 0;
  #isTaking = false;
  /** Futures taken but not yet yielded, with the removal of the callback on each that is not done. */
  readonly #held = new Map<F, (() => void) | undefined>();
  #unfinishedCount = 0;
  /** Futures that are done but not yet yielded. */
  readonly #ready = new Fifo<Entry<F>>();
  /** Pending calls of next(). */
  readonly #pendingNexts: {
    resolve(result: IteratorResult<Entry<F>, undefined>): void;
    reject(error: unknown): void;
  }[] = [];
  #stopWait: () => void = () => {};
  #failure: { error: unknown } | undefined;

  constructor(futures: Iterable<F>, options: number | AsCompletedOptions) {
    const given = typeof options === 'number' ? { timeout: options } : options;
    const { timeout, signal } = checkWaitOptions('asCompleted()', given, { bufferSize: ['number'] });
    this.#bufferSize = checkNumber('bufferSize', given.bufferSize ?? Infinity, 1);
    this.#source = checkFutures(futures);
    try {
      this.#take();
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#stopWait = limitWait(
      // Futures that are done already are yielded even with a timeout of 0.
      this.#isOver ? { signal } : { timeout, signal },
      () =>
        this.#fail(new TimeoutError(`${this.#unfinishedCount} (of ${this.#takenCount}) futures unfinished`)),
      (reason) => this.#fail(reason),
    );
    if (signal?.aborted) this.#fail(signal.reason);
  }

  async next(): Promise<IteratorResult<Entry<F>, undefined>> {
    const entry = this.#ready.shift();
    if (entry !== undefined) {
      this.#held.delete(entry[1]);
      this.#takeMore();
      return { value: entry, done: false };
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#isOver) return this.return();
    return new Promise((resolve, reject) => this.#pendingNexts.push({ resolve, reject }));
  }

  async return(): Promise<EndResult> {
    this.#stop();
    this.#ready.clear();
    this.#failure = undefined;
    this.#endPendingNexts();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether only ready futures are left. */
  get #isOver(): boolean {
    return this.#source === undefined && this.#unfinishedCount === 0;
  }

  /** Takes futures up to the buffer size. */
  #take(): void {
    // The iterable may settle futures itself, which calls this method while it runs.
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      while (this.#source !== undefined && this.#held.size < this.#bufferSize) {
        const { value: future, done } = this.#source.next();
        if (done === true) this.#source = undefined;
        // Unless the iterable has ended this iteration.
        else if (this.#source !== undefined) this.#watch(future, this.#takenCount++);
      }
    } finally {
      this.#isTaking = false;
    }
  }

  /**
   * Takes futures after the first time; an error of the iterable is thrown after the futures taken before it.
   */
  #takeMore(): void {
    try {
      this.#take();
    } catch (error) {
      this.#source = undefined;
      this.#fail(error);
    }
    if (this.#isOver) this.#stopWait();
  }

  #watch(future: F, index: number): void {
    if (this.#held.has(future)) return;
    if (future.done()) {
      this.#held.set(future, undefined);
      this.#ready.push([index, future]);
      return;
    }
    this.#unfinishedCount += 1;
    this.#held.set(
      future,
      future.addDoneCallback(() => this.#complete(future, index)),
    );
  }

  #complete(future: F, index: number): void {
    this.#unfinishedCount -= 1;
    const next = this.#pendingNexts.shift();
    if (next === undefined) {
      this.#held.set(future, undefined);
      this.#ready.push([index, future]);
    } else {
      this.#held.delete(future);
      next.resolve({ value: [index, future], done: false });
      this.#takeMore();
      this.#resolvePendingNexts();
    }
    if (!this.#isOver) return;
    this.#stop();
    this.#endPendingNexts();
  }

  /** Resolves pending calls of next() with futures that were already done when they were taken. */
  #resolvePendingNexts(): void {
    while (this.#pendingNexts.length > 0 && this.#ready.size > 0) {
      const entry = this.#ready.shift() as Entry<F>;
      this.#held.delete(entry[1]);
      this.#pendingNexts.shift()?.resolve({ value: entry, done: false });
      this.#takeMore();
    }
  }

  #fail(error: unknown): void {
    this.#stop();
    const next = this.#pendingNexts.shift();
    if (next === undefined) this.#failure = { error };
    else next.reject(error);
    this.#endPendingNexts();
  }

  /** Removes all callbacks, and closes the iterable. */
  #stop(): void {
    this.#stopWait();
    for (const [future, unregister] of this.#held) {
      if (unregister === undefined) continue;
      unregister();
      this.#held.delete(future);
    }
    this.#unfinishedCount = 0;
    const source = this.#source;
    this.#source = undefined;
    try {
      source?.return?.();
    } catch {
      // The iterable is running, and has ended this iteration itself, with an AbortController for example.
    }
  }

  #endPendingNexts(): void {
    for (const next of this.#pendingNexts.splice(0)) next.resolve({ value: undefined, done: true });
  }
}

/**
 * Yields each future when it is done, in the order in which they complete; futures that are already done come
 * first. Yields failed and cancelled futures too, and never throws a call's error: `await` the future for
 * that. Leaving the loop removes all callbacks.
 *
 * TypeScript gives the loop variable of `for await` the type of the future's value. To use the future's own
 * methods, or to know its index, loop over `asCompleted(futures).entries()`.
 *
 * With a `bufferSize`, futures are taken from the iterable as earlier ones are yielded, so it may be a
 * generator that submits an endless sequence of calls.
 *
 * @param options a timeout in milliseconds, counted from this call, or options
 * @throws {TimeoutError} while iterating, after the futures that were done in time
 */
export function asCompleted<F extends AnyFuture>(
  futures: Iterable<F>,
  options: number | AsCompletedOptions = {},
): Completions<F> {
  return new Completions(futures, options);
}

/** The iterator that {@link asCompleted} returns. */
export class Completions<F extends AnyFuture> implements AsyncIterableIterator<F>, AsyncDisposable {
  readonly #entries: CompletedEntries<F>;

  constructor(futures: Iterable<F>, options: number | AsCompletedOptions) {
    this.#entries = new CompletedEntries(futures, options);
  }

  /** Iterates over the same futures, each with its index among those passed. */
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
