import { checkChoice, checkNumber, checkOptions, type OptionTable } from '../base/checks.ts';
import { TimeoutError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { checkTimeout, startTimer } from '../base/timers.ts';
import { type ArgumentList, ChunkSource, type Elements } from './chunk-source.ts';
import type { Future } from './future.ts';

const OPTIONS: OptionTable = {
  chunkSize: ['number'],
  ordered: ['boolean'],
  bufferSize: ['number'],
  timeout: ['number'],
  onError: ['string'],
};

export interface MapOptions {
  /**
   * Number of calls that share one job. An error fails its own call alone.
   * @default 1
   */
  readonly chunkSize?: number | undefined;
  /**
   * Whether to yield results in the order of the items, rather than in the order in which they complete.
   * @default true
   */
  readonly ordered?: boolean | undefined;
  /**
   * Maximum number of items taken from the source ahead of the results yielded. Set it to map over an endless
   * source.
   * @default all items are taken at once
   */
  readonly bufferSize?: number | undefined;
  /**
   * Milliseconds from the call of `map`, after which iterating throws a TimeoutError and the remaining calls
   * are cancelled.
   * @default Infinity
   */
  readonly timeout?: number | undefined;
  /**
   * Behaviour after a call's error, which is thrown in its place among the results: `stop` ends the iteration
   * and cancels the remaining calls; with `continue`, `next()` returns the next result.
   * @default 'stop'
   */
  readonly onError?: 'stop' | 'continue' | undefined;
}

/** The result of one call of several that shared a job. */
export type ItemResult<R> = { readonly value: R } | { readonly thrown: unknown };

/** The job of one chunk of items, with its results once it is done. */
interface Chunk<R> {
  readonly future: Future<ItemResult<R>[]>;
  readonly size: number;
  results: ItemResult<R>[] | undefined;
}

/** The results of a `map`, for `for await`. Leaving the loop cancels the remaining calls. */
export class MapResults<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #source: ChunkSource;
  readonly #run: (items: ArgumentList[]) => Future<ItemResult<R>[]>;
  readonly #ordered: boolean;
  readonly #onError: 'stop' | 'continue';
  readonly #stopTimer: () => void;
  /**
   * Submitted chunks in the order of their items. In ordered iteration, a chunk that is done stays until all
   * before it are done.
   */
  readonly #chunks = new Set<Chunk<R>>();
  /** Results to be yielded next. */
  readonly #ready = new Fifo<ItemResult<R>>();
  /** Number of results that have been yielded, including errors. */
  #yieldedCount = 0;
  #hasTimedOut = false;
  #isClosed = false;
  /** Resolves the wait of next() for a change. */
  #onChange: (() => void) | undefined;
  /** The previous call of next(): the calls run one after the other. */
  #lastNext: Promise<unknown> = Promise.resolve();

  /** @throws {TypeError} {@link RangeError} for wrong options, or elements that are not iterable */
  constructor(
    elements: Elements<unknown>,
    toArguments: (element: never) => ArgumentList,
    run: (items: ArgumentList[]) => Future<ItemResult<R>[]>,
    copy: (list: ArgumentList) => void,
    options: MapOptions,
  ) {
    checkOptions('map()', options, OPTIONS);
    const bufferSize = checkNumber('bufferSize', options.bufferSize ?? Infinity, 1);
    const chunkSize = Math.min(checkNumber('chunkSize', options.chunkSize ?? 1, 1), bufferSize);
    this.#ordered = options.ordered ?? true;
    this.#onError = checkChoice('onError', options.onError ?? 'stop', ['stop', 'continue']);
    this.#run = run;
    this.#source = new ChunkSource(elements, {
      chunkSize,
      toArguments,
      copy,
      canTake: (items) => !this.#hasTimedOut && this.#source.taken - this.#yieldedCount + items <= bufferSize,
      onChunk: (items) => this.#submit(items),
      onEnd: () => this.#notifyChange(),
    });
    this.#stopTimer = startTimer(checkTimeout(options.timeout), () => {
      this.#hasTimedOut = true;
      this.#cancelRest();
      this.#notifyChange();
    });
    this.#source.pull();
  }

  async next(): Promise<IteratorResult<R, undefined>> {
    const result = this.#lastNext.then(async () => this.#step());
    this.#lastNext = result.catch(() => {});
    return result;
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    await this.#close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #step(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      const result = this.#ready.shift();
      if (result !== undefined && !this.#isClosed) return this.#deliver(result);
      if (this.#isClosed) return { value: undefined, done: true };
      if (this.#hasTimedOut) {
        await this.#close();
        throw new TimeoutError('The timeout of map() is over; the calls that were left have been cancelled');
      }
      const { end } = this.#source;
      if (this.#chunks.size === 0 && end !== 'open') {
        await this.#close();
        if (end === 'ended') return { value: undefined, done: true };
        throw end.error;
      }
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  async #deliver(result: ItemResult<R>): Promise<IteratorResult<R, undefined>> {
    this.#yieldedCount += 1;
    if ('thrown' in result && this.#onError === 'stop') await this.#close();
    else this.#source.pull();
    if ('thrown' in result) throw result.thrown;
    return { value: result.value, done: false };
  }

  #submit(items: ArgumentList[]): void {
    const chunk: Chunk<R> = { future: this.#run(items), size: items.length, results: undefined };
    this.#chunks.add(chunk);
    chunk.future.addDoneCallback(async (future) => {
      chunk.results = await resultsOf(future, chunk.size);
      this.#collect(chunk);
    });
  }

  /** Moves the results that are next in order to the ready ones. */
  #collect(completed: Chunk<R>): void {
    for (const chunk of this.#ordered ? this.#chunks : [completed]) {
      if (chunk.results === undefined) break;
      if (this.#chunks.delete(chunk)) for (const result of chunk.results) this.#ready.push(result);
    }
    this.#notifyChange();
  }

  #notifyChange(): void {
    if (this.#chunks.size === 0 && this.#source.end !== 'open') this.#stopTimer();
    this.#onChange?.();
    this.#onChange = undefined;
  }

  #cancelRest(): void {
    for (const chunk of this.#chunks) chunk.future.cancel();
    if (this.#hasTimedOut) this.#chunks.clear();
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#cancelRest();
    this.#chunks.clear();
    this.#ready.clear();
    this.#notifyChange();
    await this.#source.close();
  }
}

/** The result of each call of a chunk. If the job failed, all of its calls fail with the job's error. */
async function resultsOf<R>(future: Future<ItemResult<R>[]>, size: number): Promise<ItemResult<R>[]> {
  try {
    return await future;
  } catch (thrown) {
    return Array.from({ length: size }, () => ({ thrown }));
  }
}
