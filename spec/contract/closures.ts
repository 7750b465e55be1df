import { beforeAll, describe, expect, it } from '@jest/globals';
import { basename } from 'node:path';
import type { Future } from '../../lib/futures/future.ts';
import { SerializationError } from '../../lib/base/errors.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { collect } from '../support/collect.ts';
import { groupExecutor, type Subject } from './subject.ts';

const factor = 3;
const table = new Map([['a', { weight: 2 }]]);
const helper = (x: number): number => x * factor + (table.get('a')?.weight ?? 0);

class Walker {
  readonly #steps: number[] = [];
  position = 0;
  step(by: number): this {
    this.#steps.push(by);
    this.position += by;
    return this;
  }
  get steps(): readonly number[] {
    return this.#steps;
  }
  later(): () => number {
    return () => this.position;
  }
}

class Tireless extends Walker {
  override step(by: number): this {
    return super.step(by * 2);
  }
}

class LostError extends Error {
  override name = 'LostError';
  readonly at: number;
  constructor(at: number) {
    super(`lost at ${at}`);
    this.at = at;
  }
}

function makeCounter(): { next: () => number; last: () => number } {
  let count = 0;
  return { next: () => ++count, last: () => count };
}
const first = makeCounter();
const second = makeCounter();
const walker = new Tireless().step(2);
const kind = Symbol('kind');

const examples: [what: string, fn: () => unknown, value: unknown][] = [
  ['variables, functions and a Map', () => helper(5), 17],
  ['an imported function', () => basename('/a/b'), 'b'],
  [
    'a variable that functions share',
    () => [first.next(), first.next(), first.last(), second.last()],
    [1, 2, 2, 0],
  ],
  ['a class, and the class that it extends', () => new Tireless().step(1).step(2).steps, [2, 4]],
  ['an instance with private fields', () => walker.step(1).steps, [4, 2]],
  ['the `this` of an arrow function', walker.later(), 4],
  ['a bound function', helper.bind(undefined, 1), 5],
  ['symbols and frozen objects', () => [{ [kind]: 1 }[kind], Object.isFrozen(examples)], [1, false]],
];

/** Functions with what they capture. */
export function closures(subject: Subject): void {
  describe('a function that captures', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const futures = new Map<string, Future<unknown>>();

    beforeAll(() => {
      for (const [what, fn] of examples) futures.set(what, executor().submit(fn));
    });

    it.each(examples)('%s travels with it', async (what, _fn, value) => {
      expect(await futures.get(what)).toEqual(value);
    });

    atOnce('is copied when it is submitted: what changes afterwards does not reach the call', async () => {
      let state = 'before';
      const list = [1];
      const future = executor().submit(() => [state, list]);
      state = 'after';
      list.push(2);
      expect(await future).toEqual(['before', [1]]);
      expect(await executor().submit(() => [state, list])).toEqual(['after', [1, 2]]);
    });

    atOnce('shares objects with the arguments of the call', async () => {
      const config = { runs: 1 };
      const change = (given: { runs: number }): boolean => {
        given.runs += 1;
        return given === config && config.runs === 2;
      };
      expect(await executor().submit(change, config)).toBe(true);
      expect(config.runs).toBe(1);
    });

    atOnce("returns instances of the caller's own classes", async () => {
      const back = await executor().submit((x: Walker) => [x.step(3), new Tireless().step(1)], walker);
      for (const each of back) expect(each).toBeInstanceOf(Tireless);
      expect(back.map(({ steps }) => steps)).toEqual([[4, 6], [2]]);
      expect(back[0]?.step(1).position).toBe(12);
      expect(back[0]?.later()()).toBe(12);
    });

    atOnce("throws errors of the caller's own classes, with the place in the caller's file", async () => {
      const error = await thrownBy(
        executor().submit(() => {
          throw new LostError(7);
        }),
      );
      expect(error).toBeInstanceOf(LostError);
      expect(error).toMatchObject({ name: 'LostError', message: 'lost at 7', at: 7 });
      expect((error as Error).stack).toMatch(/closures\.ts:\d+/);
    });

    atOnce(
      'shows the frames of the program, its job and where it was submitted, and none of ours',
      async () => {
        const fail = (): never => {
          throw new LostError(7);
        };
        const callIt = async (): Promise<never> => {
          await Promise.resolve();
          return fail();
        };
        const submitIt = async (): Promise<unknown> => thrownBy(executor().submit(callIt));
        const mapIt = async (): Promise<unknown> => thrownBy(executor().map(callIt, [1]).next());
        for (const [submit, name] of [
          [submitIt, 'submitIt'],
          [mapIt, 'mapIt'],
        ] as const) {
          const { stack = '' } = (await submit()) as Error;
          const names = stack.split('\n').map((line) => line.replace(/ \(.*| condor-futures job .*/, ''));
          expect(names).toEqual([
            'LostError: lost at 7',
            '    at fail',
            '    at callIt',
            '    at',
            `    at ${name}`,
          ]);
          expect(stack).not.toMatch(/runner-code|\/lib\//);
        }
      },
    );

    atOnce('may return a function, which works here', async () => {
      const add = await executor().submit((x: number) => (y: number) => helper(x) + y, 1);
      expect(add(10)).toBe(15);
    });

    atOnce('fails alone where it cannot travel, and says by which way', async () => {
      const deep = { list: [new Map([['key', new WeakRef({})]])] };
      const inner = (): unknown => deep;
      const error = (await thrownBy(executor().submit(() => inner()))) as SerializationError;
      expect(error).toBeInstanceOf(SerializationError);
      for (const part of [
        "captured variable 'inner'",
        "'deep'",
        '.list[0]',
        'Map value for key "key"',
        'a WeakRef',
      ])
        expect(error.message).toContain(part);
    });

    atOnce('is sent as it was prepared, or as it was when map was called', async () => {
      let x = 1;
      const prepared = executor().prepare(() => x);
      const mapped = executor().map((y: number) => x + y, [10, 20], { bufferSize: 1 });
      x = 5;
      expect(await executor().submit(prepared)).toBe(1);
      expect(await collect(mapped)).toEqual([11, 21]);
    });
  });
}
