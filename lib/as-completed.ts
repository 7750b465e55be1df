import { CompletedEntries, type AsCompletedOptions } from './completed-entries.ts';
import type { AnyFuture } from './future.ts';

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
