import { describe, expect, it } from '@jest/globals';
import { type FunctionShape, shapeOf } from '../../../lib/payload/analysis/function-shape.ts';
import type { Range } from '../../../lib/payload/analysis/text.ts';
import { shapeOfText } from './shape-of-text.ts';

const slice = (text: string, range: Range | undefined): string | undefined =>
  range && text.slice(range.start, range.end);

const lexicalOf = (text: string): string =>
  Object.entries(shapeOfText(text).lexical)
    .flatMap(([name, used]) => (used ? [name] : []))
    .join(' ');

describe('shapeOf', () => {
  it.each<[string, FunctionShape['kind'], string]>([
    ['() => 1', 'arrow', ''],
    ['async x => 1', 'arrow', 'async'],
    ['function () {}', 'function', ''],
    ['async function* f() {}', 'function', 'async generator'],
    ['m() {}', 'method', ''],
    ['*m() {}', 'method', 'generator'],
    ['async *[x]() {}', 'method', 'async generator'],
    ['get m() {}', 'getter', ''],
    ['set m(v) {}', 'setter', ''],
    ['get [a + b]() {}', 'getter', ''],
    ['class {}', 'class', ''],
  ])('tells what kind of function it is: %s', (text, kind, flags) => {
    const shape = shapeOfText(text);
    expect(shape.kind).toBe(kind);
    expect([shape.async && 'async', shape.generator && 'generator'].filter(Boolean).join(' ')).toBe(flags);
  });

  it.each([
    ['get() {}', 'method', 'get'],
    ['set() {}', 'method', 'set'],
    ['async() {}', 'method', 'async'],
    ['static() {}', 'method', 'static'],
    ['class() {}', 'method', 'class'],
    ['get get() {}', 'getter', 'get'],
    ['async get() {}', 'method', 'get'],
    ['*async() {}', 'method', 'async'],
    ['"a b"() {}', 'method', '"a b"'],
    ['1.5() {}', 'method', '1.5'],
    ['10n() {}', 'method', '10n'],
    ['[`a${b}`]() {}', 'method', '[`a${b}`]'],
    ['async /*[*/ * /*]*/ [ /*[*/ "]" /*]*/ ]() {}', 'method', '[ /*[*/ "]" /*]*/ ]'],
    ['get/*e*/baz() {}', 'getter', 'baz'],
    ['#p() {}', 'method', '#p'],
    ['async *#p() {}', 'method', '#p'],
    ['set #p(v) {}', 'setter', '#p'],
    ['constructor() {}', 'method', 'constructor'],
    ['__proto__() {}', 'method', '__proto__'],
    ['st\\u0061tic() {}', 'method', 'st\\u0061tic'],
  ])('tells where the key of a member is: %s', (text, kind, key) => {
    const shape = shapeOfText(text);
    expect([shape.kind, slice(text, shape.keyRange), shape.privateKey]).toEqual([
      kind,
      key,
      key.startsWith('#'),
    ]);
  });

  it('takes what begins with its parameters for a method named `static`, as V8 prints it', () => {
    const shape = shapeOfText('(a) { return b }');
    expect(shape).toMatchObject({ kind: 'method', keyRange: { start: 0, end: 0 }, locationOffset: 0 });
    expect([...shape.free.keys()]).toEqual(['b']);
  });

  it.each([
    ['function() {}', false, 'function', 'method'],
    ['function() {}', true, '', 'function'],
    ['function() {}', true, 'function', 'function'],
    ['async function() {}', false, 'function', 'method'],
    ['async function() {}', false, 'other', 'function'],
    ['async function function_() {}', false, 'function_', 'function'],
    ['*function() {}', true, 'function', 'method'],
    ['() => 1', false, 'function', 'arrow'],
  ])('tells a method named `function` from a function: %s', (text, hasPrototype, name, kind) => {
    expect(shapeOf(text, { hasPrototype, name }).kind).toBe(kind);
  });

  it.each([
    ['function f() {}', 'f', false, false],
    ['function f() { return f() }', 'f', true, false],
    ['function f() { () => { f = 1 } }', 'f', true, true],
    ['function f(f) { f = 1 }', 'f', false, false],
    ['function f() { var f = 1 }', 'f', false, false],
    ['function f(a = f) {}', 'f', true, false],
    ['function () {}', undefined, false, false],
    ['() => f', undefined, false, false],
    ['class A { m() { A } }', 'A', true, false],
    ['class A { m() { A = 1 } }', 'A', true, true],
    ['class A { static x = A; static { A } }', 'A', false, false],
    ['class A { static x() { A } }', 'A', true, false],
  ])('tells whether it uses its own name: %s', (text, ownName, used, written) => {
    const shape = shapeOfText(text);
    expect([shape.ownName, shape.usesOwnName, shape.writesOwnName]).toEqual([ownName, used, written]);
    expect(slice(text, shape.ownNameRange)).toBe(ownName);
    expect(ownName !== undefined && shape.free.has(ownName)).toBe(false);
  });

  it.each([
    ['() => this', 'this'],
    ['() => () => { (() => this)() }', 'this'],
    ['() => function () { return [this, arguments, new.target] }', ''],
    ['(a = this) => arguments', 'this arguments'],
    ['() => new.target', 'newTarget'],
    ['() => super.x', 'super'],
    ['() => super()', 'super'],
    ['async (a = super(this)) => { () => super.x }', 'this super'],
    ['() => ({ m() { super.m(this) }, f: function () { this }, get g() { return this } })', ''],
    ['() => ({ [this.x]: 1, f: () => this })', 'this'],
    ['() => class { x = this; static y = super.z; static { this } m() { super.m(arguments) } }', ''],
    ['() => class extends this.B { [arguments[0]]() {} }', 'this arguments'],
    ['() => { var arguments; arguments }', ''],
    ['() => { { let arguments; arguments } }', ''],
    ['function f() { return [this, arguments, new.target, () => this] }', ''],
    ['m() { return [this, arguments, new.target, () => this] }', ''],
    ['m() { return () => super.m() }', 'super'],
    ['get x() { return super.x }', 'super'],
    ['m() { return { n() { super.n() } } }', ''],
    ['class extends this.B { [this.x]() { super.m(this) } y = this; static z = super.z }', ''],
  ])('tells what it takes from the function around it: %s', (text, expected) => {
    expect(lexicalOf(text)).toBe(expected);
  });

  it.each([
    ['() => this.#a + this.#b()', '#a #b'],
    ['() => #a in o', '#a'],
    ['() => { o.#a = 1; o?.#b }', '#a #b'],
    ['class A { #a; #b() {} static #c; m() { this.#a; #b in this; A.#c; this.#d } }', '#d'],
    ['class A { m() { return class { #x; n() { this.#x; this.#y } } } }', '#y'],
    ['() => class { #x; m() { this.#x } static y = this.#x; [this.#x] = 1 }', ''],
    ['() => class extends o.#x { #x }', '#x'],
    ['#p() { return this.#p }', '#p'],
    ['class A extends B.#x { static y = C.#z }', ''],
  ])('tells the private names that are declared around it: %s', (text, expected) => {
    expect(shapeOfText(text).privateNames.toSorted().join(' ')).toBe(expected);
  });

  it.each([
    ['() => eval("x")', true],
    ['() => { (() => (eval)("x"))() }', true],
    ['() => eval?.("x")', false],
    ['() => (0, eval)("x")', false],
    ['() => o.eval("x")', false],
    ['(eval) => eval("x")', false],
    ['() => { var eval; { eval("x") } }', false],
    ['class A { static { eval("x") } }', false],
    ['class A { x = eval("x") }', true],
  ])('tells a direct call of eval: %s', (text, expected) => {
    expect(shapeOfText(text).directEval).toBe(expected);
  });

  it('tells where import.meta is, in the order of the text', () => {
    const text = '() => [import.meta.url, () => import\n.meta, class { static [import.meta.x] }]';
    expect(shapeOfText(text).importMetas.map((range) => slice(text, range))).toEqual([
      'import.meta',
      'import\n.meta',
      'import.meta',
    ]);
    const ofClass = 'class A extends import.meta.B { static x = import.meta; m() { import.meta } }';
    expect(shapeOfText(ofClass).importMetas).toEqual([{ start: 62, end: 73 }]);
  });

  it.each([
    ['() => import("x")', { dynamicImport: true }],
    ['() => o.import("x")', { dynamicImport: false }],
    ['function f() { with (o) x }', { usesWith: true }],
    ['function f() { "use strict"; x }', { strictDirective: true }],
    ["() => { 'other'; 'use strict' }", { strictDirective: true }],
    ['() => { ("use strict") }', { strictDirective: false }],
    ['() => { () => { "use strict" } }', { strictDirective: false }],
    ['() => "use strict"', { strictDirective: false }],
    ['class {}', { strictDirective: true }],
    ['(a, b) => 1', { plainParameters: true }],
    ['() => 1', { plainParameters: true }],
    ['(a = 1) => 1', { plainParameters: false }],
    ['({ a }) => 1', { plainParameters: false }],
    ['(...a) => 1', { plainParameters: false }],
  ])('tells %s is %j', (text, expected) => {
    expect(shapeOfText(text)).toMatchObject(expected);
  });

  it('gives the same shape for the same text, unless the hints differ', () => {
    const hints = { hasPrototype: false, name: 'a' };
    expect(shapeOf('() => a', hints)).toBe(shapeOf('() => a', { ...hints, name: 'b' }));
    expect(shapeOf('() => a', hints)).not.toBe(shapeOf('() => a', { ...hints, strict: true }));
  });
});
