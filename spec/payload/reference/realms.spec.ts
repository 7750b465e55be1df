import { runInNewContext, runInThisContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as yaml from 'yaml';
import { nanoid } from 'nanoid';
import { intrinsicAt, intrinsicOf } from '../../../lib/payload/reference/intrinsics.ts';
import { builtinOf } from '../../../lib/payload/reference/builtin-modules.ts';
import { referenceOf } from '../../../lib/payload/reference/reference-of.ts';
import { inspecting } from './place-of.ts';

function pathOf(value: unknown, realm?: object): string | undefined {
  return intrinsicOf(value, realm)?.path;
}

describe('in a realm of its own, as a test runner makes one', () => {
  it.each([
    ['Map.prototype.get', Map.prototype.get],
    ['%AsyncFunction%', (async () => {}).constructor],
    ['Error.prototype', Error.prototype],
    ['globalThis', globalThis],
    ['console', console],
    ['process', process],
    ['process.env', process.env],
    ['setTimeout', setTimeout],
    ['Uint8Array', Uint8Array],
  ])('there are the same intrinsics: %s', (path, value) => {
    expect(pathOf(value)).toBe(path);
    expect(intrinsicAt(path)).toBe(value);
  });

  it.each(['Array.prototype.map', 'Error', '%GeneratorFunction%.prototype', 'Symbol.iterator', 'process'])(
    'those of the main realm count too: %s',
    (path) => {
      const code = path.replace('%GeneratorFunction%', '(function* () {}).constructor');
      expect(pathOf(runInThisContext(code))).toBe(path);
    },
  );

  it('those of a third are found by its global object', () => {
    const [global, slice, AsyncFunction] = runInNewContext(
      '[globalThis, Array.prototype.slice, (async () => {}).constructor]',
    ) as [object, unknown, unknown];
    expect(pathOf(slice)).toBeUndefined();
    expect(pathOf(slice, global)).toBe('Array.prototype.slice');
    expect(pathOf(AsyncFunction, global)).toBe('%AsyncFunction%');
    expect(pathOf(global, global)).toBe('globalThis');
  });

  it('packages are found, though only the runner knows their modules', () => {
    expect(referenceOf(yaml.parse, inspecting())).toMatchObject({
      kind: 'module',
      format: 'commonjs',
      path: ['parse'],
      package: { name: 'yaml', subpath: 'dist/public-api.js' },
    });
    expect(referenceOf(new yaml.Document().constructor, inspecting())).toMatchObject({ path: ['Document'] });
    expect(referenceOf(yaml.Document.prototype.toJS, inspecting())).toMatchObject({
      path: ['Document', 'prototype', 'toJS'],
    });
    expect(referenceOf(nanoid, inspecting())).toMatchObject({ format: 'module', path: ['nanoid'] });
  });

  it('what the spec itself defines has to travel', () => {
    expect(referenceOf(pathOf, inspecting())).toBeUndefined();
    expect(referenceOf(inspecting, inspecting())).toBeUndefined();
  });

  it('modules of Node are found with their namespaces', async () => {
    const path = await import('node:path');
    expect(builtinOf(path.default.join)).toMatchObject({ module: 'path', path: ['join'] });
    expect(builtinOf(path)).toMatchObject({ module: 'path', part: 'namespace' });
  });
});
