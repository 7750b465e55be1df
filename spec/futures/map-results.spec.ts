import { describe, expect, it } from '@jest/globals';
import { CancelledError } from '../../lib/base/errors.ts';
import type { MapOptions } from '../../lib/futures/map-results.ts';
import { collect } from '../support/collect.ts';
import { InProcessExecutor } from '../support/in-process-executor.ts';
import { slowly, Source } from '../support/items.ts';
import { manualFuture, manualFutures } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { turn } from '../support/turn.ts';

const double = (x: number): number => x * 2;
const notTwo = (x: number): number => {
  if (x === 2) throw new RangeError('two');
  return x;
};

function* broken(after: number): Generator<number> {
  for (let item = 1; item <= after; item += 1) yield item;
  throw new Error('of the source');
}

const join = (x: number, y: string): string => `${x}${y}`;

describe('map', () => {
  const sizes: MapOptions[] = [1, 2, 3, 4, 5, 6, 100, Infinity].flatMap((chunkSize) =>
    [undefined, 1, 2, 5, 10, 100].map((bufferSize) => ({ chunkSize, bufferSize })),
  );

  it.each(sizes)('yields the same as Array.map (%p)', async (options) => {
    const executor = new InProcessExecutor();
    const items = [1, 2, 3, 4, 5];
    expect(await collect(executor.map(double, items, options))).toEqual(items.map((x) => double(x)));
    expect(await collect(executor.map(double, slowly(items), options))).toEqual([2, 4, 6, 8, 10]);
    expect(await collect(executor.map(double, [], options))).toEqual([]);
  });

  it('makes one job of each chunk, the last one smaller', async () => {
    const executor = new InProcessExecutor();
    await collect(executor.map(double, [1, 2, 3, 4, 5], { chunkSize: 2 }));
    expect(executor.requests.map(({ items }) => items)).toEqual([[[1], [2]], [[3], [4]], [[5]]]);
  });

  it('schedules all calls at once, although nobody iterates', () => {
    const executor = new InProcessExecutor();
    executor.map(double, [1, 2, 3]);
    expect(executor.requests).toHaveLength(3);
  });

  it('keeps the order of the items, whichever is done first', async () => {
    const done = manualFutures<number>(3);
    const results = new InProcessExecutor().map(async (index: number) => done[index]?.future, [0, 1, 2]);
    done[2]?.controller.resolve(20);
    done[1]?.controller.resolve(10);
    await turn();
    done[0]?.controller.resolve(0);
    expect(await collect(results)).toEqual([0, 10, 20]);
  });

  it('yields in the order of completion with ordered: false', async () => {
    const done = manualFutures<number>(3);
    const items = [0, 1, 2];
    const results = new InProcessExecutor().map(async (index: number) => done[index]?.future, items, {
      ordered: false,
    });
    for (const index of [2, 0, 1]) {
      const next = results.next();
      done[index]?.controller.resolve(index);
      expect(await next).toEqual({ value: index, done: false });
    }
    expect((await results.next()).done).toBe(true);
  });

  it('answers several next() at once in their order', async () => {
    const results = new InProcessExecutor().map(double, [1, 2]);
    const answers = await Promise.all([results.next(), results.next(), results.next()]);
    expect(answers.map(({ value }) => value)).toEqual([2, 4, undefined]);
  });

  describe('errors', () => {
    it.each([1, 2, 3, 10])(
      'of a call come when its turn comes, and end the iteration (chunkSize %p)',
      async (chunkSize) => {
        const results = new InProcessExecutor().map(notTwo, [0, 1, 2, 3, 4], { chunkSize });
        expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 1]);
        expect(await thrownBy(results.next())).toMatchObject({ message: 'two' });
        expect(await results.next()).toEqual({ value: undefined, done: true });
      },
    );

    it.each([1, 2, 3, 10])(
      'let the iteration go on with onError: continue (chunkSize %p)',
      async (chunkSize) => {
        const results = new InProcessExecutor().map(notTwo, [0, 1, 2, 3, 4], {
          chunkSize,
          onError: 'continue',
        });
        expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 1]);
        expect(await thrownBy(results.next())).toMatchObject({ message: 'two' });
        expect(await collect(results)).toEqual([3, 4]);
      },
    );

    it('cancel what is left when they end the iteration, and close the source', async () => {
      const executor = new InProcessExecutor();
      const source = new Source();
      const never = manualFuture<number>().future;
      const fn = async (x: number): Promise<number> => (x === 0 ? Promise.reject(new Error('first')) : never);
      const results = executor.map(fn, source, { bufferSize: 3 });
      expect(await thrownBy(results.next())).toMatchObject({ message: 'first' });
      expect(executor.futures.map((future) => future.state)).toEqual(['finished', 'cancelled', 'cancelled']);
      expect([source.taken, source.closed]).toEqual([3, 1]);
    });

    it.each([[0], [''], [null], [undefined], [false]])('may be anything, such as %p', async (thrown) => {
      const throws = (): never => {
        throw thrown;
      };
      const results = new InProcessExecutor().map(throws, [1, 2], { onError: 'continue' });
      const unset = {};
      let caught: unknown = unset;
      await results.next().catch((error: unknown) => (caught = error));
      expect(caught).toBe(thrown);
    });

    it('of a job fail each of its calls', async () => {
      const executor = new InProcessExecutor();
      const never = manualFuture<number>().future;
      const results = executor.map(async () => never, [1, 2], { chunkSize: 2, onError: 'continue' });
      executor.futures[0]?.cancel();
      expect(await thrownBy(results.next())).toBeInstanceOf(CancelledError);
      expect(await thrownBy(results.next())).toBeInstanceOf(CancelledError);
      expect((await results.next()).done).toBe(true);
    });

    it('of the source come after the results of what it gave before', async () => {
      for (const source of [broken(2), slowly(broken(2))]) {
        const results = new InProcessExecutor().map(double, source);
        expect([(await results.next()).value, (await results.next()).value]).toEqual([2, 4]);
        expect(await thrownBy(results.next())).toMatchObject({ message: 'of the source' });
        expect((await results.next()).done).toBe(true);
      }
    });

    it('do not swallow the items that shared a chunk with the end of a broken source', async () => {
      const results = new InProcessExecutor().map(double, broken(1), { chunkSize: 2 });
      expect(await results.next()).toEqual({ value: 2, done: false });
      expect(await thrownBy(results.next())).toMatchObject({ message: 'of the source' });
    });
  });

  describe('options and arguments', () => {
    const executor = new InProcessExecutor();

    it.each<[options: unknown, error: typeof TypeError]>([
      [{ chunkSize: 0 }, RangeError],
      [{ chunkSize: -1 }, RangeError],
      [{ chunkSize: 1.5 }, RangeError],
      [{ chunkSize: Number.NaN }, RangeError],
      [{ chunkSize: '2' }, TypeError],
      [{ bufferSize: 0 }, RangeError],
      [{ bufferSize: -1 }, RangeError],
      [{ bufferSize: 2.5 }, RangeError],
      [{ bufferSize: '2' }, TypeError],
      [{ timeout: Number.NaN }, RangeError],
      [{ timeout: '2' }, TypeError],
      [{ ordered: 1 }, TypeError],
      [{ onError: 'ignore' }, RangeError],
      [{ chunksize: 2 }, TypeError],
      [null, TypeError],
      [7, TypeError],
    ])('%p are refused at once', (options, error) => {
      expect(() => executor.map(double, [1], options as MapOptions)).toThrow(error);
      expect(() => executor.starmap(double, [[1]], options as MapOptions)).toThrow(error);
      expect(executor.requests).toHaveLength(0);
    });

    it.each([[undefined], [null], [5], [{}]])('%p are no items', (items) => {
      expect(() => executor.map(double, items as never)).toThrow(TypeError);
    });

    it.each([[undefined], [null], ['double']])('%p is no function', (fn) => {
      expect(() => executor.map(fn as never, [1])).toThrow(TypeError);
    });
  });
});

describe('starmap', () => {
  it('calls with each list of arguments', async () => {
    const lists = [
      [1, 'a'],
      [2, 'b'],
    ] as const;
    expect(await collect(new InProcessExecutor().starmap(join, lists))).toEqual(['1a', '2b']);
    expect(await collect(new InProcessExecutor().starmap(join, slowly(lists), { chunkSize: 2 }))).toEqual([
      '1a',
      '2b',
    ]);
  });

  it('throws a TypeError for what is no list when its turn comes, and closes the source', async () => {
    let closed = false;
    function* lists(): Generator<[number]> {
      try {
        yield [1];
        yield 2 as never;
        yield [3];
      } finally {
        closed = true;
      }
    }
    const results = new InProcessExecutor().starmap(double, lists());
    expect(await results.next()).toEqual({ value: 2, done: false });
    expect(await thrownBy(results.next())).toBeInstanceOf(TypeError);
    expect((await results.next()).done).toBe(true);
    expect(closed).toBe(true);
  });
});
