import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ModuleLoadError, SerializationError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { moduleFunction } from '../../lib/payload/module-function.ts';
import { registerErrorClass } from '../../lib/payload/thrown-values.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

class OverheatedError extends Error {
  readonly celsius: number = 0;
  get fahrenheit(): number {
    return this.celsius * 1.8 + 32;
  }
}
registerErrorClass(OverheatedError);

/** An object that Promises would call. */
interface Later {
  readonly a: number;
  readonly then: unknown;
}

type Throws = [
  what: string,
  fn: () => unknown,
  error: { class: abstract new (...args: never[]) => Error; fields: object },
];

const errorExamples: Throws[] = [
  [
    'a TypeError of the engine',
    () => (undefined as unknown as { x: number }).x,
    {
      class: TypeError,
      fields: { name: 'TypeError', message: expect.stringContaining('undefined') },
    },
  ],
  [
    'the rejection of an async function',
    async () => Promise.reject(new RangeError('too far')),
    { class: RangeError, fields: { message: 'too far' } },
  ],
  [
    'a code and own properties',
    () => {
      throw Object.assign(new Error('busy'), { code: 'EBUSY', errno: -16, seen: new Map([['a', 1]]) });
    },
    { class: Error, fields: { code: 'EBUSY', errno: -16, seen: new Map([['a', 1]]) } },
  ],
  [
    'an error of the filesystem',
    // oxlint-disable-next-line typescript/no-require-imports -- as in a CommonJS program
    () => (require('node:fs') as typeof import('node:fs')).readFileSync('/no/such/file'),
    { class: Error, fields: { code: 'ENOENT', syscall: 'open', path: '/no/such/file' } },
  ],
  [
    'an instance of a registered class',
    () => {
      // oxlint-disable-next-line no-shadow -- what counts is the name
      class OverheatedError extends Error {
        celsius: number;
        constructor(celsius: number) {
          super(`${celsius} °C`);
          this.celsius = celsius;
        }
      }
      throw new OverheatedError(100);
    },
    { class: OverheatedError, fields: { message: '100 °C', celsius: 100, fahrenheit: 212 } },
  ],
  [
    'an instance of a class that only the job knows, as its nearest known ancestor',
    () => {
      class StrangeError extends RangeError {
        override name = 'StrangeError';
        level = 3;
      }
      throw new StrangeError('odd');
    },
    { class: RangeError, fields: { name: 'StrangeError', message: 'odd', level: 3 } },
  ],
  [
    'an error whose property cannot travel',
    () => {
      throw Object.assign(new Error('with a handle'), { handle: () => 1, status: 7 });
    },
    { class: Error, fields: { message: 'with a handle', status: 7 } },
  ],
  [
    'an AbortError',
    () => AbortSignal.abort().throwIfAborted(),
    {
      class: DOMException,
      fields: { name: 'AbortError', message: 'This operation was aborted', code: 20 },
    },
  ],
];

const thrownValues: [shown: string, fn: () => never, value: unknown][] = [
  [
    '0',
    () => {
      throw 0;
    },
    0,
  ],
  [
    "''",
    () => {
      throw '';
    },
    '',
  ],
  [
    'null',
    () => {
      throw null;
    },
    null,
  ],
  [
    'undefined',
    () => {
      throw undefined;
    },
    undefined,
  ],
  [
    'false',
    () => {
      throw false;
    },
    false,
  ],
  [
    "'text'",
    () => {
      throw 'text';
    },
    'text',
  ],
  [
    'an object',
    () => {
      throw { reason: [1, 2] };
    },
    { reason: [1, 2] },
  ],
];

