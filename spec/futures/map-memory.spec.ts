import { describe, expect, it } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import type { JobRequest } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import type { ItemResult } from '../../lib/futures/map-results.ts';
import { collect } from '../support/collect-garbage.ts';
import { InProcessExecutor } from '../support/in-process-executor.ts';
import { manualFuture } from '../support/manual-future.ts';
import { turn } from '../support/turn.ts';

/** What is still held of all that was noted. */
class Census {
  readonly #noted: WeakRef<object>[] = [];

  note<T extends object>(one: T): T {
    this.#noted.push(new WeakRef(one));
    return one;
  }

  /** After a collection, which takes what nobody holds. */
  async left(): Promise<number> {
    // What was read of a reference stays for the turn.
    await turn();
    collect();
    return this.#noted.filter((reference) => reference.deref() !== undefined).length;
  }
}

/** Forgets its futures, as an executor does. */
class ForgetfulExecutor extends InProcessExecutor {
  readonly census: Census = new Census();

  override schedule(request: JobRequest): Future<ItemResult<unknown>[]> {
    const future = this.census.note(super.schedule(request));
    this.futures.length = 0;
    this.requests.length = 0;
    return future;
  }
}

describe('A map over endless items', () => {
  it.each([
    { bufferSize: 10 },
    { bufferSize: 10, ordered: false },
    { bufferSize: 100, chunkSize: 10 },
    { bufferSize: 10, onError: 'continue' as const },
  ])('holds no more items, futures and results than it may: %p', async (options) => {
    const executor = new ForgetfulExecutor();
    const items = new Census();
    const results = new Census();
    function* endless(): Generator<{ item: number }> {
      for (let item = 0; ; item += 1) yield items.note({ item });
    }
    const made = (given: { item: number }): { result: number } => results.note({ result: given.item });
    let count = 0;
    let most = 0;
    for await (const { result } of executor.map(made, endless(), options)) {
      expect(result).toBe(count);
      count += 1;
      if (count % 500 === 0) {
        const left = [await items.left(), await executor.census.left(), await results.left()];
        most = Math.max(most, ...left);
      }
      if (count === 2000) break;
    }
    // Beside what is taken ahead, the loop's own few.
    expect(most).toBeLessThanOrEqual(options.bufferSize + 5);
    expect(most).toBeGreaterThan(0);
  });
});

describe('Futures that asCompleted has yielded', () => {
  it('are not held until the last one is done', async () => {
    const census = new Census();
    const last = manualFuture();
    async function futuresOf(count: number): Promise<number> {
      const done = Array.from({ length: count }, (_, index) => {
        const { controller, future } = manualFuture<number>();
        controller.resolve(index);
        return census.note(future);
      });
      const completions = asCompleted([...done, last.future]);
      done.length = 0;
      for (let index = 0; index < count; index += 1) await completions.next();
      const left = await census.left();
      await completions.return();
      return left;
    }
    expect(await futuresOf(1000)).toBeLessThanOrEqual(2);
    last.controller.resolve(undefined);
  });
});
