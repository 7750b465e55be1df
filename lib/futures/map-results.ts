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
   * How many calls share one job. An error fails its own call alone.
   * @default 1
   */
  readonly chunkSize?: number | undefined;
  /**
   * Yield results in the order of the items; else in the order in which they complete.
   * @default true
   */
  readonly ordered?: boolean | undefined;
  /**
   * How many items are taken from the source ahead of the results that were taken: the way to map over an endless source.
   * @default all of them, at once
   */
  readonly bufferSize?: number | undefined;
  /**
   * Milliseconds from the call of `map`, after which iterating throws a TimeoutError and what is left is cancelled.
   * @default Infinity
   */
  readonly timeout?: number | undefined;
  /**
   * What follows a call's error, which is thrown when its turn comes: `stop` ends the iteration and cancels what is left;
   * with `continue`, `next()` goes on with the next result.
   * @default 'stop'
   */
  readonly onError?: 'stop' | 'continue' | undefined;
}

/** What came of one call of several that shared a job. */
export type ItemResult<R> = { readonly value: R } | { readonly thrown: unknown };

/** The jobs of one chunk of items, and its results once it is done. */
interface Chunk<R> {
  readonly future: Future<ItemResult<R>[]>;
  readonly size: number;
  results: ItemResult<R>[] | undefined;
}

/** The results of a `map`, for `for await`. Leaving the loop cancels the calls that are left. */
export class MapResults<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #source: ChunkSource;
  readonly #run: (items: ArgumentList[]) => Future<ItemResult<R>[]>;
  readonly #ordered: boolean;
  readonly #onError: 'stop' | 'continue';
  readonly #stopTimer: () => void;
  /** Submitted, in the order of their items; in ordered iteration, done ones wait here for those before them. */
  readonly #chunks = new Set<Chunk<R>>();
  /** To be yielded next. */
  readonly #ready = new Fifo<ItemResult<R>>();
  /** How many results have been yielded, errors among them. */
  #yielded = 0;
  #timedOut = false;
  #closed = false;
  #wake: (() => void) | undefined;
  /** Calls of next() are served one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws {TypeError} {@link RangeError} for wrong options, or elements that are not iterable */
  constructor(
    elements: Elements<unknown>,
    toArguments: (element: never) => ArgumentList,
    run: (items: ArgumentList[]) => Future<ItemResult<R>[]>,
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
      hasRoom: (items) => !this.#timedOut && this.#source.taken - this.#yielded + items <= bufferSize,
      onChunk: (items) => this.#submit(items),
      onEnd: () => this.#changed(),
    });
    this.#stopTimer = startTimer(checkTimeout(options.timeout), () => {
      this.#timedOut = true;
      this.#cancelRest();
      this.#changed();
    });
    this.#source.pull();
  }

  async next(): Promise<IteratorResult<R, undefined>> {
    const result = this.#turn.then(async () => this.#step());
    this.#turn = result.catch(() => {});
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
      if (result !== undefined && !this.#closed) return this.#deliver(result);
      if (this.#closed) return { value: undefined, done: true };
      if (this.#timedOut) {
        await this.#close();
        throw new TimeoutError('The timeout of map() is over; the calls that were left have been cancelled');
      }
      const { end } = this.#source;
      if (this.#chunks.size === 0 && end !== 'open') {
        await this.#close();
        if (end === 'ended') return { value: undefined, done: true };
        throw end.error;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #deliver(result: ItemResult<R>): Promise<IteratorResult<R, undefined>> {
    this.#yielded += 1;
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

  /** Moves the results whose turn has come to the ready ones. */
  #collect(completed: Chunk<R>): void {
    for (const chunk of this.#ordered ? this.#chunks : [completed]) {
      if (chunk.results === undefined) break;
      if (this.#chunks.delete(chunk)) for (const result of chunk.results) this.#ready.push(result);
    }
    this.#changed();
  }

  #changed(): void {
    if (this.#chunks.size === 0 && this.#source.end !== 'open') this.#stopTimer();
    this.#wake?.();
    this.#wake = undefined;
  }

  #cancelRest(): void {
    for (const chunk of this.#chunks) chunk.future.cancel();
    if (this.#timedOut) this.#chunks.clear();
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimer();
    this.#cancelRest();
    this.#chunks.clear();
    this.#ready.clear();
    this.#changed();
    await this.#source.close();
  }
}

/** What came of each call of a chunk; one that never ran fails with what befell the job. */
async function resultsOf<R>(future: Future<ItemResult<R>[]>, size: number): Promise<ItemResult<R>[]> {
  try {
    return await future;
  } catch (thrown) {
    return Array.from({ length: size }, () => ({ thrown }));
  }
}
