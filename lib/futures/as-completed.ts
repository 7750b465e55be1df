import { checkNumber } from '../base/checks.ts';
import { TimeoutError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { checkWaitOptions, limitWait, type WaitOptions } from '../base/timers.ts';
import type { AnyFuture } from './future.ts';
import { checkFutures } from './wait.ts';

export interface AsCompletedOptions extends WaitOptions {
  /**
   * How many futures are held at once, those that are done and wait to be yielded included: the next one is taken from the iterable
   * when one has been yielded. For generators that submit calls without end.
   * @default Infinity: all are taken at once
   */
  readonly bufferSize?: number | undefined;
}

type Entry<F> = [index: number, future: F];
type EndResult = { value: undefined; done: true };

/** The futures of an iterable as they are done, each with its index. */
export class CompletedEntries<F extends AnyFuture> implements AsyncIterableIterator<Entry<F>> {
  /** Undefined once all are taken. */
  #source: Iterator<F> | undefined;
  readonly #bufferSize: number;
  #taken = 0;
  #taking = false;
  /** Taken and not yielded, with how to let go of each that is not done. */
  readonly #held = new Map<F, (() => void) | undefined>();
  #unfinished = 0;
  /** Done, not yet yielded. */
  readonly #ready = new Fifo<Entry<F>>();
  /** Calls of next() that wait for a future. */
  readonly #waiting: {
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
      // What is done already is yielded, however short the time.
      this.#isOver ? { signal } : { timeout, signal },
      () => this.#fail(new TimeoutError(`${this.#unfinished} (of ${this.#taken}) futures unfinished`)),
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

  /** Nothing is left but what is ready. */
  get #isOver(): boolean {
    return this.#source === undefined && this.#unfinished === 0;
  }

  /** Takes futures while there is room for them. */
  #take(): void {
    // The iterable may end futures itself, which makes room while it is asked.
    if (this.#taking) return;
    this.#taking = true;
    try {
      while (this.#source !== undefined && this.#held.size < this.#bufferSize) {
        const { value: future, done } = this.#source.next();
        if (done === true) this.#source = undefined;
        // Unless it has ended this very iteration.
        else if (this.#source !== undefined) this.#watch(future, this.#taken++);
      }
    } finally {
      this.#taking = false;
    }
  }

  /** As the iterable is somebody's code, which may throw: then what was taken before is yielded first. */
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
    this.#unfinished += 1;
    this.#held.set(
      future,
      future.addDoneCallback(() => this.#complete(future, index)),
    );
  }

  #complete(future: F, index: number): void {
    this.#unfinished -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#held.set(future, undefined);
      this.#ready.push([index, future]);
    } else {
      this.#held.delete(future);
      next.resolve({ value: [index, future], done: false });
      this.#takeMore();
      this.#answerWaiting();
    }
    if (!this.#isOver) return;
    this.#stop();
    this.#endWaiting();
  }

  /** What was just taken may be done already. */
  #answerWaiting(): void {
    while (this.#waiting.length > 0 && this.#ready.size > 0) {
      const entry = this.#ready.shift() as Entry<F>;
      this.#held.delete(entry[1]);
      this.#waiting.shift()?.resolve({ value: entry, done: false });
      this.#takeMore();
    }
  }

  #fail(error: unknown): void {
    this.#stop();
    const next = this.#waiting.shift();
    if (next === undefined) this.#failure = { error };
    else next.reject(error);
    this.#endWaiting();
  }

  /** Lets go of the futures that are not done, and of the iterable. */
  #stop(): void {
    this.#stopWait();
    for (const [future, detach] of this.#held) {
      if (detach === undefined) continue;
      detach();
      this.#held.delete(future);
    }
    this.#unfinished = 0;
    const source = this.#source;
    this.#source = undefined;
    try {
      source?.return?.();
    } catch {
      // It is running just now, and has ended this by an AbortController, say.
    }
  }

  #endWaiting(): void {
    for (const next of this.#waiting.splice(0)) next.resolve({ value: undefined, done: true });
  }
}

/**
 * Yields each future once it is done, in the order in which they complete; those done already come first. Yields failed and
 * cancelled futures too, and never throws a call's error: `await` the future for that. Leaving the loop detaches everything.
 *
 * TypeScript takes what a `for await` loop yields for awaited: it gives a future the type of its value. Where you need the
 * future's own methods, or to know which one it is, loop over `asCompleted(futures).entries()`.
 *
 * With a `bufferSize`, futures are taken from the iterable as earlier ones are yielded: it may be a generator that submits calls
 * without end.
 *
 * @param options a timeout in milliseconds, or options; it counts from this call, not from the first `next()`
 * @throws {TimeoutError} while iterating, after the futures that were done in time
 */
export function asCompleted<F extends AnyFuture>(
  futures: Iterable<F>,
  options: number | AsCompletedOptions = {},
): Completions<F> {
  return new Completions(futures, options);
}

/** What {@link asCompleted} returns. */
export class Completions<F extends AnyFuture> implements AsyncIterableIterator<F>, AsyncDisposable {
  readonly #entries: CompletedEntries<F>;

  constructor(futures: Iterable<F>, options: number | AsCompletedOptions) {
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
