import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ModuleLoadError } from '../../../lib/base/errors.ts';
import { loadReference } from '../../../lib/payload/reference/load-reference.ts';
import type { Reference, VariableReference } from '../../../lib/payload/reference/reference.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const directory = temporaryDirectory();
const url = (name: string): string => pathToFileURL(join(directory, name)).href;
writeFileSync(join(directory, 'throws.mjs'), 'throw new Error("not today");');
writeFileSync(join(directory, 'typed.ts'), 'export const x: number = <number>1;');
writeFileSync(join(directory, 'data.json'), '{ "x": 1 }');
writeFileSync(join(directory, 'lib.cjs'), 'for (const name of ["hidden"]) exports[name] = () => 1;');
mkdirSync(join(directory, 'node_modules', 'pack'), { recursive: true });
writeFileSync(join(directory, 'node_modules/pack/package.json'), '{ "version": "1.0.0", "main": "x.js" }');
writeFileSync(join(directory, 'node_modules/pack/x.js'), 'exports.x = 7;');

async function load(reference: Exclude<Reference, VariableReference>): Promise<unknown> {
  return loadReference(reference);
}

describe('loading a reference', () => {
  it('gives a `require` function that looks from there', async () => {
    const require = (await load({ kind: 'require', parent: `${directory}/` })) as NodeJS.Require;
    expect(require('pack')).toEqual({ x: 7 });
    expect(require('./data.json')).toEqual({ x: 1 });
  });

  it('does what an import statement did', async () => {
    const parent = url('some.mjs');
    const imports = { kind: 'import', parent } as const;
    expect(await load({ ...imports, specifier: './data.json', imported: 'default' })).toEqual({ x: 1 });
    expect(await load({ ...imports, specifier: 'pack', imported: 'x' })).toBe(7);
    expect(await load({ ...imports, specifier: './lib.cjs', imported: 'hidden' })).toEqual(
      expect.any(Function),
    );
    expect(await load({ ...imports, specifier: 'node:path', imported: '*' })).toHaveProperty('join');
  });

  it.each<[string, Reference, object]>([
    [
      'this Node has no such intrinsic',
      { kind: 'intrinsic', path: 'Array.prototype.nonesuch' },
      {
        message: `Node ${process.version} on this machine has no Array.prototype.nonesuch. Remedy: run the job on the version of Node that the program runs on`,
      },
    ],
    [
      'this Node has no such module',
      { kind: 'builtin', module: 'nonesuch', path: [] },
      { message: `Node ${process.version} on this machine has no module node:nonesuch` },
    ],
    [
      'its module has no such part',
      { kind: 'builtin', module: 'fs', path: ['nonesuch'] },
      { message: `The module node:fs of Node ${process.version} on this machine has no nonesuch` },
    ],
    [
      'the file is not there',
      { kind: 'module', url: url('missing.mjs'), format: 'module', path: ['f'] },
      {
        message:
          `The module ${url('missing.mjs')} of f cannot be found on this machine: there is no file ` +
          `${join(directory, 'missing.mjs')}, and it is of no package that could be looked up`,
        module: join(directory, 'missing.mjs'),
        exportName: 'f',
      },
    ],
    [
      'the module throws',
      { kind: 'module', url: url('throws.mjs'), format: 'module', path: ['f'] },
      {
        message: `The module ${join(directory, 'throws.mjs')} of f cannot be loaded on this machine: not today`,
        cause: expect.objectContaining({ message: 'not today' }),
      },
    ],
    [
      'the module needs a loader, and says which',
      { kind: 'module', url: url('typed.ts'), format: 'module', path: ['x'] },
      { message: expect.stringMatching(/Remedy: name the compiled \.js file, or set execArgv/) },
    ],
    [
      'what was imported is gone',
      { kind: 'import', specifier: 'no-such-package', parent: url('a.mjs'), imported: 'f' },
      { module: 'no-such-package', exportName: 'f' },
    ],
    [
      'what was imported has no such name',
      { kind: 'import', specifier: './data.json', parent: url('a.mjs'), imported: 'f' },
      {
        message: expect.stringContaining(
          'The module ./data.json exports no f; it exports: default. Remedy: ',
        ),
      },
    ],
    [
      'what was imported is of another version',
      {
        kind: 'import',
        specifier: 'pack',
        parent: url('a.mjs'),
        imported: 'x',
        package: { name: 'pack', version: '2.0.0' },
      },
      {
        message:
          `pack 2.0.0 was imported by ${url('a.mjs')}, but on this machine ${join(directory, 'node_modules/pack')} ` +
          'is of version 1.0.0',
      },
    ],
  ])('fails with the reason if %s', async (_, reference, expected) => {
    const error = await thrownBy(load(reference as Parameters<typeof load>[0]));
    expect(error).toBeInstanceOf(ModuleLoadError);
    expect(error).toMatchObject(expected);
  });
});
