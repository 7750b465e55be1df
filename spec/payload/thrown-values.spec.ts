import { AssertionError, deepStrictEqual } from 'node:assert';
import { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ProcessExitError, TimeoutError as OwnTimeoutError } from '../../lib/base/errors.ts';
import { decodeThrown, encodeThrown, registerErrorClass } from '../../lib/payload/thrown-values.ts';
import { deserialize, serialize } from 'node:v8';

/** There and back, as bytes. */
async function travel(thrown: unknown): Promise<unknown> {
  return decodeThrown(
    deserialize(serialize(encodeThrown(thrown))) as ReturnType<typeof encodeThrown>,
    'job 1.0 (node7, pid 5)',
  );
}

class DiskFull extends RangeError {
  readonly free: number;
  constructor(message: string, free: number) {
    super(message);
    this.free = free;
  }
}

class DiskError extends RangeError {}

describe('what a call threw', () => {
  it.each([0, '', null, undefined, false, NaN, 7n, 'text'])('may be no error: %p', async (thrown) => {
    expect(await travel(thrown)).toBe(thrown);
  });

  it.each([EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
    'keeps a class of the language: %p',
    async (known) => {
      const error = (await travel(new known('no'))) as Error;
      expect(error).toBeInstanceOf(known);
      expect(error.name).toBe(known.name);
      expect(error.message).toBe('no');
    },
  );

  it('keeps the code and other properties, with their enumerability', async () => {
    const error = Object.assign(new Error('no such file'), {
      code: 'ENOENT',
      detail: { tries: new Map([[1, 'a']]) },
    });
    Object.defineProperty(error, 'hidden', { value: 1, enumerable: false });
    const copy = (await travel(error)) as typeof error & { hidden: number };
    expect(copy.code).toBe('ENOENT');
    expect(copy.detail.tries.get(1)).toBe('a');
    expect(Object.keys(copy)).toEqual(['code', 'detail']);
    expect(copy.hidden).toBe(1);
  });

  it('keeps a message and a stack that its class made visible to JSON', async () => {
    const error = new Error('no');
    for (const [key, value] of Object.entries({ message: 'seen', stack: 'Error: seen\n    at there' })) {
      Object.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true });
    }
    const copy = (await travel(error)) as Error;
    expect(Object.keys(copy).toSorted()).toEqual(['message', 'stack']);
    expect(copy.stack).toMatch(/^Error: seen\n {4}at there\n/);
    expect(JSON.parse(JSON.stringify(copy))).toHaveProperty('message', 'seen');
    expect(Object.keys((await travel(new Error('usual'))) as Error)).toEqual([]);
  });

  it('keeps causes, however deep, with their classes', async () => {
    const error = (await travel(
      new Error('a', { cause: new TypeError('b', { cause: new RangeError('c') }) }),
    )) as Error;
    expect(error.cause).toBeInstanceOf(TypeError);
    expect((error.cause as Error).cause).toBeInstanceOf(RangeError);
    expect(Object.keys(error)).toEqual([]);
  });

  it('keeps the errors of an AggregateError', async () => {
    const error = (await travel(new AggregateError([new TypeError('b'), 'c'], 'a'))) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toBe('c');
  });

  it('ends the stack with the place where it was thrown', async () => {
    const error = new Error('no');
    expect(((await travel(error)) as Error).stack).toBe(`${error.stack}\n    at job 1.0 (node7, pid 5)`);
  });

  it("is of this project's own class, also as a part of another", async () => {
    const cause = new ProcessExitError('exited', 3);
    const error = (await travel(
      Object.assign(new Error('a', { cause }), { causes: new Set([cause]) }),
    )) as Error & {
      causes: Set<unknown>;
    };
    expect(error.cause).toBeInstanceOf(ProcessExitError);
    expect(error.cause).toMatchObject({ exitCode: 3 });
    expect(error.causes.has(error.cause)).toBe(true);
  });

  it("keeps this project's own classes and their fields", async () => {
    const error = (await travel(new ProcessExitError('exited', 3))) as ProcessExitError;
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(error.exitCode).toBe(3);
  });

  it('is of the nearest known ancestor until its class is registered', async () => {
    const before = (await travel(new DiskFull('full', 12))) as DiskFull;
    expect(before).toBeInstanceOf(RangeError);
    expect(before).not.toBeInstanceOf(DiskFull);
    expect(before.free).toBe(12);
    registerErrorClass(DiskFull);
    const after = (await travel(new DiskFull('full', 12))) as DiskFull;
    expect(after).toBeInstanceOf(DiskFull);
    expect(after.free).toBe(12);
  });

  it('may be a DOMException', async () => {
    const error = (await travel(new DOMException('gone', 'AbortError'))) as Error;
    expect(error.name).toBe('AbortError');
    expect(error.message).toBe('gone');
    expect(error).toMatchObject({ code: 20 });
    expect(error).toBeInstanceOf(DOMException);
    expect(Object.keys(error)).toEqual([]);
  });

  it('may be an error of Node itself, which prints as it does there', async () => {
    const caught: unknown[] = [];
    for (const act of [
      () => Buffer.alloc('x' as never),
      () => deepStrictEqual(1, 2),
      () => setPriority(2 ** 31 - 1, 1),
    ]) {
      try {
        act();
      } catch (error) {
        caught.push(error);
      }
    }
    caught.push(await setTimeout(1, 0, { signal: AbortSignal.abort() }).catch((error: unknown) => error));
    for (const error of caught as NodeJS.ErrnoException[]) {
      const copy = (await travel(error)) as NodeJS.ErrnoException;
      expect([copy.name, copy.code, copy.errno, String(copy), copy.constructor.name]).toEqual([
        error.name,
        error.code,
        error.errno,
        String(error),
        error.constructor.name,
      ]);
    }
    expect(await travel(caught[0])).toBeInstanceOf(TypeError);
    expect(await travel(caught[1])).toBeInstanceOf(AssertionError);
  });

  it('is told in words where it cannot travel', async () => {
    expect(await travel(new WeakRef({}))).toContain('WeakRef');
    const copy = await travel(Object.assign(new Error('a'), { pending: new Promise(() => {}) }));
    expect((copy as { pending: unknown }).pending).toContain('Promise');
  });

  it('is told in words only in the parts that cannot travel, at any depth', async () => {
    const socket = new Socket();
    class Client {
      status = 1;
      open = (): Socket => socket;
      reopen(): Socket {
        return socket;
      }
    }
    const response = {
      status: 503,
      sockets: new Map<string, unknown>([
        ['a', socket],
        ['b', 2],
      ]),
      request: socket,
    };
    const cause = Object.assign(new RangeError('c'), { status: 404, socket });
    const accessor = {
      get socket() {
        return socket;
      },
      value: 1,
    };
    const nested = { error: Object.assign(new TypeError('d'), { socket, status: 500 }) };
    const thrown = Object.assign(new Error('a', { cause }), {
      response,
      client: new Client(),
      accessor,
      nested,
    });
    const error = (await travel(thrown)) as typeof thrown;
    expect(error.response.status).toBe(503);
    expect(error.response.request).toContain('Socket');
    expect([error.response.sockets.get('a'), error.response.sockets.get('b')]).toEqual([
      error.response.request,
      2,
    ]);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.cause).toMatchObject({ status: 404, socket: expect.stringContaining('Socket') as unknown });
    expect(error.client).toEqual({ status: 1, open: expect.stringContaining('Function') as unknown });
    expect(error.accessor).toEqual({ socket: expect.stringContaining('Function') as unknown, value: 1 });
    expect(error.nested.error).toBeInstanceOf(TypeError);
    expect(error.nested.error).toMatchObject({
      status: 500,
      socket: expect.stringContaining('Socket') as unknown,
    });
    expect(await travel({ status: 1, socket })).toEqual({ status: 1, socket: error.response.request });
  });

  it('may go round in circles', async () => {
    const error = new Error('round');
    error.cause = new RangeError('there', { cause: error });
    const copy = (await travel(error)) as Error & { cause: Error };
    expect(copy.message).toBe('round');
    expect(copy.cause).toBeInstanceOf(RangeError);
    expect(copy.cause.cause).toBe(copy);
  });

  it('shares what its parts share', async () => {
    const shared = { n: 1 };
    const cause = Object.assign(new TypeError('c'), { shared });
    const error = new AggregateError([cause, cause], 'a', { cause });
    const copy = (await travel(Object.assign(error, { shared, list: [shared] }))) as typeof error & {
      shared: object;
      list: unknown[];
      cause: { shared: object };
    };
    expect(copy.errors).toEqual([copy.cause, copy.cause]);
    expect(copy.errors[0]).toBe(copy.cause);
    expect(copy.errors[1]).toBe(copy.cause);
    expect(copy.cause.shared).toBe(copy.shared);
    expect(copy.list[0]).toBe(copy.shared);
  });

  it.each([Object.freeze, Object.seal, Object.preventExtensions])(
    'stays as fixed as it was: %p',
    async (fix) => {
      const error = fix(Object.assign(new RangeError('a'), { list: fix([1]) }));
      const copy = (await travel(error)) as typeof error;
      for (const object of [copy, copy.list]) {
        expect(Object.isExtensible(object)).toBe(false);
        expect(Object.isSealed(object)).toBe(Object.isSealed(error));
        expect(Object.isFrozen(object)).toBe(Object.isFrozen(error));
      }
      expect(copy.stack).toBe(`${error.stack}\n    at job 1.0 (node7, pid 5)`);
    },
  );

  it('shows as its own what a class shows that is not known', async () => {
    class Refused extends DiskError {
      #reason = 'quota';
      get code(): string {
        return `E_${this.#reason}`;
      }
      override get message(): string {
        return this.#reason;
      }
    }
    Object.defineProperty(Refused.prototype, 'name', { value: 'Refused' });
    const error = (await travel(new Error('a', { cause: new Refused() }))) as { cause: Refused };
    expect(error.cause).toMatchObject({ name: 'Refused', code: 'E_quota', message: 'quota' });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(error.cause)).toEqual([]);
  });

  it('takes a moment only, however errors refer to each other', async () => {
    const errors = Array.from({ length: 12 }, (_, index) => new Error(`number ${index}`));
    for (const error of errors)
      Object.assign(error, {
        others: undefined,
        ...Object.fromEntries(errors.map((other, index) => [`to${index}`, other])),
      });
    expect(((await travel(errors[0])) as Error).message).toBe('number 0');
  });

  it('is not taken for an error of this project because its class has the same name', async () => {
    class TimeoutError extends Error {}
    const error = (await travel(new TimeoutError('of a database'))) as Error;
    expect(error).not.toBeInstanceOf(OwnTimeoutError);
    expect(error.message).toBe('of a database');
  });

  it('survives getters that throw', async () => {
    const error = new Error('a');
    Object.defineProperty(error, 'broken', {
      enumerable: true,
      get() {
        throw new Error('b');
      },
    });
    expect(((await travel(error)) as { broken: unknown }).broken).toContain('reading it threw');
  });
});

describe('registerErrorClass', () => {
  it('takes error classes only', async () => {
    expect(() => registerErrorClass(Map as never)).toThrow(TypeError);
    expect(() => registerErrorClass('x' as never)).toThrow(
      'Expected `errorClass` to be a class that extends Error',
    );
  });
});
