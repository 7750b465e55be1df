import { describe, expect, it } from '@jest/globals';
import { follow, parsePath, showPath, stepOf } from '../../../lib/payload/reference/members.ts';

const secret = Symbol('secret');
class Base {
  [secret] = 1;
  static [Symbol.iterator](): void {}
  get size(): number {
    return 3;
  }
}

describe('a path to a member', () => {
  it.each([
    ['Math.sqrt', ['Math', 'sqrt'], 'value'],
    ['Array.prototype[Symbol.iterator]', ['Array', 'prototype', { symbol: 'Symbol.iterator' }], 'value'],
    ['get Map.prototype.size', ['Map', 'prototype', 'size'], 'get'],
    ['set RegExp.$_', ['RegExp', '$_'], 'set'],
    ['get RegExp[Symbol.species]', ['RegExp', { symbol: 'Symbol.species' }], 'get'],
    ['key EventTarget.prototype[kName]', ['EventTarget', 'prototype', { symbol: 'kName' }], 'key'],
    ['%AsyncFunction%.prototype', ['%AsyncFunction%', 'prototype'], 'value'],
  ] as const)('is written as %s', (text, path, part) => {
    expect(showPath(path, part)).toBe(text);
    expect(parsePath(text)).toEqual({ path, part });
  });

  it('leads to values, accessors and symbols', () => {
    const size = Object.getOwnPropertyDescriptor(Base.prototype, 'size');
    expect(follow({ Base }, ['Base'])).toBe(Base);
    expect(follow({ Base }, ['Base', 'prototype', 'size'], 'get')).toBe(size?.get);
    expect(follow(new Base(), [{ symbol: 'secret' }], 'key')).toBe(secret);
    expect(follow(new Base(), [stepOf(secret)])).toBe(1);
    expect(follow(class extends Base {}, [stepOf(Symbol.iterator)])).toBe(Base[Symbol.iterator]);
  });

  it('leads nowhere if something on it is missing', () => {
    expect(follow({}, ['a', 'b'])).toBeUndefined();
    expect(follow({ a: null }, ['a', 'b'])).toBeUndefined();
    expect(follow({ a: 1 }, ['a', 'b'])).toBeUndefined();
    expect(follow({}, [{ symbol: 'secret' }])).toBeUndefined();
  });
});
