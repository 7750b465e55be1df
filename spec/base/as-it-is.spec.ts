// oxlint-disable unicorn/no-thenable -- what these are about
import { describe, expect, it } from '@jest/globals';
import { asItIs } from '../../lib/base/as-it-is.ts';

class Later {
  then(resolve: (value: string) => void): void {
    resolve('what its method gives');
  }
}

const thenables: [what: string, value: object][] = [
  ['its own', { then: () => 1 }],
  ['an accessor', { get then() { return () => 1; } }], // prettier-ignore
  ['its class', new Later()],
  ['the class of a frozen object', Object.freeze(new Later())],
  ['a function', Object.assign(() => 2, { then: () => 1 })],
  ['a Promise', Promise.resolve(3)],
];

describe('asItIs()', () => {
  it.each(thenables)('gives a value with a method `then`, as it was: %s', async (_, value) => {
    const before = Object.getOwnPropertyDescriptors(value);
    const given = await asItIs(Promise.resolve({ value }));
    expect(given === value).toBe(true);
    expect(Object.getOwnPropertyDescriptors(value)).toEqual(before);
    expect(typeof Reflect.get(value, 'then')).toBe('function');
  });

  it.each([[undefined], [null], [5], ['text'], [{ then: 5 }]])('gives %s', async (value) => {
    expect(await asItIs(Promise.resolve({ value }))).toBe(value);
  });

  it('refuses a frozen object with such a method of its own', async () => {
    const value = Object.freeze({ then: () => 1 });
    await expect(asItIs(Promise.resolve({ value }))).rejects.toThrow('The value is frozen');
  });

  it('rejects as its promise does', async () => {
    await expect(asItIs(Promise.reject(new Error('no box')))).rejects.toThrow('no box');
  });
});
