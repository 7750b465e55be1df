import { describe, expect, it } from '@jest/globals';
import { editText } from '../../../lib/payload/analysis/text.ts';

describe('editText', () => {
  it('replaces stretches, given in any order', () => {
    const edits = [
      { range: { start: 6, end: 7 }, with: 'Z' },
      { range: { start: 0, end: 1 }, with: '' },
      { range: { start: 2, end: 4 }, with: 'longer' },
    ];
    expect(editText('0123456789', edits)).toBe('1longer45Z789');
    expect(editText('0123', [])).toBe('0123');
  });

  it('inserts at one place in the order given, before what is replaced there', () => {
    const edits = [
      { range: { start: 1, end: 2 }, with: 'R' },
      { range: { start: 1, end: 1 }, with: 'a' },
      { range: { start: 1, end: 1 }, with: 'b' },
    ];
    expect(editText('012', edits)).toBe('0abR2');
  });

  it.each([
    ['a\nb', 'x', 'x\n'],
    ['a\r\nb\rc\u2028d\u2029', 'x', 'x\n\n\n\n'],
    ['a\nb\nc', 'x\ny', 'x\ny\n'],
    ['a\nb', 'x\ny\nz', 'x\ny\nz'],
    ['ab', '', ''],
  ])('keeps the line breaks of %j when it becomes %j', (old, replacement, expected) => {
    const edits = [{ range: { start: 1, end: 1 + old.length }, with: replacement }];
    expect(editText(`<${old}>`, edits)).toBe(`<${expected}>`);
  });

  it('refuses edits that overlap', () => {
    const edits = [
      { range: { start: 0, end: 3 }, with: '' },
      { range: { start: 2, end: 4 }, with: '' },
    ];
    expect(() => editText('01234', edits)).toThrow('Edits overlap at offset 2');
  });
});
