import { describe, expect, it } from '@jest/globals';
import { countLineBreaks, offsetAt, positionAt } from '../../../lib/payload/analysis/text.ts';

const TEXT = 'ab\ncd\r\ne\rf\u2028g\u2029\n';

describe('Positions', () => {
  it.each([
    ['a', 0, 0],
    ['b', 0, 1],
    ['\n', 0, 2],
    ['c', 1, 0],
    ['\r', 1, 2],
    ['e', 2, 0],
    ['f', 3, 0],
    ['g', 4, 0],
  ])('count lines and columns as V8 does: %j is at %i:%i', (character, line, column) => {
    const offset = TEXT.indexOf(character);
    expect(positionAt(TEXT, offset)).toEqual({ line, column });
    expect(offsetAt(TEXT, line, column)).toBe(offset);
  });

  it('reach to the end of the text', () => {
    expect(positionAt(TEXT, TEXT.length)).toEqual({ line: 6, column: 0 });
    expect(offsetAt(TEXT, 6, 0)).toBe(TEXT.length);
    expect(offsetAt(TEXT, 7, 0)).toBe(-1);
    expect(positionAt('', 0)).toEqual({ line: 0, column: 0 });
  });

  it('count line breaks, a pair as one', () => {
    expect([TEXT, '', 'a', '\r\n\n\r'].map(countLineBreaks)).toEqual([6, 0, 0, 3]);
  });
});
