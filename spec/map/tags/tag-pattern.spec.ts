import { describe, expect, it } from '@jest/globals';
import { tagPattern } from '../../../lib/map/tags/tags.ts';

describe('A pattern of tags', () => {
  it.each([
    ['*', 'anything', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['scan', 'scan', true],
    ['scan', 'Scan', false],
    ['scan', 'scan-1', false],
    ['scan*', 'scan-1', true],
    ['*1', 'scan-1', true],
    ['*a*b', 'xaxbxab', true],
    ['*a*b', 'xaxbxa', false],
    ['s*-*1', 'scan-of-1', true],
    ['**', 'x', true],
    ['scan-?', 'scan-1', true],
    ['scan-?', 'scan-', false],
    ['scan-?', 'scan-10', false],
    ['?', '🦉', true],
    ['scan-[12]', 'scan-2', true],
    ['scan-[12]', 'scan-3', false],
    ['scan-[!12]', 'scan-3', true],
    ['scan-[!12]', 'scan-1', false],
    ['[a-c]x', 'bx', true],
    ['[a-c]x', 'Bx', false],
    ['[!a-c]x', 'dx', true],
    ['[a-cx-z]', 'y', true],
    ['[a-]', '-', true],
    ['[!]', '[!]', true],
    ['[]a]', ']', true],
    ['[!]a]', 'a', false],
    ['[!]a]', 'b', true],
    ['[a', '[a', true],
    ['[a', 'a', false],
    ['a.c', 'abc', false],
    ['(a)+', '(a)+', true],
    ['[c-a]', 'b', false],
    ['[!c-a]', 'b', true],
    ['[^a]', '^', true],
    ['a/*-', 'a/b/c-', true],
  ])('%s and the tag %s: %s', (pattern, tag, expected) => {
    expect(tagPattern(pattern)(tag)).toBe(expected);
  });

  it('with many stars is done with a long tag', () => {
    expect(tagPattern(`${'*a'.repeat(90)}b`)('a'.repeat(200))).toBe(false);
  });
});
