import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { SerializationError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { journalFile } from '../../lib/job-set/names.ts';
import { moduleFunction } from '../../lib/payload/module-function.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';

/** A call and what it returns. */
type Example = [what: string, fn: (...args: never[]) => unknown, args: unknown[], value: unknown];

const methods = {
  double(this: void, x: number) {
    return x * 2;
  },
};

const examples: Example[] = [
  ['an arrow function', (x: number) => x * x, [7], 49],
  [
    'a function expression',
    function add(x: number, y: number) {
      return x + y;
    },
    [1, 2],
    3,
  ],
  ['a method', methods.double, [21], 42],
  ['an async function', async (x: number) => Promise.resolve(x + 1), [1], 2],
  [
    'a function that returns a promise of a promise',
    async () => Promise.resolve(Promise.resolve('in')),
    [],
    'in',
  ],
  ['a function of JavaScript itself', Math.sqrt, [16], 4],
  [
    'a function with default and rest parameters',
    (x: number, y = 10, ...rest: number[]) => [x, y, rest],
    [1],
    [1, 10, []],
  ],
  [
    'an export of a module',
    moduleFunction<typeof basename>('node:path', 'basename'),
    ['/a/b.txt', '.txt'],
    'b',
  ],
  ['a function that imports', async () => (await import('node:path')).basename('/a/b'), [], 'b'],
  [
    'a function that requires',
    // oxlint-disable-next-line typescript/no-unsafe-return, typescript/no-require-imports -- as in a CommonJS program
    () => (require('node:path') as { basename(path: string): string }).basename('/a/c'),
    [],
    'c',
  ],
  [
    'a function that uses the globals of Node',
    () => typeof process.pid + typeof Buffer + typeof fetch,
    [],
    'numberfunctionfunction',
  ],
  // Names that options have elsewhere: arguments cannot be taken for options.
  [
    'arguments that look like options',
    (...args: unknown[]) => args,
    [
      { submit: 1, retries: 2 },
      { signal: 'x', fn: 'f', self: 's' },
    ],
    [
      { submit: 1, retries: 2 },
      { signal: 'x', fn: 'f', self: 's' },
    ],
  ],
];

const identity = (x: unknown): unknown => x;

/** What `submit` promises. */
export function submission(subject: Subject): void {
  describe('submit', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const futures = new Map<string, Future<unknown>>();

    beforeAll(() => {
      for (const [what, fn, args] of examples) futures.set(what, executor().submit(fn, ...(args as never[])));
    });

    it.each(examples)('makes the call of %s', async (what, _fn, _args, value) => {
      expect(await futures.get(what)).toEqual(value);
    });

    atOnce('returns a pending future before anything is submitted', async () => {
      const future = executor().submit(() => 1);
      expect([future.state, future.jobId, future.attempts]).toEqual(['pending', undefined, 0]);
      expect(await future).toBe(1);
    });

    it.each([[undefined], [null], ['name'], [{}], [42]])(
      'throws a TypeError at once for %p as function',
      (fn) => {
        expect(() => executor().submit(fn as never)).toThrow(TypeError);
      },
    );

    atOnce('copies the arguments: what happens to them afterwards does not reach the call', async () => {
      const list = [1, 2];
      const future = executor().submit((numbers: number[]) => numbers, list);
      list.push(3);
      expect(await future).toEqual([1, 2]);
    });

    atOnce('gives every call arguments of its own', async () => {
      const list: number[] = [];
      const calls = [1, 2, 3].map((x) =>
        executor().submit(
          (numbers: number[], y: number) => {
            numbers.push(y);
            return numbers;
          },
          list,
          x,
        ),
      );
      expect(await Promise.all(calls)).toEqual([[1], [2], [3]]);
      expect(list).toEqual([]);
    });

    atOnce('fails a call alone whose argument cannot travel, and says where it sits', async () => {
      const before = executor().submit(identity, 'before');
      const bad = executor().submit(identity, { options: { log: new WeakRef({}) } });
      const after = executor().submit(identity, 'after');
      const error = await thrownBy(bad);
      expect(error).toBeInstanceOf(SerializationError);
      expect(error).toMatchObject({ path: 'arguments[0].options.log' });
      expect([bad.state, bad.jobId, bad.attempts]).toEqual(['failed', undefined, 0]);
      expect(await Promise.all([before, after])).toEqual(['before', 'after']);
    });

    atOnce('fails a call of a class as calling it here does', async () => {
      const error = await thrownBy(executor().submit(class extends Map {} as unknown as () => unknown));
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining("without 'new'") });
    });

    // On this machine, that many processes would take half of the time of the whole contract.
    const crowdSize = subject.name === 'LocalExecutor' && !sharesProcesses(subject) ? 40 : 200;
    atOnce(`runs ${crowdSize} calls of one tick, in one submission and in their order`, async () => {
      const crowd = subject.makeExecutor();
      const calls = Array.from({ length: crowdSize }, (_, index) => crowd.submit((x: number) => x, index));
      const results = await Promise.all(calls);
      expect(results).toEqual(Array.from({ length: crowdSize }, (_, index) => index));
      const numbers = calls.map((future) => Number(future.jobId?.split('.').at(-1)));
      expect(numbers).toEqual([...numbers].toSorted((a, b) => a - b));
      expect(new Set(calls.map((future) => future.jobId)).size).toBe(crowdSize);
      if (crowd instanceof ClusterExecutor) {
        const journal = readFileSync(journalFile(crowd.jobSetDirectory ?? ''), 'utf8');
        expect(journal.match(/"event":"submitting"/g)).toHaveLength(1);
      }
      await crowd.shutdown();
    });
  });
}
