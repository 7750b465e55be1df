import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { twoProcesses } from './two-processes.ts';

const { run, directory } = twoProcesses();
const TSX = ['--import', 'tsx'];

mkdirSync(join(directory, 'lib'));
writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
writeFileSync(
  join(directory, 'lib', 'typed.ts'),
  'export function typed(x: number): number {\n  return x + 1;\n}\nexport class Typed { #x = 1; get x(): number { return this.#x; } }',
);
writeFileSync(join(directory, 'lib', 'old.cts'), 'export const old = (x: number): number => x;');

describe('in a program that tsx compiles', () => {
  const found = run(
    `
    import * as yaml from 'yaml';
    import PQueue from 'p-queue';
    import { nanoid } from 'nanoid';
    import { typed, Typed } from './lib/typed.ts';
    import { old } from './lib/old.cts';
    import capture from './capture.cjs';
    const { referenceOf, inspecting } = capture as any;
    const find = (value: unknown, policy?: object) => referenceOf(value, inspecting(policy)) ?? null;
    const forced = { byReference: [/\\.c?ts$/] };
    const own = (x: number): number => x;
    console.log(JSON.stringify({
      packages: { yaml: find(yaml), parse: find(yaml.parse), PQueue: find(PQueue), nanoid: find(nanoid) },
      compiled: { typed: find(typed), Typed: find(Typed), prototype: find(Typed.prototype), old: find(old), own: find(own) },
      forced: { typed: find(typed, forced), Typed: find(Typed, forced), own: find(own, forced) },
      globals: { fetch: find(fetch), Headers: find(Headers) },
    }));
  `,
    { name: 'program.ts', arguments: TSX },
  ) as Record<string, Record<string, object | null>>;

  it('packages and globals are referred to', () => {
    expect(found['packages']).toEqual({
      yaml: expect.objectContaining({ path: [] }),
      parse: expect.objectContaining({ path: ['parse'] }),
      PQueue: expect.objectContaining({ path: ['default'] }),
      nanoid: expect.objectContaining({ path: ['nanoid'] }),
    });
    expect(found['globals']).toEqual({
      fetch: { kind: 'intrinsic', path: 'fetch' },
      Headers: { kind: 'intrinsic', path: 'Headers' },
    });
  });

  it('what it compiled has to travel', () => {
    expect(found['compiled']).toEqual({ typed: null, Typed: null, prototype: null, old: null, own: null });
  });

  it('is referred to where jobs are said to have the loader, and loaded there', () => {
    expect(found['forced']).toEqual({
      typed: expect.objectContaining({ path: ['typed'] }),
      Typed: expect.objectContaining({ path: ['Typed'] }),
      own: null,
    });
    const result = run(
      `
      import { readFileSync } from 'node:fs';
      import load from './load.cjs';
      const fn = await load.loadReference(JSON.parse(readFileSync(0, 'utf8')));
      console.log(fn(1));
    `,
      { name: 'job.mts', arguments: TSX, input: found['forced']?.['typed'] },
    );
    expect(result).toBe(2);
  });
});

describe('an object that cannot travel', () => {
  it('may be had from a module that exports it, but not from the program', () => {
    writeFileSync(
      join(directory, 'pool.cjs'),
      'class Pool {}\nexports.pool = new Pool();\nexports.other = () => {};',
    );
    writeFileSync(join(directory, 'single.cjs'), 'module.exports = new (class Pool {})();');
    writeFileSync(
      join(directory, 'factory.cjs'),
      'module.exports = function factory() {};\nmodule.exports.cache = new Map();\nmodule.exports.cache.own = () => {};',
    );
    const program = `
      const { referenceOf, lastResortOf, inspecting } = require('./capture.cjs');
      const find = (value) => [referenceOf(value, inspecting()) ?? null, lastResortOf(value, inspecting()) ?? null];
      exports.own = new Map();
      const objects = [require('./pool.cjs').pool, require('./single.cjs'), require('./factory.cjs').cache, exports.own];
      console.log(JSON.stringify(objects.map(find)));
    `;
    const found = run(program, { name: 'program.cjs' });
    expect(found).toEqual([
      [null, expect.objectContaining({ path: ['pool'], textHash: expect.any(String) })],
      [null, expect.objectContaining({ path: [], textHash: expect.any(String) })],
      [null, expect.objectContaining({ path: ['cache'], textHash: expect.any(String) })],
      [null, null],
    ]);
    const loaded = run(
      `
      const { loadReference } = require('./load.cjs');
      const references = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      Promise.all(references.map(([, reference]) => reference && loadReference(reference))).then((values) =>
        console.log(JSON.stringify(values.map((value) => value && value.constructor.name))));
    `,
      { name: 'job.cjs', input: found },
    );
    expect(loaded).toEqual(['Pool', 'Pool', 'Map', null]);
  });
});
