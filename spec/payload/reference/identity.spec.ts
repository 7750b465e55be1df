import { describe, expect, it } from '@jest/globals';
import type { Reference } from '../../../lib/payload/reference/reference.ts';
import { twoProcesses } from './two-processes.ts';

const VALUES = JSON.stringify(new URL('../../fixtures/reference/values.mjs', import.meta.url).href);
const KINDS = ['language', 'globals', 'node', 'modules'] as const;

type References = Record<string, Record<string, Reference | null>>;

const { run, loaderInputs } = twoProcesses();

const references = run(`
  import { referenceOf, inspecting } from './capture.cjs';
  import * as values from ${VALUES};
  const found = {};
  for (const [kind, group] of Object.entries(values)) {
    found[kind] = {};
    for (const [name, value] of Object.entries(group)) found[kind][name] = referenceOf(value, inspecting()) ?? null;
  }
  console.log(JSON.stringify(found));
`) as References;

const loaded = run(
  `
  import { readFileSync } from 'node:fs';
  import { loadReference } from './load.cjs';
  const references = JSON.parse(readFileSync(0, 'utf8'));
  const found = {};
  for (const [kind, group] of Object.entries(references)) {
    for (const [name, reference] of Object.entries(group)) {
      if (reference === null) continue;
      try {
        const value = await loadReference(reference);
        // Only now: what a job uses it may not have loaded itself.
        const values = await import(${VALUES});
        (found[kind] ??= {})[name] = values[kind][name] === value || String(value?.name);
      } catch (error) {
        (found[kind] ??= {})[name] = String(error);
      }
    }
  }
  console.log(JSON.stringify(found));
  process.exit();
`,
  { input: references, cwd: '/' },
) as Record<string, Record<string, unknown>>;

describe.each(KINDS)('what every process has: %s', (kind) => {
  it.each(Object.keys(references[kind] as object))('is the same in another: %s', (name) => {
    expect(references[kind]?.[name]).toEqual(expect.objectContaining({ kind: expect.any(String) }));
    expect(loaded[kind]?.[name]).toBe(true);
  });
});

describe('what only this process has', () => {
  it.each(Object.keys(references['own'] as object))('has to travel: %s', (name) => {
    expect(references['own']?.[name]).toBeNull();
  });
});

describe('a reference', () => {
  const of = (kind: string, name: string): Reference | null | undefined => references[kind]?.[name];

  it('to an intrinsic is its path', () => {
    expect(of('language', 'a getter')).toEqual({ kind: 'intrinsic', path: 'get Map.prototype.size' });
    expect(of('language', 'the class of async functions')).toEqual({
      kind: 'intrinsic',
      path: '%AsyncFunction%',
    });
  });

  it('to a part of Node names the module', () => {
    expect(of('node', 'fs.readFileSync')).toEqual({ kind: 'builtin', module: 'fs', path: ['readFileSync'] });
    expect(of('node', 'the namespace of path')).toEqual({
      kind: 'builtin',
      module: 'path',
      path: [],
      part: 'namespace',
    });
  });

  it('to an export names the package and its version', () => {
    expect(of('modules', 'a function of an ES package')).toMatchObject({
      kind: 'module',
      format: 'module',
      path: ['nanoid'],
      package: { name: 'nanoid', version: expect.stringMatching(/^\d/), subpath: 'index.js' },
    });
  });

  it('to a `require` function is the directory it looks in', () => {
    expect(of('requires', 'require')).toEqual({
      kind: 'require',
      parent: expect.stringMatching(/spec\/fixtures\/reference\/$/),
    });
  });

  it('is loaded without a parser and without the inspector', () => {
    expect(loaderInputs.filter((input) => /acorn|analysis|inspect/.test(input))).toEqual([]);
  });
});
