import { showValue } from '../base/checks.ts';

/** Something to map over. */
export type Elements<T> = Iterable<T> | AsyncIterable<T>;

/** A list of arguments for a call. */
export type ArgumentList = readonly unknown[];

/** Whether there may be more; else how the elements ended. */
export type SourceEnd = 'open' | 'ended' | { readonly error: unknown };

export interface ChunkSourceOptions {
  readonly chunkSize: number;
  readonly toArguments: (element: never) => ArgumentList;
  /** Whether that many more elements may be taken now. */
  readonly hasRoom: (elements: number) => boolean;
  /** Gets each chunk; what it throws ends the source. */
  readonly onChunk: (chunk: ArgumentList[]) => void;
  /** No more chunks will come. */
  readonly onEnd: () => void;
}

/** Takes elements from an iterable, as many as there is room for, and makes chunks of argument lists of them. */
export class ChunkSource {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #options: ChunkSourceOptions;
  /** Of the chunk that is not whole yet. */
  #items: ArgumentList[] = [];
  #taken = 0;
  #end: SourceEnd = 'open';
  /** Set while an async source makes its next element. */
  #isWaiting = false;
  /** Whether the iterator has to be told when no more is taken from it. */
  #isIteratorOpen = true;

  /** @throws {TypeError} if the elements are not iterable */
  constructor(elements: Elements<unknown>, options: ChunkSourceOptions) {
    this.#iterator = iteratorOf(elements);
    this.#options = options;
  }

  /** How many elements have been taken so far. */
  get taken(): number {
    return this.#taken;
  }

  get end(): SourceEnd {
    return this.#end;
  }

  /** Takes what there is room for: from a sync source at once, from an async one as it comes. */
  pull(): void {
    const { chunkSize, hasRoom } = this.#options;
    while (this.#end === 'open' && !this.#isWaiting && hasRoom(chunkSize - this.#items.length)) {
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

  /** Takes no more, and lets the iterator know. Waits for its answer, unless it is busy with an element, maybe for ever. */
  async close(): Promise<void> {
    if (this.#end === 'open') this.#end = 'ended';
    if (!this.#isIteratorOpen) return;
    this.#isIteratorOpen = false;
    const closing = this.#return();
    if (!this.#isWaiting) await closing;
  }

  async #return(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {
      // What ended the iteration is more important.
    }
  }

  async #acceptLater(next: PromiseLike<IteratorResult<unknown>>): Promise<void> {
    this.#isWaiting = true;
    try {
      this.#accept(await next);
    } catch (error) {
      this.#finish({ error });
    }
    this.#isWaiting = false;
    this.pull();
  }

  #accept(next: IteratorResult<unknown>): void {
    if (this.#end !== 'open') return;
    if (next.done === true) return this.#finish('ended');
    try {
      this.#items.push(this.#options.toArguments(next.value as never));
      this.#taken += 1;
      if (this.#items.length === this.#options.chunkSize) this.#handOver();
    } catch (error) {
      this.#stop({ error });
    }
  }

  /** The iterator has no more, or is broken: what it gave before makes a last chunk. */
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
