import { describe, expect, it } from '@jest/globals';
import {
  boundParts,
  privateMembers,
  promiseState,
  proxyParts,
  weakEntries,
} from '../../../lib/payload/inspect/slots.ts';

describe('boundParts', () => {
  it('tells what a bound function was made of', () => {
    const target = (...given: unknown[]): unknown => given;
    const self = {};
    expect(boundParts(target.bind(self, -0, 1n, undefined, self))).toEqual({
      target,
      thisValue: self,
      args: [-0, 1n, undefined, self],
    });
    expect(boundParts(target.bind(self))?.thisValue).toBe(self);
  });

  it('takes one layer off a function that was bound twice', () => {
    const once = Math.max.bind(null, 1);
    const parts = boundParts(once.bind(undefined, 2));
    expect(parts?.target).toBe(once);
    expect(parts?.args).toEqual([2]);
  });

  it('tells nothing about other functions', () => {
    expect([() => 1, Math.max, Error].map(boundParts)).toEqual([undefined, undefined, undefined]);
  });
});

describe('privateMembers', () => {
  class Base {
    #field = 1;
    get #both(): number {
      return this.#field;
    }
    set #both(value: number) {
      this.#field = value;
    }
    #method(): number {
      return (this.#both += 1);
    }
    read(): number {
      return this.#method();
    }
  }

  class Derived extends Base {
    #field: object = Derived;
    static #shared = -0;
    get own(): unknown {
      return [this.#field, Derived.#shared];
    }
  }

  it('gives fields and accessors of all classes of an object, base first', () => {
    const object = new Derived();
    object.read();
    const members = privateMembers(object).filter(({ kind }) => kind !== 'method');
    expect(members).toEqual([
      { name: '#both', kind: 'accessor', value: { get: expect.any(Function), set: expect.any(Function) } },
      { name: '#field', kind: 'field', value: 2 },
      { name: '#field', kind: 'field', value: Derived },
    ]);
  });

  it('gives methods, as the functions that they are', () => {
    const object = new Base();
    const [method] = privateMembers(object).filter(({ kind }) => kind === 'method');
    expect(method?.name).toBe('#method');
    expect((method as { value: () => number }).value.call(object)).toBe(2);
  });

  it('gives what is private to a class itself', () => {
    expect(privateMembers(Derived)).toEqual([{ name: '#shared', kind: 'field', value: -0 }]);
  });

  it('gives nothing where nothing is private', () => {
    expect(privateMembers({ '#field': 1 })).toEqual([]);
  });
});

describe('weakEntries', () => {
  it('gives all entries of a WeakMap', () => {
    const keys = Array.from({ length: 500 }, () => ({}));
    const entries = weakEntries(new WeakMap(keys.map((key, index) => [key, index])));
    expect(new Map(entries)).toEqual(new Map(keys.map((key, index) => [key, index])));
  });

  it('gives the members of a WeakSet as keys', () => {
    const member = {};
    expect(weakEntries(new WeakSet([member]))).toEqual([[member, undefined]]);
    expect(weakEntries(new WeakSet())).toEqual([]);
  });
});

describe('promiseState', () => {
  it('tells what a promise was settled with', () => {
    const value = {};
    const rejected = Promise.reject(value);
    rejected.catch(() => undefined);
    expect(promiseState(Promise.resolve(value))).toEqual({ state: 'fulfilled', value });
    expect(promiseState(rejected)).toEqual({ state: 'rejected', reason: value });
    expect(promiseState(new Promise(() => {}))).toEqual({ state: 'pending' });
  });

  it('reads no property of it, such as `then`', () => {
    const read: PropertyKey[] = [];
    class Watched extends Promise<number> {
      static override get [Symbol.species](): PromiseConstructor {
        read.push('species');
        return Promise;
      }
    }
    const promise = Watched.resolve(1);
    Object.setPrototypeOf(promise, new Proxy(Watched.prototype, { get: (_, key) => void read.push(key) }));
    expect(promiseState(promise)).toEqual({ state: 'fulfilled', value: 1 });
    expect(read).toEqual([]);
  });
});

describe('proxyParts', () => {
  it('tells what a Proxy is made of, and calls none of its traps', () => {
    const traps: unknown[] = [];
    const handler = new Proxy({}, { get: (_target, trap) => void traps.push(trap) });
    const target = (): void => {};
    expect(proxyParts(new Proxy(target, handler))?.target).toBe(target);
    expect(proxyParts(new Proxy(target, handler))?.handler).toBe(handler);
    expect(traps).toEqual([]);
  });

  it('tells nothing about one that is revoked, or about what is no Proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(proxyParts(proxy)).toBeUndefined();
    expect(proxyParts({})).toBeUndefined();
  });
});
