import { describe, expect, it } from '@jest/globals';
import {
  quoteEnvironment,
  quoteWords,
  troubleWithValue,
  troubleWithWord,
} from '../../../lib/batch/htcondor/quoting.ts';

describe('a word in arguments or environment', () => {
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
    expect(quoteEnvironment({ NAME: word })).toBe(`"NAME=${quoted}"`);
  });

  it('stands beside others', () => {
    expect(quoteWords(['a b', 'c'])).toBe(`"'a b' 'c'"`);
    expect(quoteEnvironment({ A: '1', B: 'x y' })).toBe(`"A='1' B='x y'"`);
    expect(quoteEnvironment({})).toBe('""');
  });

  it.each(['two\nlines', 'carriage\rreturn', 'nul\0'])('cannot hold a line break or NUL: %p', (word) => {
    expect(troubleWithWord(word)).toMatch('line break or NUL');
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
  ])('is refused where HTCondor would not leave it as it is: %p', (value, trouble) => {
    expect(troubleWithValue(value)).toContain(trouble);
  });
});
