import { describe, expect, it } from '@jest/globals';
import { globToRegExp, PATH_GLOB } from '../../lib/base/glob.ts';

describe('A pattern of paths', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', 'logs/a.log', false],
    ['data/*/raw', 'data/1/raw', true],
    ['data/*/raw', 'data/1/2/raw', false],
    ['[id].js', '[id].js', true],
    ['[id].js', 'i.js', false],
    ['what?', 'what?', true],
    ['what?', 'what!', false],
    ['a.b', 'axb', false],
    ['*~', 'notes~', true],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(globToRegExp(pattern, PATH_GLOB).test(path)).toBe(expected);
  });
});
