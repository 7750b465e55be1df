import { describe, expect, it } from '@jest/globals';
import { commonjsExports } from '../../../lib/payload/analysis/commonjs-shape.ts';

describe('the functions that the text of a CommonJS module exports', () => {
  it.each([
    ['function f() {}\nexports.f = f;', [['f', 'function f() {}']]],
    ['class C {}\nmodule.exports.C = C;', [['C', 'class C {}']]],
    [
      'const f = () => 1;\nexports.a = exports.b = f;',
      [
        ['a', '() => 1'],
        ['b', '() => 1'],
      ],
    ],
    ['exports.f = function () {};', [['f', 'function () {}']]],
    ['exports.f = void 0;\nconst f = () => {};\nexports.f = f;', [['f', '() => {}']]],
    ['module.exports = class {};', [['', 'class {}']]],
    [
      'module.exports = { f, g: async () => {} };\nfunction f() {}',
      [
        ['f', 'function f() {}'],
        ['g', 'async () => {}'],
      ],
    ],
    ['const f = module.exports = () => {};', []],
    ['#!/usr/bin/env node\nexports.f = () => {};\nreturn;', [['f', '() => {}']]],
  ])('are told: %j', (source, expected) => {
    expect(commonjsExports(source).map(({ name, text }) => [name, text])).toEqual(expected);
  });

  it.each([
    ['the variable is assigned to', 'let f = () => 1;\nf = () => 2;\nexports.f = f;'],
    [
      'it is assigned to within a function',
      'let f = () => 1;\nconst g = () => { [f] = []; };\nexports.f = f;',
    ],
    ['it is counted up', 'let f = () => 1;\nf++;\nexports.f = f;'],
    ['the export is assigned twice', 'exports.f = () => 1;\nexports.f = () => 2;'],
    ['it is only assigned at times', 'if (x) exports.f = () => 1;'],
    ['it is no function', 'exports.f = 1;'],
    ['it is the result of a call', 'exports.f = make(() => 1);'],
    ['its name is computed', 'exports["f"] = () => 1;'],
    ['the source does not parse', 'exports.f = (;'],
  ])('are not where %s', (_, source) => {
    expect(commonjsExports(source)).toEqual([]);
  });

  it('have the lines that they are on', () => {
    expect(commonjsExports('\nexports.f = () => {\n};')).toMatchObject([{ firstLine: 1, lastLine: 2 }]);
  });
});
