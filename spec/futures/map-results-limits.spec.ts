import { describe, expect, it } from '@jest/globals';
import { ShutdownError, TimeoutError } from '../../lib/base/errors.ts';
import { wait } from '../../lib/futures/wait.ts';
import { collect } from '../support/collect.ts';
import { InProcessExecutor } from '../support/in-process-executor.ts';
import { slowly, Source } from '../support/items.ts';
import { manualFuture, manualFutures } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { turn } from '../support/turn.ts';

const double = (x: number): number => x * 2;

const timingOut = (x: number): number => {
  if (x === 1) throw new TimeoutError('of the call');
  return x;
};

describe('the timeout of map', () => {
  it.each([[0], [-1], [5]])(
    'of %p ms: yields what is done, throws a TimeoutError, cancels the rest, ends',
    async (timeout) => {
      const executor = new InProcessExecutor();
      const source = new Source(4);
      const never = manualFuture<number>().future;
      const results = executor.map((x: number) => (x === 0 ? x : never), source, { timeout });
      expect(await results.next()).toEqual({ value: 0, done: false });
      expect(await thrownBy(results.next())).toBeInstanceOf(TimeoutError);
      expect(await results.next()).toEqual({ value: undefined, done: true });
      expect(executor.futures.map((future) => future.state)).toEqual([
        'finished',
        'cancelled',
        'cancelled',
        'cancelled',
      ]);
    },
  );

  it('counts from the call, and cancels although nobody iterates', async () => {
    const executor = new InProcessExecutor();
    const never = manualFuture<number>().future;
    const source = new Source();
    const results = executor.map(async () => never, source, { timeout: 1, bufferSize: 2 });
    await wait(executor.futures, { timeout: 10_000 });
    expect(executor.futures.map((future) => future.state)).toEqual(['cancelled', 'cancelled']);
    expect(await thrownBy(results.next())).toBeInstanceOf(TimeoutError);
    expect([source.taken, source.closed]).toEqual([2, 1]);
  });

  it('is another thing than a TimeoutError that a call throws', async () => {
    const results = new InProcessExecutor().map(timingOut, [0, 1, 2], {
      timeout: 60_000,
      onError: 'continue',
    });
    expect((await results.next()).value).toBe(0);
    expect(await thrownBy(results.next())).toMatchObject({ message: 'of the call' });
    expect(await collect(results)).toEqual([2]);
  });

  it('does not fire at once if it is longer than a timer can be', async () => {
    const results = new InProcessExecutor().map(double, [1], { timeout: 2 ** 31 });
    await wait([manualFuture().future], { timeout: 20 });
    expect(await collect(results)).toEqual([2]);
  });
});

describe('the bufferSize of map', () => {
  it.each([
    [1, 1],
    [2, 1],
    [5, 1],
    [4, 2],
    [6, 3],
  ])(
    '%p: exactly so many items are taken before a result is, and one for each result then (chunkSize %p)',
    async (bufferSize, chunkSize) => {
      const source = new Source();
      const results = new InProcessExecutor().map(double, source, { bufferSize, chunkSize });
      await turn();
      expect(source.taken).toBe(bufferSize);
      for (let count = 1; count <= 3 * chunkSize; count += 1) {
        await results.next();
        await turn();
        expect(source.taken).toBe(bufferSize + Math.floor(count / chunkSize) * chunkSize);
      }
      await results.return();
      expect(source.closed).toBe(1);
    },
  );

  it('takes no more while a result is awaited', async () => {
    const source = new Source();
    const done = manualFutures<number>(9);
    const results = new InProcessExecutor().map(async (x: number) => done[x]?.future, source, {
      bufferSize: 3,
    });
    const next = results.next();
    done[1]?.controller.resolve(1);
    done[2]?.controller.resolve(2);
    await turn();
    expect(source.taken).toBe(3);
    done[0]?.controller.resolve(0);
    expect(await next).toEqual({ value: 0, done: false });
    expect(source.taken).toBe(4);
    await results.return();
  });

  it('takes items from an async source as results are taken', async () => {
    const source = new Source();
    const results = new InProcessExecutor().map(double, slowly(source), { bufferSize: 2 });
    expect((await results.next()).value).toBe(0);
    expect(source.taken).toBeLessThanOrEqual(4);
    await results.return();
    await until(() => source.closed > 0);
    expect(source.closed).toBe(1);
  });
});

describe('leaving the loop over map', () => {
  it.each<[how: string, leave: (results: ReturnType<InProcessExecutor['map']>) => Promise<unknown>]>([
    [
      'break',
      async (results) => {
        for await (const _ of results) break;
      },
    ],
    ['return()', async (results) => results.return()],
    ['await using', async (results) => results[Symbol.asyncDispose]()],
  ])('by %s cancels what is left and closes the source', async (_how, leave) => {
    const executor = new InProcessExecutor();
    const source = new Source();
    const never = manualFuture<number>().future;
    const results = executor.map((x: number) => (x === 0 ? x : never), source, { bufferSize: 3 });
    await leave(results);
    expect(executor.futures.slice(1).every((future) => future.cancelled())).toBe(true);
    expect(source.closed).toBe(1);
    const { taken } = source;
    expect(await results.next()).toEqual({ value: undefined, done: true });
    expect([source.taken, source.closed]).toEqual([taken, 1]);
  });

  it('ends a next() that waits', async () => {
    const results = new InProcessExecutor().map(async () => manualFuture<number>().future, [1]);
    const next = results.next();
    await turn();
    await results.return();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});

describe('shutdown', () => {
  it('takes no more items of a map once the executor is shut down, and says so after the results it has', async () => {
    const executor = new InProcessExecutor();
    const results = executor.map(double, new Source(), { bufferSize: 2 });
    await executor.shutdown();
    const values: number[] = [];
    const error = await thrownBy(
      (async () => {
        for await (const value of results) values.push(value);
      })(),
    );
    expect(error).toBeInstanceOf(ShutdownError);
    expect(values).toEqual([0, 2]);
    expect(executor.requests).toHaveLength(2);
  });
});

describe('map over a source that is slow', () => {
  /** Gives one item, and then nothing for ever. */
  async function* stuck(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => {});
  }

  it('throws its TimeoutError all the same', async () => {
    const results = new InProcessExecutor().map((x: number) => x, stuck(), { timeout: 20 });
    expect(await results.next()).toEqual({ value: 1, done: false });
    expect(await thrownBy(results.next())).toBeInstanceOf(TimeoutError);
  });

  it('throws the error of a call, and can be left, all the same', async () => {
    const fail = (): never => {
      throw new RangeError('no');
    };
    expect(await thrownBy(new InProcessExecutor().map(fail, stuck()).next())).toBeInstanceOf(RangeError);
    for await (const value of new InProcessExecutor().map((x: number) => x, stuck())) {
      expect(value).toBe(1);
      break;
    }
  });

  it('has no timeout once all calls are done, however slowly the results are taken', async () => {
    const results = new InProcessExecutor().map((x: number) => x, [1, 2], { timeout: 50 });
    const start = performance.now();
    expect(await results.next()).toEqual({ value: 1, done: false });
    await until(() => performance.now() - start > 100);
    expect(await results.next()).toEqual({ value: 2, done: false });
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });
});
