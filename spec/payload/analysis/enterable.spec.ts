import { describe, expect, it } from '@jest/globals';
import { shapeOfText } from './shape-of-text.ts';

/** The text of a function up to where its first breakpoint location must be. */
const entryOf = (text: string): string => text.slice(0, shapeOfText(text).entryEnd);

describe('A function', () => {
  it.each([
    '() => this',
    '() => { return this }',
    '() => { const a = class { static x = f() }; this }',
    '() => { f(class { static { g() } }) }',
    '() => class { static { g() } }',
    '() => { let a = 1; class A { static { g() } } }',
    '() => { class A { x = f(); static m() {} ["k"]() {} } this }',
    '() => { function g() { class A { static { g() } } } }',
    '() => { var a; { } try { f() } finally { } }',
    '(a = f(), { b, [c]: d, ["e"]: g } = {}, ...h) => this',
    '({ a = () => class { static { g() } } }) => this',
  ])('is safe to enter if it can be stopped before any other runs: %s', (text) => {
    expect(shapeOfText(text).unsafeToEnter).toBe(false);
  });

  it.each([
    '() => { class A { static x = f() } this }',
    '() => { class A { static x } }',
    '() => { class A { static { f() } } }',
    '() => { class A extends B {} }',
    '() => { class A { [f()]() {} } }',
    '() => { "use strict"; class A { static { f() } } }',
    '() => { ; var y; function g() {} class B {} class A { static { f() } } }',
    '() => { { class A { static { f() } } } }',
    '() => { l: try { class A { static { f() } } } finally {} }',
    '() => { for (;;) { class A { static { f() } } } }',
    '() => { do { class A { static { f() } } } while (0) }',
    '() => { while (true) { class A { static { f() } } } }',
    '(a = class { static { f() } }) => this',
    '({ [f()]: a }) => this',
    'class A {}',
  ])('is not if another may run before: %s', (text) => {
    expect(shapeOfText(text).unsafeToEnter).toBe(true);
  });

  it.each([
    '() => this.a + b()|',
    '() => { this.a()|; b() }',
    'function f() { "use strict"; var x; function g() {} ; let a = 1;| b() }',
    '({ a = b() }) => { if (a?.b|) c(); else d() }',
    '() => { if (1) a(); b()| }',
    '() => { while (a?.b) c(); do {} while (d); return e;| f() }',
    '() => { l: { try { for (let i = 0, n = a()|; i < n;) b() } finally { c() } } }',
    '() => { for (const a of b) c(); throw d;| e() }',
    '() => { while (a) b() }|',
  ])('begins before the end of what certainly has a breakpoint location: %s', (text) => {
    const [before = '', after = ''] = text.split('|');
    expect(entryOf(before + after).replace(/;$/, '')).toBe(before.replace(/;$/, ''));
  });
});
