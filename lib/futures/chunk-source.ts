import { showValue } from '../base/checks.ts';

/** Items to map over. */
export type Elements<T> = Iterable<T> | AsyncIterable<T>;

/** The arguments of one call. */
export type ArgumentList = readonly unknown[];

/** `open` while there may be more elements; afterwards, how they ended. */
export type SourceEnd = 'open' | 'ended' | { readonly error: unknown };

export interface ChunkSourceOptions {
  readonly chunkSize: number;
  readonly toArguments: (element: never) => ArgumentList;
  /** Copies a list that waits for its chunk to be complete, because its source may change it meanwhile. */
  readonly copy: (list: ArgumentList) => void;
  /** Whether this many more elements may be taken now. */
  readonly canTake: (elements: number) => boolean;
  /** Receives each chunk; an error that it throws ends the source. */
  readonly onChunk: (chunk: ArgumentList[]) => void;
  /** Called after the last chunk. */
  readonly onEnd: () => void;
}

/**
 * Takes elements from an iterable, as many as its owner allows, and groups them into chunks of argument
 * lists.
 */
export class ChunkSource {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #options: ChunkSourceOptions;
  /** The incomplete chunk. */
  #items: ArgumentList[] = [];
  #takenCount = 0;
  #end: SourceEnd = 'open';
  /** Set while an async source produces its next element. */
  #isNextPending = false;
  /** Whether the iterator must be closed when no more elements are taken. */
  #isIteratorOpen = true;

  /** @throws {TypeError} if the elements are not iterable */
  constructor(elements: Elements<unknown>, options: ChunkSourceOptions) {
    this.#iterator = iteratorOf(elements);
    this.#options = options;
  }

  /** Number of elements that have been taken so far. */
  get taken(): number {
    return this.#takenCount;
  }

  get end(): SourceEnd {
    return this.#end;
  }

  /** Takes as many elements as allowed: from a sync source at once, from an async one as they come. */
  pull(): void {
    const { chunkSize, canTake } = this.#options;
    while (this.#end === 'open' && !this.#isNextPending && canTake(chunkSize - this.#items.length)) {
      let next;
      try {
        next = this.#iterator.next();
      } catch (error) {
        return this.#finish({ error });
      }
      if ('then' in next) void this.#acceptLater(next);
      else this.#accept(next);
    }
  }

  /**
   * Takes no more elements and closes the iterator. Does not wait for an iterator whose next element is
   * pending, maybe for ever.
   */
  async close(): Promise<void> {
    if (this.#end === 'open') this.#end = 'ended';
    if (!this.#isIteratorOpen) return;
    this.#isIteratorOpen = false;
    const closing = this.#return();
    if (!this.#isNextPending) await closing;
  }

  async #return(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {
      // The error or the return that ended the iteration takes precedence.
    }
  }

  async #acceptLater(next: PromiseLike<IteratorResult<unknown>>): Promise<void> {
    this.#isNextPending = true;
    try {
      this.#accept(await next);
    } catch (error) {
      this.#finish({ error });
    }
    this.#isNextPending = false;
    this.pull();
  }

  #accept(next: IteratorResult<unknown>): void {
    if (this.#end !== 'open') return;
    if (next.done === true) return this.#finish('ended');
    const { toArguments, copy, chunkSize } = this.#options;
    try {
      const list = toArguments(next.value as never);
      this.#items.push(list);
      this.#takenCount += 1;
      if (this.#items.length === chunkSize) this.#handOver();
      else copy(list);
    } catch (error) {
      this.#stop({ error });
    }
  }

  /** The iterator has ended or thrown: the elements taken before form the last chunk. */
  #finish(end: SourceEnd): void {
    if (this.#end !== 'open') return;
    this.#isIteratorOpen = false;
    try {
      if (this.#items.length > 0) this.#handOver();
      this.#stop(end);
    } catch (error) {
      this.#stop({ error });
    }
  }

  #handOver(): void {
    this.#options.onChunk(this.#items.splice(0));
  }

  #stop(end: SourceEnd): void {
    this.#end = end;
    this.#options.onEnd();
  }
}

function iteratorOf(elements: Elements<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  const source = elements as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterator = source?.[Symbol.asyncIterator]?.() ?? source?.[Symbol.iterator]?.();
  if (iterator !== undefined) return iterator;
  throw new TypeError(`Expected the items to be an iterable, got ${showValue(elements)}`);
}