/** What calls throw, and what cannot travel or be loaded. */
export function errors(subject: Subject): void {
  describe('errors of a call', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const futures = new Map<string, Future<unknown>>();

    beforeAll(() => {
      for (const [what, fn] of [...errorExamples, ...thrownValues]) futures.set(what, executor().submit(fn));
    });

    it.each(errorExamples)('brings back %s', async (what, _fn, { class: expected, fields }) => {
      const error = await thrownBy(futures.get(what) as Future<unknown>);
      expect(error).toBeInstanceOf(expected);
      expect(error).toMatchObject(fields);
    });

    it.each(thrownValues)('rejects with %s if that is what was thrown', async (what, _fn, value) => {
      const future = futures.get(what) as Future<unknown>;
      expect(await thrownBy(future)).toEqual(value);
      expect(await future.exception()).toEqual(value);
      expect(future.state).toBe('failed');
    });

    atOnce('rejects with a thrown object that has a method `then`, as it is', async () => {
      const judged: unknown[] = [];
      const when = (error: unknown): boolean => judged.push(typeof (error as Later).then) > 0;
      const future = executor()
        .with({ retries: { limit: 1, when } })
        .submit(() => {
          // oxlint-disable-next-line unicorn/no-thenable -- what this is about
          throw { a: 1, then: (resolve: (value: string) => void) => resolve('what its method gives') };
        });
      const dependent = executor().submit((value: unknown) => value, future);
      const error = (await thrownBy(future)) as Later;
      expect([error.a, typeof error.then]).toEqual([1, 'function']);
      expect((await future.exception()) === error).toBe(true);
      expect(((await thrownBy(dependent)) as Error).cause).toMatchObject({ a: 1 });
      expect(judged).toEqual(['function']);
      const inside = (await thrownBy(
        executor().submit(async () => {
          // oxlint-disable-next-line unicorn/no-thenable -- what this is about
          const later = { a: 1, then: () => 1 };
          throw Object.assign(new AggregateError([later], 'm', { cause: later }), later);
        }),
      )) as AggregateError & Later;
      expect(inside).toBeInstanceOf(AggregateError);
      expect([inside, inside.cause, inside.errors[0]].map((each) => (each as Later).a)).toEqual([1, 1, 1]);
      expect(typeof inside.then).toBe('function');
    });

    atOnce('tells only those parts of an error in words that cannot travel', async () => {
      const error = (await thrownBy(
        executor().submit(async () => {
          const { Agent } = await import('node:http');
          const request = new Agent();
          const cause = Object.assign(new RangeError('deep'), { request, status: 404 });
          const response = { status: 503, data: { reason: 'busy' }, request };
          throw Object.assign(new Error('failed', { cause }), { code: 'E_BUSY', response });
        }),
      )) as Error & { response: { request: unknown } };
      expect(error).toMatchObject({ code: 'E_BUSY', response: { status: 503, data: { reason: 'busy' } } });
      expect(error.cause).toBeInstanceOf(RangeError);
      expect(error.cause).toMatchObject({ status: 404, request: error.response.request });
      expect(error.response.request).toContain('Agent');
    });

    atOnce('returns errors of Node itself and DOMExceptions as parts of values', async () => {
      const outcomes = await executor().submit(async () =>
        Promise.allSettled([
          (async () => Buffer.alloc('x' as never))(),
          Promise.reject(new DOMException('late', 'TimeoutError')),
          Promise.reject(new AggregateError([new RangeError('one')], 'several')),
        ]),
      );
      const reasons = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as Error);
      expect(reasons[0]).toBeInstanceOf(TypeError);
      expect(reasons[0]).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(reasons[1]).toBeInstanceOf(DOMException);
      expect(reasons[1]).toMatchObject({ name: 'TimeoutError', message: 'late', code: 23 });
      expect(reasons[2]).toMatchObject({ name: 'AggregateError', errors: [{ message: 'one' }] });
    });

    atOnce('keeps the classes of causes and of the errors of an AggregateError', async () => {
      const error = (await thrownBy(
        executor().submit(() => {
          const cause = new Error('middle', { cause: new TypeError('root') });
          throw new AggregateError([new RangeError('one'), 'two'], 'several', { cause });
        }),
      )) as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.errors).toEqual([new RangeError('one'), 'two']);
      expect(error.errors[0]).toBeInstanceOf(RangeError);
      expect(error.cause).toBeInstanceOf(Error);
      expect((error.cause as Error).cause).toBeInstanceOf(TypeError);
      expect((error.cause as Error).cause).toMatchObject({ message: 'root' });
    });

    atOnce('shows where the call threw, and in which job', async () => {
      const future = executor().submit(function findTheNeedle() {
        throw new Error('no needle');
      });
      const shown = inspect(await thrownBy(future));
      expect(shown).toContain('findTheNeedle');
      expect(shown).toContain(String(future.jobId));
      expect(shown).toContain(String(future.host));
    });

    atOnce('rejects with the same error each time it is asked', async () => {
      const future = executor().submit(() => {
        throw new Error('once');
      });
      const error = await thrownBy(future);
      expect(await thrownBy(future.result())).toBe(error);
      expect(await future.exception()).toBe(error);
      expect(await future.exception(0)).toBe(error);
    });

    atOnce(
      'rejects with a SerializationError if the result cannot travel, and says where it sits',
      async () => {
        const error = await thrownBy(executor().submit(() => ({ deep: [{ log: new WeakRef({}) }] })));
        expect(error).toBeInstanceOf(SerializationError);
        expect(error).toMatchObject({ path: 'result.deep[0].log' });
      },
    );

    atOnce('brings a getter of the result home without calling it', async () => {
      const result = await executor().submit(() => ({
        get broken(): never {
          throw new Error('getter');
        },
      }));
      expect(() => result.broken).toThrow('getter');
    });

    const missing = [
      ['is not there', '/no/such/module.js', 'run'],
      ['is a package that is not installed', 'no-such-package-anywhere', 'run'],
      ['has no such export', 'node:path', 'noSuchExport'],
      ['exports no function of that name', 'node:path', 'sep'],
    ] as const;
    for (const [what, module, exportName] of missing) {
      atOnce(`rejects with a ModuleLoadError if the module ${what}`, async () => {
        const error = await thrownBy(executor().submit(moduleFunction(module, exportName)));
        expect(error).toBeInstanceOf(ModuleLoadError);
        expect(error).toMatchObject({ module, exportName });
        expect((error as Error).message).toContain(module);
      });
    }
  });
}
