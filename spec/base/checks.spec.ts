import { describe, expect, it } from '@jest/globals';
import { checkChoice, checkNumber, checkOptions, showValue } from '../../lib/base/checks.ts';

const table = { size: ['number'], names: ['array of strings', 'object'] } as const;

describe('checkOptions', () => {
  it('takes known options of the right kind, and undefined for any', () => {
    expect(() => checkOptions('Thing', { size: 1, names: ['a'] }, table)).not.toThrow();
    expect(() => checkOptions('Thing', { size: undefined, names: { a: 1 } }, table)).not.toThrow();
  });

  it('refuses an unknown option with the list of the known ones', () => {
    expect(() => checkOptions('Thing', { sise: 1 }, table)).toThrow(
      new TypeError('Thing has no option `sise`. Its options: size, names'),
    );
    expect(() => checkOptions('Thing', { toString: 1 }, table)).toThrow('Thing has no option `toString`');
  });

  it.each([
    [{ size: '1' }, "Expected `size` of Thing to be a number, got `'1'` (string)"],
    [
      { names: [1] },
      'Expected `names` of Thing to be an array of strings or an object, got `[ 1 ]` (object)',
    ],
    [{ names: null }, 'Expected `names` of Thing to be an array of strings or an object, got `null`'],
  ])('refuses a value of another kind, with both: %p', (options, message) => {
    expect(() => checkOptions('Thing', options, table)).toThrow(new TypeError(message));
  });

  it.each([null, 'text', 7, ['a']])('refuses what is no object: %p', (options) => {
    expect(() => checkOptions('Thing', options as never, table)).toThrow(
      'Expected the options of Thing to be an object',
    );
  });
});

describe('checkNumber', () => {
  it.each([0, -1, 1.5, NaN, -Infinity])('refuses %p where a whole number from 1 up is wanted', (value) => {
    expect(() => checkNumber('size', value, 1)).toThrow(RangeError);
    expect(() => checkNumber('size', value, 1)).toThrow(
      'Expected `size` to be a whole number from 1 up, got',
    );
  });

  it('takes whole numbers and Infinity, and fractions where they are allowed', () => {
    expect([
      checkNumber('size', 1, 1),
      checkNumber('size', Infinity, 1),
      checkNumber('size', 1.5, 0, 'fraction'),
    ]).toEqual([1, Infinity, 1.5]);
  });
});

describe('checkChoice', () => {
  it('names the choices', () => {
    expect(checkChoice('mode', 'a', ['a', 'b'])).toBe('a');
    expect(() => checkChoice('mode', 'c', ['a', 'b'])).toThrow(
      new RangeError("Expected `mode` to be one of a, b, got `'c'` (string)"),
    );
  });
});

describe('showValue', () => {
  it('is short, whatever the value is', () => {
    expect(showValue('x'.repeat(10_000)).length).toBeLessThan(200);
    expect(showValue({ a: { b: { c: 1 } } })).toBe('`{ a: [Object] }` (object)');
    expect(showValue(undefined)).toBe('`undefined`');
  });
});
