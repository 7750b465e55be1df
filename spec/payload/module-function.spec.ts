import { describe, expect, it } from '@jest/globals';
import { ModuleLoadError } from '../../lib/base/errors.ts';
import type { AnyFunction } from '../../lib/payload/graph.ts';
import { deserialize } from '../../lib/payload/deserialize.ts';
import { moduleFunction } from '../../lib/payload/module-function.ts';
import { serialize } from '../../lib/payload/serialize.ts';

describe('a function of a module', () => {
  it.each([
    ['a package', 'yaml', 'parse', '[1]', [1]],
    ['a node: module', 'node:path', 'basename', '/a/b', 'b'],
    ['a file URL', new URL('../fixtures/tasks.mjs', import.meta.url), 'square', 7, 49],
    ['a path', new URL('../fixtures/tasks.mjs', import.meta.url).pathname, 'default', 'x', 'default x'],
    ['a CommonJS file', new URL('../fixtures/tasks.cjs', import.meta.url), 'twice', 4, 8],
  ])('travels by reference: %s', async (_, module, exportName, argument, result) => {
    const fn = moduleFunction<(x: unknown) => unknown>(module, exportName);
    const there = (await deserialize(serialize(fn))) as AnyFunction;
    expect(await there(argument)).toEqual(result);
    expect(await fn(argument)).toEqual(result);
  });

  it('is refused by a relative path, with what to write instead', () => {
    expect(() => moduleFunction('./tasks.js')).toThrow("new URL('./tasks.js', import.meta.url)");
  });

  it('says which module or export is missing', async () => {
    await expect(moduleFunction('no-such-package', 'f')()).rejects.toThrow(ModuleLoadError);
    await expect(moduleFunction('no-such-package', 'f')()).rejects.toMatchObject({
      module: 'no-such-package',
      exportName: 'f',
    });
    await expect(moduleFunction('node:path', 'nonesuch')()).rejects.toThrow(/nonesuch.*basename/);
  });
});
