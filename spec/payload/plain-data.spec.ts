import { serialize as write } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { hasOnlyDenseArrays } from '../../lib/payload/dense-arrays.ts';
import { isPlain, serializePlain } from '../../lib/payload/plain-data.ts';

const called: string[] = [];
const call = (what: string): number => called.push(what);
const getter = { get: () => call('get'), enumerable: true, configurable: true };

const define = <T extends object>(object: T, key: PropertyKey, property: PropertyDescriptor): T =>
  Object.defineProperty(object, key, property);
const longWith = (key: PropertyKey, property: PropertyDescriptor): unknown[] =>
  define(
    Array.from({ length: 100 }, (_, index) => index),
    key,
    property,
  );
const nested = (levels: number): unknown => {
  let value: unknown[] = [];
  for (let level = 1; level < levels; level += 1) value = [value];
  return value;
};
const nine = (): number[] => Array.from({ length: 9 }, (_, index) => index);
const data = { value: 1, writable: true, enumerable: true, configurable: true };
const cycle: unknown[] = [];
cycle.push({ cycle });
/** As many ways to its end as two to the power of its length. */
const forks = (length: number): unknown => {
  let value: unknown = {};
  for (let step = 0; step < length; step += 1) value = [value, value];
  return value;
};
const bytes = new Uint8Array(20_000);

const PLAIN: [string, unknown][] = [
  [
    'primitives',
    [
      undefined,
      null,
      true,
      false,
      0,
      -1,
      1.5,
      -0,
      NaN,
      2 ** 31,
      2 ** 40,
      'text',
      'wide ☃',
      '',
      10n ** 40n,
      -1n,
    ],
  ],
  ['an object', { a: 1, b: { c: [] }, 7: 'seven', __proto__: Object.prototype }],
  ['a property named __proto__', define({}, '__proto__', data)],
  ['numbers in a list', Array.from({ length: 1000 }, (_, index) => index * 300)],
  ['fractions in a list', Array.from({ length: 1000 }, (_, index) => index + 0.5)],
  ['strings in a list', Array.from({ length: 300 }, (_, index) => `${index} ☃`.repeat(index))],
  ['lists in a list', Array.from({ length: 300 }, () => [1.5, [2, ['three']]])],
  // oxlint-disable-next-line unicorn/no-new-array -- it is a kind of its own
  ['a list that was made empty', new Array(100).fill(7)],
  // oxlint-disable-next-line no-sparse-arrays -- holes survive
  ['holes', [1, , 3]],
  ['a list that ends in holes', Object.assign([1], { length: 5 })],
  ['a list that ends far away', Object.assign([], { 4_000_000_000: 'far' })],
  ['a list that is long and empty', [Object.assign([], { length: 2 ** 32 - 1 })]],
  [
    'holes in some of many lists',
    Array.from({ length: 30 }, (_, index) => Object.assign([0], { [index]: 1 })),
  ],
  ['a longer list with other properties', Object.assign(nine(), { other: 1, [-1]: 2 })],
  ['a list with other properties', Object.assign([1, 2], { other: { a: 1 } })],
  ['an element that was defined', longWith(3, data)],
  ['maps and sets', [new Map<unknown, unknown>([[{ a: 1 }, [1]]]), new Set([new Set(), 'x'])]],
  ['a date', [new Date(5), new Date(NaN)]],
  [
    'typed arrays',
    [new Float64Array([1, NaN]), new BigUint64Array(2), Buffer.from('small'), Buffer.alloc(9000), bytes],
  ],
  ['one view twice', [bytes, bytes]],
  ['a buffer', [new ArrayBuffer(8)]],
  ['an object that is met twice', forks(3)],
  ['an object to which a billion ways lead', forks(30)],
  ['a cycle', cycle],
  ['what is nested', nested(900)],
];

class Point {
  x = 1;
}
class List extends Array {}

