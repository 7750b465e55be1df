import { describe, expect, it } from '@jest/globals';
import type { ClassMember, ClassShape } from '../../../lib/payload/analysis/class-shape.ts';
import type { Range } from '../../../lib/payload/analysis/text.ts';
import { shapeOfText } from './shape-of-text.ts';

const classOf = (text: string): ClassShape => {
  const shape = shapeOfText(text).class;
  if (shape === undefined) throw new Error(`not a class: ${text}`);
  return shape;
};

const onlyMember = (body: string): ClassMember => {
  const [member] = classOf(`class A {${body}}`).members;
  if (member === undefined) throw new Error(`no member: ${body}`);
  return member;
};

const slice = (text: string, range: Range | undefined): string | undefined =>
  range && text.slice(range.start, range.end);

describe('The shape of a class', () => {
  it.each([
    ['class A {}', undefined],
    ['class A extends B {}', 'B'],
    ['class extends B.c {}', 'B.c'],
    ['class A extends (B, C) {}', '(B, C)'],
    ['class A extends /*{*/ mixin({}, (D)) /*}*/ {}', 'mixin({}, (D))'],
    ['class A extends class {} {}', 'class {}'],
  ])('tells what it extends: %s', (text, heritage) => {
    const shape = classOf(text);
    expect(slice(text, shape.heritage)).toBe(heritage);
    expect(shape.heritageIsNull).toBe(false);
  });

  it.each(['class A extends null {}', 'class A extends (null) {}'])(
    'tells that it extends null: %s',
    (text) => {
      expect(classOf(text).heritageIsNull).toBe(true);
    },
  );

  it('tells where its body ends', () => {
    const text = 'class A { m() { } /* } */ }';
    expect(classOf(text).bodyEnd).toBe(text.length - 1);
  });

  it.each([
    ['constructor() {}', '', ''],
    ['constructor(a, { b } = {}, ...c) { super(a) }', 'a, { b } = {}, ...c', ' super(a) '],
    ['x; "constructor" ( a = (1) , /*)*/ ) /*{*/ { b }', ' a = (1) , /*)*/ ', ' b '],
  ])('tells what its constructor is made of: %s', (body, parameters, inner) => {
    const text = `class A extends B { m() {} ${body} static constructor() {} }`;
    const { ctor, members } = classOf(text);
    expect([slice(text, ctor?.parameters), slice(text, ctor?.body)]).toEqual([parameters, inner]);
    expect(text.slice(ctor?.range.start, ctor?.range.end)).toBe(body.replace('x; ', ''));
    expect(members.map(({ name }) => name)).not.toContain(undefined);
    expect(members.at(-1)).toMatchObject({ name: 'constructor', static: true, kind: 'method' });
  });

  it('tells that no constructor is written', () => {
    expect(classOf('class A { constructor2() {} }').ctor).toBeUndefined();
  });

  it.each([
    ['m() {}', { kind: 'method', name: 'm', static: false, computed: false, private: false }, 'm() {}', 'm'],
    ['static m() {}', { kind: 'method', name: 'm', static: true }, 'm() {}', 'm'],
    [
      'static  /*c*/ async /*d*/ m() {}',
      { kind: 'method', name: 'm', static: true },
      'async /*d*/ m() {}',
      'm',
    ],
    ['static\nget/*e*/m() {}', { kind: 'getter', name: 'm', static: true }, 'get/*e*/m() {}', 'm'],
    ['set m(v) {}', { kind: 'setter', name: 'm' }, 'set m(v) {}', 'm'],
    ['async *[x]() {}', { kind: 'method', name: undefined, computed: true }, 'async *[x]() {}', '[x]'],
    ['["a b"]() {}', { name: 'a b', computed: true }, '["a b"]() {}', '["a b"]'],
    ['[1]() {}', { name: '1', computed: true }, '[1]() {}', '[1]'],
    ["'a b'() {}", { name: 'a b', computed: false }, "'a b'() {}", "'a b'"],
    ['0x10() {}', { name: '16' }, '0x10() {}', '0x10'],
    ['1_0n() {}', { name: '10' }, '1_0n() {}', '1_0n'],
    ['#m() {}', { name: '#m', private: true }, '#m() {}', '#m'],
    ['static get #m() {}', { name: '#m', private: true, static: true, kind: 'getter' }, 'get #m() {}', '#m'],
    ['static() {}', { name: 'static', static: false }, '() {}', 'static'],
    ['static static() {}', { name: 'static', static: true }, 'static() {}', 'static'],
    ['"static"() {}', { name: 'static', static: false }, '"static"() {}', '"static"'],
    ['async static() {}', { name: 'static', static: false }, 'async static() {}', 'static'],
    ['get() {}', { kind: 'method', name: 'get' }, 'get() {}', 'get'],
    ['static async() {}', { kind: 'method', name: 'async', static: true }, 'async() {}', 'async'],
    [
      '"constructor2"() {}',
      { kind: 'method', name: 'constructor2' },
      '"constructor2"() {}',
      '"constructor2"',
    ],
    [
      "['constructor']() {}",
      { kind: 'method', name: 'constructor' },
      "['constructor']() {}",
      "['constructor']",
    ],
  ])('tells about a method or an accessor: %s', (body, expected, printed, key) => {
    const member = onlyMember(body);
    expect(member).toMatchObject(expected);
    const text = `class A {${body}}`;
    expect([slice(text, member.range), slice(text, member.textRange), slice(text, member.key)]).toEqual([
      body,
      printed,
      key,
    ]);
  });

  it.each([
    ['x;', 'x', undefined, false],
    ['x = 1;', 'x', '1', false],
    ['x = (1, 2);', 'x', '(1, 2)', false],
    ['x = () => 1;', 'x', '() => 1', true],
    ['x = function () {};', 'x', 'function () {}', true],
    ['x = (class {});', 'x', '(class {})', true],
    ['x = function f() {};', 'x', 'function f() {}', false],
    ['x = class B {};', 'x', 'class B {}', false],
    ['#x = 1', '#x', '1', false],
    ['static static = 1', 'static', '1', false],
    ['get', 'get', undefined, false],
    ['[a.b] = 1', undefined, '1', false],
  ])('tells about a field: %s', (body, name, value, isAnonymous) => {
    const member = onlyMember(body);
    const text = `class A {${body}}`;
    expect(member).toMatchObject({
      kind: 'field',
      name,
      textRange: undefined,
      valueIsAnonymousFunction: isAnonymous,
    });
    expect([slice(text, member.value), slice(text, member.range)]).toEqual([value, body]);
  });

  it('tells about a static block', () => {
    expect(onlyMember(' static { x } ')).toMatchObject({
      kind: 'static-block',
      static: true,
      range: { start: 10, end: 22 },
    });
  });

  it('tells what a computed key takes from around the class', () => {
    const { members } = classOf(
      'class A { [a + b.c]() {} static [(() => d)()] = e; f() {} [g]; static { h } }',
    );
    expect(members.map(({ keyNames }) => keyNames.toSorted())).toEqual([['a', 'b'], ['d'], [], ['g'], []]);
  });
});
