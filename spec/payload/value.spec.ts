import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { deserializeValue, serializeValue } from '../../lib/payload/value.ts';

function done(): void {}

function refusalOf(value: unknown): SerializationError {
  try {
    serializeValue(value, 'arguments');
  } catch (error) {
    return error as SerializationError;
  }
  throw new Error('It was not refused');
}

describe('a value', () => {
  it.each([
    ['nothing', undefined],
    ['a BigInt', 2n ** 80n],
    ['negative zero', -0],
    ['a Map of Sets', new Map([['a', new Set([1, NaN])]])],
    ['a typed array', new Float64Array([1.5, -2])],
    ['a Date', new Date(5)],
    ['a sparse array', [1, , 3]], // oxlint-disable-line no-sparse-arrays
    ['a regular expression', /a+/giu],
  ])('travels as bytes: %s', (_, value) => {
    expect(deserializeValue(serializeValue(value, 'value'))).toEqual(value);
  });

  it('gives typed arrays buffers of their own, as long as what they show', () => {
    const whole = new Float64Array([1, 2, 3, 4]);
    const copy = deserializeValue(serializeValue(whole.subarray(1, 3), 'value')) as Float64Array;
    expect([copy.length, copy.byteOffset, copy.buffer.byteLength]).toEqual([2, 0, 16]);
    const view = deserializeValue(serializeValue(new DataView(whole.buffer, 8, 8), 'value')) as DataView;
    expect([view.byteOffset, view.buffer.byteLength, view.getFloat64(0, true)]).toEqual([0, 8, 2]);
    const buffer = deserializeValue(serializeValue(Buffer.from('text'), 'value')) as Buffer;
    expect(Buffer.isBuffer(buffer) && buffer.toString()).toBe('text');
  });

  it('keeps cycles', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const copy = deserializeValue(serializeValue(value, 'value')) as typeof value;
    expect(copy.self).toBe(copy);
  });

  it.each([
    ['a function in a list', [1, () => 2], 'arguments[1]', 'a function'],
    ['a named function', [{ a: { callback: done } }], 'arguments[0].a.callback', 'the function done'],
    ['a symbol', [{ kind: Symbol('x') }], 'arguments[0].kind', 'the symbol Symbol(x)'],
    ['a function in a Map', [new Map([['log', () => 1]])], 'arguments[0].get("log")', 'a function'],
    [
      'a symbol as a Map key',
      [new Map([[Symbol('k'), 1]])],
      'arguments[0].keys()[0]',
      'the symbol Symbol(k)',
    ],
    ['a function in a Set', [new Set([() => 1])], 'arguments[0].values()[0]', 'a function'],
    ['a name that is no identifier', [{ 'a-b': () => 1 }], 'arguments[0]["a-b"]', 'the function a-b'],
    ['a WeakMap', [{ cache: new WeakMap() }], 'arguments[0].cache', 'a WeakMap'],
    ['a Promise', [Promise.resolve(1)], 'arguments[0]', 'a Promise'],
    ['a Proxy', [new Proxy({}, {})], 'arguments[0]', 'an object'],
    ['a generator', [(function* () {})()], 'arguments[0]', 'an object'],
    ['a SharedArrayBuffer', [new SharedArrayBuffer(8)], 'arguments[0]', 'a SharedArrayBuffer'],
  ])('is refused with the path to it: %s', (_, value, path, what) => {
    const error = refusalOf(value);
    expect(error).toBeInstanceOf(SerializationError);
    expect(error.path).toBe(path);
    expect(error.message).toContain(`${path} is ${what}`);
  });

  it('is refused with the handle that holds the function', () => {
    expect(refusalOf([{ connection: new Socket() }]).message).toContain(
      'of a Socket at arguments[0].connection',
    );
  });

  it('is refused with what a getter threw', () => {
    const error = refusalOf({
      get broken() {
        throw new Error('no such luck');
      },
    });
    expect(error.message).toContain('no such luck');
    expect(error.cause).toBeDefined();
  });

  it('is searched in linear time, however often a part is shared', () => {
    let shared: object = {};
    for (let depth = 0; depth < 60; depth += 1) shared = { left: shared, right: shared };
    expect(refusalOf([shared, () => 1]).path).toBe('arguments[1]');
  });
});
