import { describe, expect, it } from '@jest/globals';
import { freeNames, shapeOfText } from './shape-of-text.ts';

describe('The free names of a function', () => {
  it.each([
    ['() => x', 'x'],
    ['x => y', 'y'],
    ['function f(a, b) { return a + b + c }', 'c'],
    ['function f(n) { return n ? f(n - 1) : 0 }', ''],
    ['() => typeof x', 'x'],
    ['() => { undeclared = 1 }', 'undeclared!'],
    ['() => Math.sqrt(undefined)', 'Math undefined'],
    ['() => new Foo`text ${a} ${`${b}`}`', 'Foo a b'],
    ['async () => { for await (const x of xs) await x(y) }', 'xs y'],
    ['function* f() { yield* g(yield h) }', 'g h'],
    ['() => a?.b?.[c]?.(d)', 'a c d'],
    ['() => { using a = b; return a }', 'b'],
    ['() => import(name)', 'name'],
    ['() => ((a), (b))', 'a b'],
    ['(await, yield) => await + yield', ''],
    ['() => { let async = of; async = async => async }', 'of'],
  ])('are those that it takes from around it: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    ['() => x.y.z', 'x'],
    ['() => ({ a, b: c, [d]: e, f() {}, get g() { return h }, "i": j, ...k })', 'a c d e h j k'],
    ['() => { a: for (;;) { for (;;) continue a; break a } }', ''],
    ['() => { x: { break x } return x }', 'x'],
    ['class A { b = c; d() { return e } static f() { return g } get h() { return i } }', 'c e g i'],
    ['() => class { [a] = b; static [c]() {} static d = e; static { f() } }', 'a b c e f'],
    ['() => new.target', ''],
    ['() => import.meta.url', ''],
  ])('are not names of properties, labels and the like: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    ['() => { x = 1 }', 'x!'],
    ['() => { x += y }', 'x! y'],
    ['() => { x ??= y }', 'x! y'],
    ['() => x++ + --y', 'x! y!'],
    ['() => { (x) = 1; ((y))++ }', 'x! y!'],
    ['() => { [a, b.c, ...[d]] = e }', 'a! b d! e'],
    ['() => { ({ a, b: c, d: [e = f], [g]: h = i, ...j.k } = l) }', 'a! c! e! f g h! i j l'],
    ['() => { for (x of xs); for (y.z in ys); for ([a, b] of cs); }', 'a! b! cs x! xs y ys'],
    ['() => { (() => { x = 1 })() }', 'x!'],
    ['(a = x = 1) => a', 'x!'],
    ['() => { x.y = 1; x.z++; delete x.a }', 'x'],
  ])('are marked where they are assigned to: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    // `var` and functions are there from the beginning of the function, wherever they stand.
    ['() => { x = 1; if (y) { var x } }', 'y'],
    ['() => { for (var i = 0, n = m; i < n; i++); return i }', 'm'],
    ['() => { for (var k in o); return k }', 'o'],
    ['() => { return g(); function g() { return h } }', 'h'],
    ['() => { var { a, b: [c = d], ...e } = f; return [a, b, c, e] }', 'b d f'],
    ['() => { switch (a) { case b: var c } return c }', 'a b'],
    ['() => { if (a) function g() {} return g }', 'a'],
    ['() => { try {} catch { var x } return x }', ''],
    // Others are there in their block.
    ['() => { { let x } return x }', 'x'],
    ['() => { for (let i = 0; i < 1; i++) ; return i }', 'i'],
    ['() => { for (const x of y) x(); return x }', 'x y'],
    ['() => { for (const x of x); }', ''],
    ['() => { switch (a) { case 0: let a; default: a } }', 'a'],
    ['() => { try {} catch (e) { e } return e }', 'e'],
    ['() => { try {} catch ({ a, b: [c] = d }) { a; b; c } }', 'b d'],
    ['() => { try {} catch (e) { var e = 1 } return e }', ''],
    ['() => { { class A {} A } return A }', 'A'],
    ['() => { x: { function g() {} } }', ''],
  ])('do not include what it declares: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    ['() => { { function g() {} } return g }', '', 'g'],
    ['() => { switch (0) { case 0: function g() {} } return g }', '', 'g'],
    ['() => { { async function g() {} } return g }', 'g', 'g'],
    ['() => { { function* g() {} } return g }', 'g', 'g'],
    ['() => { { let g; { function g() {} } } return g }', 'g', 'g'],
    ['() => { try {} catch (g) { { function g() {} } } return g }', '', 'g'],
    ['() => { try {} catch ({ g }) { { function g() {} } } return g }', 'g', 'g'],
    ['() => { { function g() {} { function g() {} } } return g }', '', 'g'],
    ['() => { "use strict"; { function g() {} } return g }', 'g', 'g'],
    [
      '() => { function h() { "use strict"; { function g() {} } return g } { function i() {} } i }',
      'g',
      'g i',
    ],
  ])('include functions of blocks in strict code only: %s', (text, sloppy, strict) => {
    expect(freeNames(text, false)).toBe(sloppy);
    expect(freeNames(text, true)).toBe(strict);
  });

  it.each([
    ['function f(a = y) { var y; return a }', 'y'],
    ['(a, b = a, { c = d, [e]: g = c } = b, ...[h]) => h', 'd e'],
    ['(a = () => x) => { var x = 1 }', 'x'],
    ['(x, f = () => x) => { var x }', ''],
    ['({ a: { b }, c: [d] }) => [a, b, c, d]', 'a c'],
  ])('are told apart in parameters and body: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    ['() => function g() { return g }', ''],
    ['() => { (function g() {}); return g }', 'g'],
    ['() => class A { m() { return A } }', ''],
    ['() => { (class A {}); return A }', 'A'],
    ['() => class A extends A {}', ''],
    ['() => { class A extends B {} return A }', 'B'],
    ['m() { return m }', 'm'],
    ['get x() { return x }', 'x'],
    ['[k]() { return k2 }', 'k2'],
  ])('include the name of a function only where it does not mean itself: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it.each([
    ['() => arguments[0]', ''],
    ['function f() { return arguments }', ''],
    ['arguments => arguments', ''],
    ['() => eval', 'eval'],
  ])('never include `arguments`: %s', (text, expected) => {
    expect(freeNames(text)).toBe(expected);
  });

  it('of a class leave out what only its definition uses', () => {
    const text = `class A extends mixin(B) {
      [key1]() { return inMethod }
      static [key2] = inStaticField;
      static { inStaticBlock; () => inStaticArrow }
      [key3] = inField;
      field = () => inFieldArrow;
      static method() { return inStaticMethod }
      constructor(a = inParameter) { super(inConstructor) }
    }`;
    expect(freeNames(text)).toBe('inConstructor inField inFieldArrow inMethod inParameter inStaticMethod');
  });
});

