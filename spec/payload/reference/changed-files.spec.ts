import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Reference } from '../../../lib/payload/reference/reference.ts';
import { twoProcesses } from './two-processes.ts';

const { run, directory } = twoProcesses();

const ES = 'const step = 1;\nexport function f(x) {\n  return x + step;\n}\n';
const COMMONJS = 'const step = 1;\nexports.f = function f(x) {\n  return x + step;\n};\n';

function write(name: string, text: string): string {
  const file = join(directory, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The references to `f` and to the whole module, made after the file was edited, if there is an edit. */
function refer(name: string, edited?: string): (Reference | null)[] {
  return run(`
    import { writeFileSync } from 'node:fs';
    import { referenceOf, inspecting } from './capture.cjs';
    import * as lib from './${name}';
    const edited = ${JSON.stringify(edited ?? null)};
    if (edited !== null) writeFileSync(new URL('./${name}', import.meta.url), edited);
    const find = (value) => referenceOf(value, inspecting()) ?? null;
    console.log(JSON.stringify([find(lib.f), lib.default === undefined ? null : find(lib.default)]));
  `) as (Reference | null)[];
}

function load(reference: Reference | null | undefined): unknown {
  return run(
    `
    import { readFileSync } from 'node:fs';
    import { loadReference } from './load.cjs';
    const reference = JSON.parse(readFileSync(0, 'utf8'));
    try {
      const value = await loadReference(reference);
      console.log(JSON.stringify(String(value.f ?? value)));
    } catch ({ name, message, module, exportName }) {
      console.log(JSON.stringify({ name, message, module, exportName }));
    }
  `,
    { input: reference, cwd: '/' },
  );
}

describe('a file that was edited after it was loaded', () => {
  it.each([
    ['ES module', 'a.mjs', ES],
    ['CommonJS module', 'a.cjs', COMMONJS],
  ])('is not referred to where the function changed, in an %s', (_, name, text) => {
    write(name, text);
    expect(refer(name, text.replace('x + step', 'x - step'))).toEqual([null, null]);
  });

  it('is not where what the function uses changed, in an ES module', () => {
    write('b.mjs', ES);
    expect(refer('b.mjs', ES.replace('= 1', '= 2'))).toEqual([null, null]);
  });

  it('is not as a whole, in a CommonJS module', () => {
    write('b.cjs', COMMONJS);
    expect(refer('b.cjs', COMMONJS.replace('= 1', '= 2'))[1]).toBeNull();
  });
});

describe('a file that was edited after it was referred to', () => {
  it.each([
    ['a function of an ES module', 'c.mjs', ES, 0],
    ['a function of a CommonJS module', 'c.cjs', COMMONJS, 0],
    ['a CommonJS module', 'd.cjs', COMMONJS, 1],
  ])('is not loaded for %s', (_, name, text, which) => {
    const file = write(name, text);
    const reference = refer(name)[which];
    expect(load(reference)).toContain('x + step');
    write(name, text.replace('x + step', 'x - step'));
    expect(load(reference)).toEqual({
      name: 'ModuleLoadError',
      message: expect.stringContaining(`The module ${file} has changed since the call was submitted`),
      module: file,
      exportName: which === 0 ? 'f' : '',
    });
  });

  it('is not loaded for what hangs on a class, if the class changed', () => {
    write('e.mjs', 'export class C {\n  static ONE = new C();\n  m() {}\n}\n');
    const reference = run(`
      import { referenceOf, inspecting } from './capture.cjs';
      import { C } from './e.mjs';
      console.log(JSON.stringify(referenceOf(C.prototype, inspecting())));
    `) as Reference;
    expect(load(reference)).toBe('[object Object]');
    write('e.mjs', 'export class C {\n  static ONE = new C();\n  other() {}\n}\n');
    expect(load(reference)).toMatchObject({ message: expect.stringContaining('its C.prototype is another') });
  });

  it('is told apart from one that exports the function no more', () => {
    const file = write('f.mjs', ES);
    const [reference] = refer('f.mjs');
    write('f.mjs', ES.replace('export function f', 'export const one = 1, two = 2;function f'));
    expect(load(reference)).toMatchObject({
      message: expect.stringContaining(`The module ${file} exports no f; it exports: one, two. Remedy: `),
      exportName: 'f',
    });
  });
});
