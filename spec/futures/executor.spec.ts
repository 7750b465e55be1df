import { describe, expect, it } from '@jest/globals';
import { ShutdownError } from '../../lib/base/errors.ts';
import { Executor } from '../../lib/futures/executor.ts';
import type { JobOptions } from '../../lib/futures/job-options.ts';
import type { Future } from '../../lib/futures/future.ts';
import type { MapResults } from '../../lib/futures/map-results.ts';
import { InProcessExecutor } from '../support/in-process-executor.ts';
import { thrownBy } from '../support/thrown-by.ts';

const add = async (x: number, y: string): Promise<string> => `${x}${y}`;

/** The options of the jobs that submit, map and starmap make. */
const optionsOf = async (executor: Executor, inner: InProcessExecutor): Promise<JobOptions[]> => {
  await executor.submit(() => 1);
  for await (const _ of executor.map(() => 1, [1]));
  for await (const _ of executor.starmap(() => 1, [[]]));
  return inner.requests.map(({ options }) => options);
};

it('has no public methods but the documented ones', () => {
  expect(Object.getOwnPropertyNames(Executor.prototype).toSorted()).toEqual([
    'constructor',
    'map',
    'maxInFlight',
    'starmap',
    'submit',
    'with',
  ]);
});

describe('submit', () => {
  it('returns a future of the call', async () => {
    const executor = new InProcessExecutor();
    expect(await executor.submit((x: number, y: string) => `${x}${y}`, 1, 'a')).toBe('1a');
    expect(executor.requests).toMatchObject([{ items: [[1, 'a']], options: {} }]);
  });

  it.each([[undefined], [null], ['name'], [{}]])('throws a TypeError at once for %p as function', (fn) => {
    const executor = new InProcessExecutor();
    expect(() => executor.submit(fn as never, 1 as never)).toThrow(TypeError);
    expect(executor.requests).toHaveLength(0);
  });
});

describe('with', () => {
  it('gives its options to all jobs, of submit, map and starmap', async () => {
    const executor = new InProcessExecutor();
    const { signal } = new AbortController();
    const given = { retries: 2, signal, submit: { request_gpus: 1 } };
    expect(await optionsOf(executor.with(given), executor)).toEqual([given, given, given]);
  });

  it('leaves the executor it is called on as it is', async () => {
    const executor = new InProcessExecutor();
    executor.with({ retries: 2 });
    expect(await optionsOf(executor, executor)).toEqual([{}, {}, {}]);
  });

  it('adds options to those of another with, and replaces them one by one', async () => {
    const executor = new InProcessExecutor();
    const derived = executor
      .with({ retries: 2, submit: { request_memory: 1, request_cpus: 2 } })
      .with({ submit: { request_memory: 3 } });
    const [options] = await optionsOf(derived, executor);
    expect(options).toEqual({ retries: 2, submit: { request_memory: 3, request_cpus: 2 } });
  });

  it('keeps an option that is given as undefined', async () => {
    const executor = new InProcessExecutor();
    const [options] = await optionsOf(executor.with({ retries: 2 }).with({ retries: undefined }), executor);
    expect(options).toMatchObject({ retries: 2 });
  });

  it.each<[options: unknown, error: typeof TypeError]>([
    [{ retries: -1 }, RangeError],
    [{ retries: 0.5 }, RangeError],
    [{ retries: '1' }, TypeError],
    [{ retry: 1 }, TypeError],
    [{ submit: [] }, TypeError],
    [{ signal: 'abort' }, TypeError],
    [null, TypeError],
    ['fast', TypeError],
  ])('refuses %p', (options, error) => {
    expect(() => new InProcessExecutor().with(options as JobOptions)).toThrow(error);
  });

  it('is shut down with the executor, and shuts it down', async () => {
    const executor = new InProcessExecutor();
    const derived = executor.with({});
    await derived.shutdown({ wait: false });
    expect(executor.shutdowns).toEqual([{ wait: false }]);
    for (const closed of [executor, derived]) {
      expect(() => closed.submit(() => 1)).toThrow(ShutdownError);
      expect(() => closed.map(() => 1, [])).toThrow(ShutdownError);
    }
  });
});

describe('await using', () => {
  it('shuts the executor down, also if the block throws', async () => {
    const executor = new InProcessExecutor();
    const block = async (): Promise<void> => {
      await using used = executor;
      await used.submit(() => 1);
      throw new Error('of the block');
    };
    expect(await thrownBy(block())).toMatchObject({ message: 'of the block' });
    expect(executor.shutdowns).toEqual([undefined]);
  });
});

describe('types', () => {
  it('follow from the function', async () => {
    const executor = new InProcessExecutor();
    const future: Future<string> = executor.submit(add, 1, 'a');
    const anyFuture: Future<unknown> = future;
    const results: MapResults<string> = executor.map(async (x: number) => String(x), new Set([1]));
    const starred: MapResults<string> = executor.starmap(add, [[1, 'a']] as const);
    // @ts-expect-error -- a wrong argument
    void executor.submit(add, 'a', 'a');
    // @ts-expect-error -- an argument is missing
    void executor.submit(add, 1);
    // @ts-expect-error -- a wrong item
    void executor.map((x: number) => x, ['a']);
    // @ts-expect-error -- a wrong argument in a list
    void executor.starmap(add, [['a', 1]]);
    // @ts-expect-error -- a future of a wrong argument
    void executor.submit(add, future, 'a');
    // @ts-expect-error -- a wrong future within an argument
    void executor.submit((list: number[]) => list.length, [future]);
    expect(await anyFuture).toBe('1a');
    expect((await results.next()).value).toBe('1');
    expect((await starred.next()).value).toBe('1a');
  });
});
