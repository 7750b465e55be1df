import { describe, expect, it } from '@jest/globals';
import { freeNames, shapeOfText } from './shape-of-text.ts';

describe('A function text', () => {
  it.each([
    [
      'function f() { [native code] }',
      /^The text of function f cannot be read: Unexpected token at 1:24 of it$/,
    ],
    ['a) + (b', /cannot be read/],
    ['() => 1), (() => 2', /cannot be read/],
    ['a() {}, b() {}', /cannot be read/],
    ['a: 1', /cannot be read/],
    ['42', /cannot be read/],
    ['function f() {\n  return ]\n}', /Unexpected token at 2:10 of it$/],
    ['', /cannot be read/],
    ['() => { let a; let a }', /already been declared/],
  ])('that is not that of one function is refused: %j', (text, message) => {
    expect(() => shapeOfText(text)).toThrow(message);
  });

  it('that is nested deeper than the stack is refused', () => {
    const text = `() => ${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
    expect(() => shapeOfText(text)).toThrow(/stack space|too deeply/);
  });

  it('may be long, on one line or on thousands', () => {
    const statements = Array.from({ length: 2000 }, (_, i) => `a${i % 3} = b.c(${i});`);
    for (const separator of ['', '\n', '\r\n', '\u2028']) {
      expect(freeNames(`function f() {${statements.join(separator)}}`)).toBe('a0! a1! a2! b');
    }
    expect(freeNames(`() => ${Array.from({ length: 1000 }, () => 'a').join(' + ')} + b`)).toBe('a b');
  });

  it.each([
    ['function f() { /* ) } */ return a // }\n}', 'a'],
    ['function f(/* a */ b /* , */) { return "\u2028" + `\u2029` + a }', 'a'],
    ['function f() { a <!-- b\n--> c\nd }', 'a d'],
    ['(a) => /[/\\]}]/v.test(a) / b / c', 'b c'],
    ['() => /(?<n>.)|(?<n>..)/.exec(/\\p{Script=NoSuchScriptYet}/u, a)', 'a'],
    ['function f(a) { yield = await + let + a; var let, yield, await, async }', ''],
    ['function f() { return 010 + a }', 'a'],
    ['anonymous(a,b\n) {\nreturn a + c\n}', 'c'],
    ['\\u0061bc() { return \\u0064ef }', 'def'],
    ['() => { if (a) ; else if (b) ; else c }', 'a b c'],
  ])('may hold anything that V8 takes: %j', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it('of a module may hold what scripts take for a comment', () => {
    expect(freeNames('() => { if (a<!--b) c }')).toBe('a b! c');
    expect(freeNames('() => import.meta.a <!--b')).toBe('b!');
  });
});
