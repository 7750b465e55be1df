import { describe, expect, it } from '@jest/globals';
import { moduleUsesOf } from '../../../lib/payload/analysis/module-uses.ts';

function bindingsOf(source: string): Record<string, string> {
  const bindings = [...(moduleUsesOf(source)?.bindings ?? [])];
  return Object.fromEntries(
    bindings.map(([name, { by, specifier, imported, path, isWrapped, isCertain }]) => [
      name,
      [`${by} ${specifier}`, imported, ...path].join(' ') +
        (isWrapped ? ' (wrapped)' : '') +
        (isCertain ? '' : ' (uncertain)'),
    ]),
  );
}

describe('moduleUsesOf', () => {
  it('finds what import statements give', () => {
    const source = `import a, { b, c as d, default as e } from './x.js'; import * as f from 'y';`;
    expect(bindingsOf(source)).toEqual({
      a: 'import ./x.js default',
      b: 'import ./x.js b',
      d: 'import ./x.js c',
      e: 'import ./x.js default',
      f: 'import y *',
    });
  });

  it('finds what require and import() give', () => {
    const source = `
      const a = require('x'), { b, c: { d } } = require('x');
      var e = require('x').f.g;
      const { h, default: i } = await import('y');
      const j = (await import('y')).k.l;
      const m = await import('y');
      const n = wrap(require('x'));`;
    expect(bindingsOf(source)).toEqual({
      a: 'require x *',
      b: 'require x * b',
      d: 'require x * c d',
      e: 'require x * f g',
      h: 'import() y h',
      i: 'import() y default',
      j: 'import() y k l',
      m: 'import() y *',
      n: 'require x * (wrapped)',
    });
  });

  it('finds variables that get a member of an import', () => {
    const source = `import * as a from 'x'; import b from 'y'; const { c } = a; const d = b.e.f;`;
    expect(bindingsOf(source)).toMatchObject({ c: 'import x c', d: 'import y default e f' });
  });

  it('is uncertain of names that stand for several variables, or are assigned to', () => {
    const source = `
      const a = require('x'); function f(a) {}
      let b = require('x'); b = 1;
      let c = require('x'); [c] = [1];
      let d = require('x'); for (d of []);`;
    expect(Object.values(bindingsOf(source))).toEqual(
      Array.from({ length: 4 }, () => 'require x * (uncertain)'),
    );
  });

  it('does not take what a default may have replaced, nor the rest of a pattern', () => {
    expect(bindingsOf(`const { a = 1, ...b } = require('x'), [c] = require('x');`)).toEqual({});
  });

  it('finds modules that are loaded only for what they do, with their lines', () => {
    const source = `\nimport 'x';\nrequire('y');\nawait import('z');\nimport a from 'b';`;
    expect(moduleUsesOf(source)?.effects).toEqual([
      { specifier: 'x', line: 2 },
      { specifier: 'y', line: 3 },
      { specifier: 'z', line: 4 },
    ]);
  });

  it('finds variables whose values are changed', () => {
    const source = `a.b.c = 1; d.e++; delete f.g; Object.assign(h, {}); Object.keys(i); j = 1;`;
    expect([...(moduleUsesOf(source)?.changed ?? [])].toSorted()).toEqual(['a', 'd', 'f', 'h']);
  });

  it('reads CommonJS that is no ES module', () => {
    expect(bindingsOf(`with (a) b; return; const c = require('x');`)).toEqual({ c: 'require x *' });
  });
});