const NOT_PLAIN: [string, unknown][] = [
  ['a symbol', [Symbol('s')]],
  ['a function', { a: () => {} }],
  ['an instance', [[new Point()]]],
  ['an object without a prototype', { a: Object.create(null) }],
  ['an accessor', [1, define({}, 'a', getter)]],
  [
    'an accessor behind a hundred others alike',
    Array.from({ length: 101 }, (_, index) => (index < 100 ? { a: 1 } : define({}, 'a', getter))),
  ],
  ['a setter', define({}, 'a', { set: () => call('set'), enumerable: true, configurable: true })],
  ['what cannot be written', define({}, 'a', { ...data, writable: false })],
  ['what cannot be seen', define({}, 'a', { ...data, enumerable: false })],
  ['what cannot be removed', define({}, 'a', { ...data, configurable: false })],
  ['a key that is a symbol', { [Symbol('key')]: 1 }],
  ['a key that is a symbol, of a list', Object.assign([1], { [Symbol('key')]: 1 })],
  ['an object that is frozen', { a: Object.freeze({ b: 1 }) }],
  ['an object that is sealed', [Object.seal({ b: 1 })]],
  ['an object that cannot be extended', [Object.preventExtensions({ b: 1 })]],
  ['an empty object that is frozen', [Object.freeze({})]],
  ['a list that is frozen', [Object.freeze([1, 2])]],
  ['a list that is sealed', { a: Object.seal([1.5, 2.5]) }],
  ['a list that cannot be extended', [Object.preventExtensions(['a'])]],
  ['an empty list that is frozen', [Object.freeze([])]],
  ['an empty list that cannot be extended', [Object.preventExtensions([])]],
  ['an element that cannot be written', longWith(40, { ...data, writable: false })],
  ['an element that cannot be removed', longWith(40, { ...data, configurable: false })],
  ['a short list with an element that cannot be written', define([1, 2, 3], 1, { ...data, writable: false })],
  ['a list with an instance as another property', Object.assign([1, 2], { other: new Point() })],
  ['what a regular expression found', ['key=value'.match(/(?<name>\w+)=/)]],
  ['a list of a class', [new List()]],
  ['a list with a key that is hidden', define([1, 2], 'raw', { ...data, enumerable: false })],
  ['a longer list with a key that is hidden', define(nine(), 'raw', { ...data, enumerable: false })],
  ['a list whose length cannot be written', define([1, 2], 'length', { writable: false })],
  ['a list with holes and an element that cannot be seen', define([], 5, { ...data, enumerable: false })],
  ['a list with a prototype of its own', Object.setPrototypeOf([1], {})],
  [
    'arguments',
    Reflect.apply(
      function () {
        return arguments;
      },
      undefined,
      [1],
    ),
  ],
  ['an error', [new Error('e')]],
  ['a regular expression', [/x/]],
  ['a boxed number', [Object(1)]],
  ['a map with a property', Object.assign(new Map(), { a: 1 })],
  ['a map that looks like an object', Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype)],
  ['a set that looks like an object', Object.setPrototypeOf(new Set([1]), Object.prototype)],
  ['a view that looks like an object', Object.setPrototypeOf(new Uint8Array(2), Object.prototype)],
  ['a buffer that looks like an object', Object.setPrototypeOf(new ArrayBuffer(2), Object.prototype)],
  ['a set with an instance', new Set([new Point()])],
  ['a map with an instance as a key', new Map([[new Point(), 1]])],
  ['two views of one buffer', [bytes, bytes.subarray(1)]],
  ['a buffer and its view', [bytes.buffer, bytes]],
  ['a view and its buffer', [bytes, bytes.buffer]],
  ['a view with a property', Object.assign(new Uint8Array(1), { a: 1 })],
  ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(1))],
  [
    'a proxy',
    [
      new Proxy(
        {},
        { getPrototypeOf: () => (call('trap'), Object.prototype), ownKeys: () => (call('trap'), []) },
      ),
    ],
  ],
  ['a proxy of a list', [new Proxy([1], { get: () => call('trap') })]],
  ['what is nested too deep', nested(1100)],
];

describe('What is plain', () => {
  it.each(PLAIN)('is %s: v8 alone writes it', (_, value) => {
    expect(serializePlain(value, 'value')?.equals(write(value))).toBe(true);
    expect(isPlain(value, 'each element')).toBe(true);
  });

  it.each(NOT_PLAIN)('is not %s, and nothing is called to see that', (_, value) => {
    called.length = 0;
    expect(serializePlain(value, 'value')).toBeUndefined();
    expect(isPlain(value, 'each element')).toBe(false);
    expect(called).toEqual([]);
  });

  it('is not a list with an accessor, though that is called', () => {
    expect(serializePlain(define([1, 2], 'other', getter), 'value')).toBeUndefined();
    expect(serializePlain(longWith(40, getter), 'value')).toBeUndefined();
    const thrower = { ...getter, get: () => call(String(BigInt('no number'))) };
    expect(serializePlain(longWith(40, thrower), 'value')).toBeUndefined();
    expect(serializePlain(define([1], 'other', thrower), 'value')).toBeUndefined();
    expect(serializePlain([{ a: define([], 0, getter) }], 'value')).toBeUndefined();
  });

  it('is not what holds an object that is to be kept apart', () => {
    const object = {};
    expect(serializePlain([{ a: object }], 'value', new WeakSet([object]))).toBeUndefined();
    expect(serializePlain([{ a: {} }], 'value', new WeakSet([object]))).toBeDefined();
  });
});

describe('The arrays among what v8 wrote', () => {
  const dense = (value: unknown): boolean => hasOnlyDenseArrays(write(value));

  it.each(
    PLAIN.filter(([name]) => !/hole|made empty|other prop|was defined|far away|long and empty/.test(name)),
  )('are dense in %s', (_, value) => {
    expect(dense(value)).toBe(true);
  });

  it.each(NOT_PLAIN.filter(([name]) => name.startsWith('an element')))(
    'are not dense with %s',
    (_, value) => {
      expect(dense([1, value, 'x'])).toBe(false);
    },
  );

  it('are not dense if elements are missing, or there are other properties', () => {
    // oxlint-disable-next-line no-sparse-arrays -- that is the point
    for (const value of [[1, , 3], Object.assign([1], { other: 1 })]) expect(dense({ value })).toBe(false);
  });

  it('are not trusted in bytes that are not understood', () => {
    expect(hasOnlyDenseArrays(write('text').subarray(0, -1))).toBe(false);
    expect(hasOnlyDenseArrays(Buffer.from([0xff, 16, 0x30]))).toBe(false);
    expect(hasOnlyDenseArrays(write(/x/))).toBe(false);
  });
});
