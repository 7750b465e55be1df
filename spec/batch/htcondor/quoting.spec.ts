import { describe, expect, it } from '@jest/globals';
import { quoteWords, troubleWithValue } from '../../../lib/batch/htcondor/itemdata.ts';

describe('a word in arguments', () => {
  it.each([
    ['plain', `'plain'`],
    ['', `''`],
    [' two words ', `' two words '`],
    [`it's`, `'it''s'`],
    [`say "hi"`, `'say ""hi""'`],
    ['ends with \\', `'ends with \\'`],
    ['naïve 模型 😀', `'naïve 模型 😀'`],
    [
      '$HOME $(x) $$(Arch)',
      `'$$([D])HOME $$([D])(x) $$([D])$$([D])(Arch)'`.replaceAll('[D]', '[CondorFuturesDollar]'),
    ],
  ])('is quoted: %p', (word, quoted) => {
    expect(quoteWords([word])).toBe(`"${quoted}"`);
  });

  it('stands beside others', () => {
    expect(quoteWords(['a b', 'c'])).toBe(`"'a b' 'c'"`);
  });
});

describe('the value of a submit command', () => {
  it.each(['2GB', '"quoted"', `it's`, '$5', 'a$b', 'C:\\x', 'naïve 模型', '# no comment', '', 'x = y @=end'])(
    'goes through as it is: %p',
    (value) => expect(troubleWithValue(value)).toBeUndefined(),
  );

  it.each([
    ['$(ClusterId)', 'has `$(`'],
    ['$$(Arch)', 'has `$$(`'],
    ['$$([1+1])', 'has `$$(`'],
    ['a $ENV(HOME)', 'has `$ENV(`'],
    [' padded', 'white space'],
    ['padded ', 'white space'],
    ['on and on \\', 'backslash'],
    ['two\nlines', 'line break'],
    ['carriage\rreturn', 'line break'],
    ['nul\0', 'NUL'],
  ])('is refused where HTCondor would not leave it as it is: %p', (value, trouble) => {
    expect(troubleWithValue(value)).toContain(trouble);
  });
});
