import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { CancelledError, TimeoutError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { wait } from '../../lib/futures/wait.ts';
import { untilCollected } from '../support/collect-garbage.ts';
import { countCallbacks } from '../support/count-callbacks.ts';
import { manualFuture, manualFutures, mixedFutures, type ManualFuture } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { turn } from '../support/turn.ts';

function futuresOf<T>(made: readonly ManualFuture<T>[]): Future<T>[] {
  return made.map(({ future }) => future);
}

/** The indexes of the futures, in the order in which they are yielded. */
async function indexes(entries: AsyncIterable<[number, unknown]>): Promise<number[]> {
  const found: number[] = [];
  for await (const [index] of entries) found.push(index);
  return found;
}

describe('asCompleted', () => {
  it('yields the done ones first, then the others in the order in which they complete', async () => {
    const made = manualFutures<number>(5);
    made[3]?.controller.resolve(3);
    const completed = indexes(asCompleted(futuresOf(made)).entries());
    made[4]?.controller.reject(new Error('failed'));
    made[1]?.future.cancel();
    await turn();
    made[2]?.controller.resolve(2);
    made[0]?.controller.resolve(0);
    expect(await completed).toEqual([3, 4, 1, 2, 0]);
  });

  it('yields futures, and throws no error of a call', async () => {
    const made = mixedFutures().slice(0, 3);
    const results = asCompleted(futuresOf(made));
    for (const { future } of made) {
      const next = await results.next();
      expect([next.value === future, next.done]).toEqual([true, false]);
    }
    expect(await results.next()).toEqual({ value: undefined, done: true });
    expect(await thrownBy(made[2]?.future as Future<number>)).toBeInstanceOf(CancelledError);
  });

  it('yields each future once, from any iterable', async () => {
    const made = mixedFutures().slice(0, 3);
    function* twice(): Generator<Future<number>> {
      yield* futuresOf(made);
      yield* futuresOf(made);
    }
    expect(await indexes(asCompleted(twice()).entries())).toEqual([0, 1, 2]);
  });

  it('ends at once for nothing', async () => {
    expect(await asCompleted([]).next()).toEqual({ value: undefined, done: true });
    expect(await asCompleted([], { timeout: 0 }).next()).toEqual({ value: undefined, done: true });
  });

  it.each([[0], [-1], [10]])(
    'yields what is done after %p ms, then throws a TimeoutError, then is at its end',
    async (timeout) => {
      const made = mixedFutures();
      const results = asCompleted(futuresOf(made), { timeout });
      for (const { future } of made.slice(0, 3)) expect((await results.next()).value === future).toBe(true);
      const error = await thrownBy(results.next());
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as Error).message).toBe('1 (of 4) futures unfinished');
      expect(await results.next()).toEqual({ value: undefined, done: true });
      expect(made[3]?.future.state).toBe('pending');
    },
  );

  it('counts its timeout from the call, not from the first next()', async () => {
    const made = manualFutures<number>(1);
    const results = asCompleted(futuresOf(made), { timeout: 1 });
    await wait(futuresOf(made), { timeout: 50 });
    made[0]?.controller.resolve(1);
    expect(await thrownBy(results.next())).toBeInstanceOf(TimeoutError);
  });

  it('yields what was done in time, even if it is asked for later', async () => {
    const made = manualFutures<number>(2);
    const results = asCompleted(futuresOf(made), { timeout: 5 });
    made[1]?.controller.resolve(1);
    await wait(futuresOf(made), { timeout: 50 });
    expect((await results.next()).value === made[1]?.future).toBe(true);
    expect(await thrownBy(results.next())).toMatchObject({ message: '1 (of 2) futures unfinished' });
  });

  it('has no timeout any more once all are done', async () => {
    const made = manualFutures<number>(1);
    const results = asCompleted(futuresOf(made), { timeout: 5 });
    made[0]?.controller.resolve(1);
    await wait([manualFuture().future], { timeout: 30 });
    expect((await results.next()).done).toBe(false);
    expect((await results.next()).done).toBe(true);
  });

  it('refuses a wrong timeout at once', () => {
    expect(() => asCompleted([], { timeout: Number.NaN })).toThrow(RangeError);
    expect(() => asCompleted([], { timeout: '1' as never })).toThrow(TypeError);
  });

  it('throws the reason of the signal, after what is done, and leaves the futures alone', async () => {
    const made = mixedFutures();
    const controller = new AbortController();
    const results = asCompleted(futuresOf(made), { signal: controller.signal });
    for (let count = 0; count < 3; count += 1) await results.next();
    const next = thrownBy(results.next());
    controller.abort('enough');
    expect(await next).toBe('enough');
    expect((await results.next()).done).toBe(true);
    expect(made[3]?.future.state).toBe('pending');
    const aborted = asCompleted(futuresOf(made.slice(3)), { signal: controller.signal });
    expect(await thrownBy(aborted.next())).toBe('enough');
  });

  it.each<
    [how: string, leave: (results: ReturnType<typeof asCompleted<Future<number>>>) => Promise<unknown>]
  >([
    [
      'break',
      async (results) => {
        for await (const _ of results) break;
      },
    ],
    [
      'throw',
      async (results) => {
        for await (const _ of results.entries()) throw new Error('of the loop');
      },
    ],
    ['return()', async (results) => results.return()],
    ['await using', async (results) => results[Symbol.asyncDispose]()],
  ])('lets go of everything if the loop is left by %s', async (_how, leave) => {
    const made = manualFutures<number>(3);
    const count = countCallbacks(made);
    const { signal } = new AbortController();
    made[0]?.controller.resolve(1);
    const results = asCompleted(futuresOf(made), { signal, timeout: 60_000 });
    expect(count()).toBe(2);
    await leave(results).catch(() => {});
    expect(count()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    for (const { controller } of made.slice(1)) controller.resolve(1);
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  it('yields nothing more after return() in a done callback of a future that it watches', async () => {
    const { future, controller } = manualFuture();
    const closing: (() => unknown)[] = [];
    future.addDoneCallback(() => closing.map((close) => close()));
    const results = asCompleted([future, manualFuture().future]);
    closing.push(async () => results.return());
    controller.resolve(1);
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  it('ends a next() that waits when return() is called', async () => {
    const results = asCompleted([manualFuture().future]);
    const next = results.next();
    await results.return();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  it('answers several next() at once in their order', async () => {
    const made = manualFutures<number>(2);
    const results = asCompleted(futuresOf(made)).entries();
    const nexts = [results.next(), results.next(), results.next()];
    made[1]?.controller.resolve(1);
    made[0]?.controller.resolve(0);
    const answers = await Promise.all(nexts);
    expect(answers.map(({ value }) => (value as [number, unknown] | undefined)?.[0])).toEqual([
      1,
      0,
      undefined,
    ]);
  });

  it('keeps no future that it has yielded', async () => {
    const made = manualFutures<number>(2);
    const results = asCompleted(futuresOf(made));
    // In a function of its own, whose variables are gone when it returns.
    const yieldFirst = async (): Promise<WeakRef<object>> => {
      const first = made.shift() as ManualFuture<number>;
      first.controller.resolve(1);
      await results.next();
      return new WeakRef(first.future);
    };
    const reference = await yieldFirst();
    await untilCollected(reference);
    expect(reference.deref()).toBeUndefined();
    await results.return();
  });

  it('yields all of 10,000 futures that end in one tick', async () => {
    const made = manualFutures<number>(10_000);
    const completed = indexes(asCompleted(futuresOf(made)).entries());
    for (const { controller } of made) controller.resolve(1);
    expect(await completed).toHaveLength(10_000);
  });

  describe('with a bufferSize', () => {
    /** Makes futures without end, and holds on to them. */
    function endless(): {
      made: ManualFuture<number>[];
      futures: Generator<Future<number>>;
      ended: () => boolean;
    } {
      const made: ManualFuture<number>[] = [];
      let isEnded = false;
      function* futures(): Generator<Future<number>> {
        try {
          for (;;) {
            made.push(manualFuture());
            yield (made.at(-1) as ManualFuture<number>).future;
          }
        } finally {
          isEnded = true;
        }
      }
      return { made, futures: futures(), ended: () => isEnded };
    }

    it('takes a future when another one has been yielded, and no sooner', async () => {
      const { made, futures, ended } = endless();
      const entries = asCompleted(futures, { bufferSize: 2 }).entries();
      expect(made.length).toBe(2);
      made[1]?.controller.resolve(1);
      await turn();
      expect(made.length).toBe(2);
      expect((await entries.next()).value).toEqual([1, made[1]?.future]);
      expect(made.length).toBe(3);
      const next = entries.next();
      made[2]?.controller.resolve(2);
      expect((await next).value).toEqual([2, made[2]?.future]);
      expect(made.length).toBe(4);
      await entries.return?.();
      expect(ended()).toBe(true);
    });

    it('answers each next() that waits, also with futures that were done when they were taken', async () => {
      const made = manualFutures<number>(4);
      for (const index of [1, 2, 3]) made[index]?.controller.resolve(index);
      const entries = asCompleted(futuresOf(made), { bufferSize: 1 }).entries();
      const all = [entries.next(), entries.next(), entries.next(), entries.next(), entries.next()];
      made[0]?.controller.resolve(0);
      expect((await Promise.all(all)).map(({ value }) => value?.[0])).toEqual([0, 1, 2, 3, undefined]);
    });

    it('throws what its generator throws, after the futures that were taken before', async () => {
      const { future, controller } = manualFuture<number>();
      function* futures(): Generator<Future<number>> {
        yield future;
        throw new RangeError('no more');
      }
      const entries = asCompleted(futures(), { bufferSize: 1 }).entries();
      controller.resolve(1);
      expect((await entries.next()).value).toEqual([0, future]);
      expect(await thrownBy(entries.next())).toEqual(new RangeError('no more'));
      expect(await entries.next()).toEqual({ value: undefined, done: true });
    });

    it('bears a generator that ends it by its signal', async () => {
      const end = new AbortController();
      const { future, controller } = manualFuture<number>();
      function* futures(): Generator<Future<number>> {
        yield future;
        end.abort(new RangeError('enough'));
        yield manualFuture<number>().future;
      }
      const entries = asCompleted(futures(), { bufferSize: 1, signal: end.signal }).entries();
      controller.resolve(1);
      expect((await entries.next()).value).toEqual([0, future]);
      expect(await thrownBy(entries.next())).toEqual(new RangeError('enough'));
    });

    it('bears a generator that cancels a future which is held, while several next() wait', async () => {
      const [first, second, third] = manualFutures<number>(3) as [
        ManualFuture<number>,
        ManualFuture<number>,
        ManualFuture<number>,
      ];
      function* futures(): Generator<Future<number>> {
        yield first.future;
        yield second.future;
        second.future.cancel();
        yield third.future;
      }
      const entries = asCompleted(futures(), { bufferSize: 2 }).entries();
      const all = [entries.next(), entries.next(), entries.next(), entries.next()];
      first.controller.resolve(1);
      third.controller.resolve(3);
      expect((await Promise.all(all)).map(({ value }) => value?.[0])).toEqual([0, 1, 2, undefined]);
    });

    it('lets go of what it watches when what comes later is no future', () => {
      const made = manualFuture<number>();
      const count = countCallbacks([made]);
      expect(() => asCompleted([made.future, 5 as never])).toThrow(TypeError);
      expect(count()).toBe(0);
    });

    it.each([0, 1.5, NaN])('refuses %p', (bufferSize) => {
      expect(() => asCompleted([], { bufferSize })).toThrow(RangeError);
    });
  });
});
