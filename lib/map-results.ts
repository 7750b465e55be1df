import { TimeoutError } from './errors.ts';
import type { Future } from './future.ts';
import { checkChoice, checkNumber, checkOptions, showValue } from './options.ts';
import { checkTimeout, startTimer } from './timeout.ts';

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

type Source = AsyncIterator<unknown> | Iterator<unknown>;

/** The jobs of one chunk of items, and its results once it is done. */
interface Chunk<R> {
  readonly future: Future<ItemResult<R>[]>;
  readonly size: number;
  results: ItemResult<R>[] | undefined;
}

/** The results of a `map`, for `for await`. Leaving the loop cancels the calls that are left. */
export class MapResults<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #source: Source;
  readonly #toArguments: (element: never) => readonly unknown[];
  readonly #run: (items: (readonly unknown[])[]) => Future<ItemResult<R>[]>;
  readonly #chunkSize: number;
  readonly #bufferSize: number;
  readonly #ordered: boolean;
  readonly #onError: 'stop' | 'continue';
  readonly #stopTimer: () => void;
  /** Submitted, in the order of their items; in ordered iteration, done ones wait here for those before them. */
  readonly #chunks = new Set<Chunk<R>>();
  /** To be yielded next. */
  readonly #ready: ItemResult<R>[] = [];
  /** Items taken from the source whose results have not been yielded. */
  #outstanding = 0;
  #pulling = false;
  #sourceEnd: 'open' | 'ended' | { readonly error: unknown } = 'open';
  /** Whether the source has to be told when no more is taken from it. */
  #isSourceOpen = true;
  #timedOut = false;
  #closed = false;
  #wake: (() => void) | undefined;
  /** Calls of next() are served one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    elements: Iterable<unknown> | AsyncIterable<unknown>,
    toArguments: (element: never) => readonly unknown[],
    run: (items: (readonly unknown[])[]) => Future<ItemResult<R>[]>,
    options: MapOptions,
  ) {
    const table = {
      chunkSize: ['number'],
      ordered: ['boolean'],
      bufferSize: ['number'],
      timeout: ['number'],
      onError: ['string'],
    } as const;
    checkOptions('map()', options, table);
    this.#bufferSize = checkNumber('bufferSize', options.bufferSize ?? Infinity, 1);
    this.#chunkSize = Math.min(checkNumber('chunkSize', options.chunkSize ?? 1, 1), this.#bufferSize);
    this.#ordered = options.ordered ?? true;
    this.#onError = checkChoice('onError', options.onError ?? 'stop', ['stop', 'continue']);
    this.#source = iteratorOf(elements);
    this.#toArguments = toArguments;
    this.#run = run;
    this.#stopTimer = startTimer(checkTimeout(options.timeout), () => {
      this.#timedOut = true;
      this.#cancelRest();
      this.#changed();
    });
    this.#pull();
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
      if (this.#chunks.size === 0 && this.#sourceEnd !== 'open') {
        const end = this.#sourceEnd;
        await this.#close();
        if (end === 'ended') return { value: undefined, done: true };
        throw end.error;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #deliver(result: ItemResult<R>): Promise<IteratorResult<R, undefined>> {
    this.#outstanding -= 1;
    if ('value' in result) {
      this.#pull();
      return { value: result.value, done: false };
    }
    if (this.#onError === 'stop') await this.#close();
    else this.#pull();
    throw result.thrown;
  }

  /** Takes as many items from the source as there is room for, without waiting where the source need not be waited for. */
  #pull(): void {
    if (this.#pulling || this.#closed || this.#timedOut) return;
    this.#pulling = true;
    const items: (readonly unknown[])[] = [];
    const take = (): void => {
      while (
        this.#sourceEnd === 'open' &&
        this.#outstanding + this.#chunkSize - items.length <= this.#bufferSize
      ) {
        let next;
        try {
          next = this.#source.next();
        } catch (error) {
          return broken(error);
        }
        if ('then' in next) return void next.then(accept, broken).then(take, end);
        accept(next);
      }
      this.#pulling = false;
    };
    const accept = (next: IteratorResult<unknown>): void => {
      if (this.#closed || this.#timedOut) this.#sourceEnd = 'ended';
      else if (next.done === true) {
        this.#sourceEnd = 'ended';
        this.#isSourceOpen = false;
        if (items.length > 0) this.#submit(items.splice(0));
      } else {
        items.push(this.#toArguments(next.value as never));
        this.#outstanding += 1;
        if (items.length === this.#chunkSize) this.#submit(items.splice(0));
      }
      this.#changed();
    };
    const end = (error: unknown): void => {
      this.#sourceEnd = { error };
      this.#pulling = false;
      this.#changed();
    };
    /** The source itself is broken: what it gave before is still worth running. */
    const broken = (error: unknown): void => {
      this.#isSourceOpen = false;
      if (items.length > 0) this.#submit(items.splice(0));
      end(error);
    };
    try {
      take();
    } catch (error) {
      end(error);
    }
  }

  #submit(items: (readonly unknown[])[]): void {
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
    if (this.#chunks.size === 0 && this.#sourceEnd !== 'open') this.#stopTimer();
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
    this.#ready.length = 0;
    this.#changed();
    this.#sourceEnd = 'ended';
    if (!this.#isSourceOpen) return;
    this.#isSourceOpen = false;
    const closing = this.#closeSource();
    // A source that is busy with its next item closes when it has that, which may take for ever.
    if (!this.#pulling) await closing;
  }

  async #closeSource(): Promise<void> {
    try {
      await this.#source.return?.();
    } catch {
      // The iteration is over, and what ended it is more important.
    }
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

function iteratorOf(elements: Iterable<unknown> | AsyncIterable<unknown>): Source {
  const source = elements as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterator = source?.[Symbol.asyncIterator]?.() ?? source?.[Symbol.iterator]?.();
  if (iterator === undefined)
    throw new TypeError(`Expected the items to be an iterable, got ${showValue(elements)}`);
  return iterator;
}
