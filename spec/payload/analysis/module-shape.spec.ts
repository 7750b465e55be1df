import { describe, expect, it } from '@jest/globals';
import { moduleShapeOf } from '../../../lib/payload/analysis/module-shape.ts';

/** Each exported function as `name: text from where V8 locates it`. */
function exportsOf(source: string): string[] {
  const exports = moduleShapeOf(source)?.exports ?? new Map<never, never>();
  return [...exports].map(([location, { exportName, range }]) => {
    expect(location).toBeGreaterThanOrEqual(range.start);
    return `${exportName}: ${source.slice(range.start, range.end)} @${source.slice(location, location + 3)}`;
  });
}

describe('moduleShapeOf', () => {
  it.each([
    ['export function f(a) {}', ['f: function f(a) {} @(a)']],
    ['export async function* f (a) {}', ['f: async function* f (a) {} @(a)']],
    ['export class A { }', ['A: class A { } @cla']],
    ['export class A { m() {} constructor(a) {} }', ['A: class A { m() {} constructor(a) {} } @(a)']],
    ['export const f = () => 1, g = async x => x', ['f: () => 1 @() ', 'g: async x => x @asy']],
    ['export let f = function () {}', ['f: function () {} @() ']],
    ['var f = (class {}); export { f }', ['f: class {} @cla']],
    ['function f() {} export { f as g, f as h }', ['g: function f() {} @() ']],
    ['export { f as "a b" }; const f = () => 1', ['a b: () => 1 @() ']],
    ['export default function (a) {}', ['default: function (a) {} @(a)']],
    ['export default function f(a) {}', ['default: function f(a) {} @(a)']],
    ['export default (a) => a', ['default: (a) => a @(a)']],
    ['export default (function (a) {})', ['default: function (a) {} @(a)']],
    ['export default class extends B {}', ['default: class extends B {} @cla']],
    ['const f = a => a; export default f', ['default: a => a @a =']],
    ['export { f as default }; function f(a) {}', ['default: function f(a) {} @(a)']],
  ])('finds exported functions and classes: %s', (source, expected) => {
    expect(exportsOf(source)).toEqual(expected);
  });

  it.each([
    'export function f() {} f = 1',
    'export let f = () => 1; function set(v) { f = v }',
    'export let f = () => 1; ({ f } = {})',
    'export default function f() {} [f] = []',
    'var f = () => 1; { var f = 2 } export { f }',
    'var f = () => 1; for (var f of []); export { f }',
    'export const f = memo(() => 1)',
    'export const { f } = o',
    'export const o = { f() {} }',
    'export const f = { f: () => 1 }.f',
    'function f() {}',
    'export { f } from "./other.js"; function f() {}',
    'export * from "./other.js"; export * as f from "./other.js"',
    '{ function f() {} } export let f',
  ])('leaves out what may not be what its text says: %s', (source) => {
    expect(exportsOf(source)).toEqual([]);
  });

  it('does not take another variable of the same name for the export', () => {
    const source = 'export function f() {} function g(f) { f = 1; { let f; f++ } }';
    expect(exportsOf(source)).toEqual(['f: function f() {} @() ']);
  });

  it('finds where names are imported from', () => {
    const source = `
      import a, { b, c as d, default as e, "x y" as f } from './lib.js';
      import * as g from 'node:fs';
      import h from './h.json' with { type: 'json' };
      import './effects.js';`;
    expect(Object.fromEntries(moduleShapeOf(source)?.imports ?? [])).toEqual({
      a: { specifier: './lib.js', imported: 'default' },
      b: { specifier: './lib.js', imported: 'b' },
      d: { specifier: './lib.js', imported: 'c' },
      e: { specifier: './lib.js', imported: 'default' },
      f: { specifier: './lib.js', imported: 'x y' },
      g: { specifier: 'node:fs', imported: '*' },
      h: { specifier: './h.json', imported: 'default' },
    });
  });

  it('reads sources with top-level await, import.meta and a hashbang', () => {
    const source = '#!/usr/bin/env node\nawait import.meta.x; export const f = () => 1;';
    expect(exportsOf(source)).toEqual(['f: () => 1 @() ']);
  });

  it.each(['export const a: number = 1', 'with (a) b', 'return 1', '{'])(
    'does not read what is no ES module: %s',
    (source) => {
      expect(moduleShapeOf(source)).toBeUndefined();
    },
  );
});