describe('The members of a free name', () => {
  it.each([
    ['() => x.a + x.b(1) + x["c"] + x[0]', ['a', 'b', 'c', '0']],
    ['() => x.a.b', ['a']],
    ['() => (x).a', ['a']],
    ['() => x?.a', ['a']],
    ['() => new x.A', ['a'.toUpperCase()]],
    ['() => x.tag`text`', ['tag']],
    ['() => { x.a.b = 1 }', ['a']],
    ['() => typeof x.a', ['a']],
  ])('are the properties that it is read for: %s', (text, members) => {
    expect([...(shapeOfText(text).free.get('x')?.members ?? [])]).toEqual(members);
  });

  it.each([
    '() => x',
    '() => x.a + x',
    '() => x[a]',
    '() => x.a = 1',
    '() => x.a++',
    '() => delete x.a',
    '() => delete x?.a',
    '() => { [x.a] = [] }',
    '() => { for (x.a of []); }',
    '() => { x = x.a }',
    '() => x.#a',
    '() => x()',
    '() => ({ x })',
    '() => typeof x',
    '() => { x.a &&= 1 }',
    '() => `${x}`',
  ])('are not known if it is used in another way: %s', (text) => {
    expect(shapeOfText(text).free.get('x')?.members).toBeUndefined();
  });
});
