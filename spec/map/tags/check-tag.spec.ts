import { describe, expect, it } from '@jest/globals';
import { checkTag } from '../../../lib/map/tags/tags.ts';
import { InvalidTagError } from '../../../lib/base/map-errors.ts';

const forbidden = Array.from('/\\<>:"|?*[]!\'`$ \t\n\r\v\0\u001f\u007f\u0085\u00a0\u2028\u200b\u202e\ufeff');

describe('A tag', () => {
  it.each([
    'scan',
    'scan-of-march',
    'Scan_2.1',
    '1',
    'a@b',
    'größe',
    '扫描',
    'a..b',
    'a-',
    'a.',
    '(a)',
    'a'.repeat(200),
  ])('may be %s', (tag) => {
    expect(() => checkTag(tag)).not.toThrow();
  });

  it.each(forbidden.map((character) => [JSON.stringify(character), character]))(
    'has no %s',
    (_, character) => {
      for (const tag of [`${character}scan`, `sc${character}an`, `scan${character}`, character])
        expect(() => checkTag(tag)).toThrow(InvalidTagError);
    },
  );

  it.each(['', '.', '..', '.hidden', '-f', '--', 'a'.repeat(201), '扫'.repeat(67), '\ud800'])(
    'is none: %j',
    (tag) => {
      expect(() => checkTag(tag)).toThrow(InvalidTagError);
    },
  );

  it.each([
    ['scan 1', '"scan 1" cannot be a tag: it has a space, which no tag may have. Take one such as `scan-1`'],
    ['a/b', 'it has a /, which no tag may have. Take one such as `a-b`'],
    ['a\nb', 'it has a line break, which no tag may have. Take one such as `a-b`'],
    ['a\u200bb', 'it has the character U+200B, which no tag may have. Take one such as `a-b`'],
    ['-f', 'it begins with "-". Take one such as `f`'],
    ['..', 'it begins with ".". Take one such as `scan-of-march`'],
    ['', 'An empty text cannot be a tag: a tag has at least one character. Take one such as `scan-of-march`'],
    ['a'.repeat(201), 'it is 201 bytes long, and 200 are the most. Take one such as `scan-of-march`'],
  ])('that is %j is refused with what is wrong, and a better one', (tag, message) => {
    expect(() => checkTag(tag)).toThrow(message);
  });

  it('has the tag as a field of the error', () => {
    expect(() => checkTag('a b')).toThrow(expect.objectContaining({ name: 'InvalidTagError', tag: 'a b' }));
  });

  it('that is no text is a TypeError', () => {
    expect(() => checkTag(1 as never)).toThrow(
      new TypeError('Expected a tag to be a string, got `1` (number)'),
    );
  });
});
