import { describe, expect, it } from '@jest/globals';
import { FunctionSyntaxError, ModuleLoadError, SerializationError } from '../../lib/errors.ts';
import { describeFunction } from '../../lib/payload/describe-function.ts';
import type { AnyFunction } from '../../lib/payload/function-description.ts';
import { moduleFunction } from '../../lib/payload/module-function.ts';
import { loadFunction } from '../../lib/payload/load-function.ts';

async function travel(fn: AnyFunction): Promise<AnyFunction> {
  return loadFunction(
    JSON.parse(JSON.stringify(describeFunction(fn))) as ReturnType<typeof describeFunction>,
  );
}

function count(x: number): number {
  return x === 2 ? 3 : count(2);
}

const methods = {
  plain(x: number) {
    return x + 1;
  },
  async waiting(x: number) {
    return x + 1;
  },
  'not an identifier'(x: number) {
    return x + 1;
  },
};

describe('a function by its source', () => {
  it.each<[string, AnyFunction]>([
    ['an arrow', (x: number) => x + 1],
    ['an async arrow', async (x: number) => x + 1],
    [
      'a function expression',
      function (x: number) {
        return x + 1;
      },
    ],
    ['one that calls itself by name', count],
    ['a method', methods.plain],
    ['an async method', methods.waiting],
    ['a method whose name is no identifier', methods['not an identifier']],
    ['one that ends with a comment', new Function('return (x) => x + 1 // done')() as AnyFunction],
  ])('travels: %s', async (_, fn) => {
    expect(await (await travel(fn))(2)).toBe(3);
  });

  it('has require and import() that resolve from the current directory', async () => {
    const fn = await travel(async () => [require('yaml'), await import('yaml')]);
    const [required, imported] = (await fn()) as [{ parse: unknown }, { parse: unknown }];
    expect(typeof required.parse).toBe('function');
    expect(typeof imported.parse).toBe('function');
  });

  it('is strict, as in the module it comes from', async () => {
    const fn = await travel(function (this: unknown) {
      return this;
    });
    expect(fn()).toBeUndefined();
  });

  it('may be sloppy code', async () => {
    const fn = await travel(new Function('with ({ x: 7 }) return x') as AnyFunction);
    expect(fn()).toBe(7);
  });

  it('may have been compiled by esbuild with kept names', async () => {
    const fn = await travel(new Function('return __name(() => 1, "one").name') as AnyFunction);
    expect(fn()).toBe('one');
  });

  it('is refused with the remedy if it is a class, bound, or has no meaning alone', () => {
    class Model {
      size = 1;
    }
    expect(() => describeFunction(Model as unknown as AnyFunction)).toThrow('Model is a class');
    expect(() => describeFunction(methods.plain.bind(null))).toThrow('wrap it in a function');
    const { get } = Object.getOwnPropertyDescriptor({ get size() { return 1; } }, 'size') as { get: AnyFunction }; // prettier-ignore
    expect(() => describeFunction(get)).toThrow(SerializationError);
  });

  it('says so if it does not compile where it is to run', async () => {
    const description = {
      kind: 'source',
      name: 'f',
      source: '(x) =>',
      form: 'expression',
      strict: true,
      directory: '/',
    } as const;
    await expect(loadFunction(description)).rejects.toThrow(FunctionSyntaxError);
    await expect(loadFunction(description)).rejects.toThrow(
      /The source of the function f does not compile on Node v/,
    );
  });
});

describe('a builtin function', () => {
  it.each<[string, AnyFunction]>([
    ['Math.sqrt', Math.sqrt],
    ['parseInt', parseInt],
    ['JSON.stringify', JSON.stringify],
    ['Number', Number],
  ])('travels by its name: %s', async (_, fn) => {
    expect(describeFunction(fn)).toMatchObject({ kind: 'builtin' });
    expect(String(await (await travel(fn))(9))).toBe(String(fn(9)));
  });
});

describe('a function of a module', () => {
  it.each([
    ['a package', 'yaml', 'parse', '[1]', [1]],
    ['a node: module', 'node:path', 'basename', '/a/b', 'b'],
    ['a file URL', new URL('../fixtures/tasks.mjs', import.meta.url), 'square', 7, 49],
    ['a path', new URL('../fixtures/tasks.mjs', import.meta.url).pathname, 'default', 'x', 'default x'],
    ['a CommonJS file', new URL('../fixtures/tasks.cjs', import.meta.url), 'twice', 4, 8],
  ])('travels by reference: %s', async (_, module, exportName, argument, result) => {
    const fn = moduleFunction<(x: unknown) => unknown>(module, exportName);
    expect(describeFunction(fn)).toMatchObject({ kind: 'module', exportName });
    expect(await (await travel(fn))(argument)).toEqual(result);
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
    await expect(moduleFunction('node:path', 'nonesuch')()).rejects.toThrow(
      /exports no function nonesuch; it exports: .*basename/,
    );
  });
});
