import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findPackages, packageNameIn, packageOf } from '../../../lib/payload/reference/packages.ts';
import type { Reference } from '../../../lib/payload/reference/reference.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { twoProcesses } from './two-processes.ts';

describe('the package of a file', () => {
  const directory = temporaryDirectory();
  const write = (name: string, manifest: object): void => {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'package.json'), JSON.stringify(manifest));
  };
  write('node_modules/a', { name: 'a', version: '1.2.3' });
  write('node_modules/a/esm', { type: 'module' });
  write('node_modules/a/node_modules/@s/b', { name: '@s/b', version: '0.0.1' });
  write('node_modules/.pnpm/c@2.0.0/node_modules/c', { name: 'c', version: '2.0.0' });
  write('node_modules/alias', { name: 'another', version: '4.0.0' });
  write('node_modules/unnamed', {});

  it.each([
    ['a/lib/x.js', { name: 'a', version: '1.2.3', subpath: 'lib/x.js' }],
    ['a/esm/x.js', { name: 'a', version: '1.2.3', subpath: 'esm/x.js' }],
    ['a/node_modules/@s/b/x.js', { name: '@s/b', version: '0.0.1', subpath: 'x.js' }],
    ['.pnpm/c@2.0.0/node_modules/c/x.js', { name: 'c', version: '2.0.0', subpath: 'x.js' }],
    ['alias/x.js', { name: 'alias', version: '4.0.0', subpath: 'x.js' }],
    ['unnamed/x.js', { name: 'unnamed', version: '', subpath: 'x.js' }],
    ['missing/x.js', undefined],
    ['x.js', undefined],
  ])('is told by its path: %s', (path, expected) => {
    expect(packageOf(join(directory, 'node_modules', path))).toEqual(expected);
  });

  it('is found by name, the nearest first', () => {
    write('deep/node_modules/a', { name: 'a', version: '9.0.0' });
    const versions = [...findPackages('a', join(directory, 'deep', 'er'))].map(({ version }) => version);
    expect(versions).toEqual(['9.0.0', '1.2.3']);
  });

  it.each([
    ['lodash', 'lodash'],
    ['lodash/fp.js', 'lodash'],
    ['@scope/name', '@scope/name'],
    ['@scope/name/sub/path', '@scope/name'],
    ['@scope', undefined],
    ['./lodash', undefined],
    ['/lodash', undefined],
    ['#internal', undefined],
    ['node:fs', undefined],
    ['file:///a.js', undefined],
  ])('is named by a specifier: %s', (specifier, name) => {
    expect(packageNameIn(specifier)).toBe(name);
  });
});

describe('a reference into a package', () => {
  const { run, directory } = twoProcesses();
  // The directory's own node_modules is this repository's.
  const submit = join(directory, 'submit');
  const installed = join(submit, 'node_modules', 'shapes');
  const place = (at: string, version: string): void => {
    mkdirSync(at, { recursive: true });
    writeFileSync(
      join(at, 'package.json'),
      JSON.stringify({ name: 'shapes', version, type: 'module', exports: './index.js' }),
    );
    writeFileSync(join(at, 'index.js'), 'export * from "./square.js";');
    writeFileSync(join(at, 'square.js'), 'export const square = (x) => x * x;');
  };
  place(installed, '1.0.0');
  const reference = run(
    `
    import { referenceOf, inspecting } from '../capture.cjs';
    import { square } from 'shapes';
    console.log(JSON.stringify(referenceOf(square, inspecting())));
  `,
    { name: 'submit/main.mjs' },
  ) as Extract<Reference, { kind: 'module' }>;
  const load = (cwd: string): unknown =>
    run(
      `
    import { readFileSync } from 'node:fs';
    import { loadReference } from './load.cjs';
    try {
      const square = await loadReference(JSON.parse(readFileSync(0, 'utf8')));
      console.log(square(3));
    } catch ({ name, message }) {
      console.log(JSON.stringify(name + ': ' + message));
    }
  `,
      { input: reference, cwd },
    );

  it('names the file that defines the function, whichever shows it', () => {
    expect(reference).toMatchObject({
      path: ['square'],
      package: { name: 'shapes', version: '1.0.0', subpath: 'square.js' },
    });
  });

  it('is found where the program found it', () => {
    expect(load('/')).toBe(9);
  });

  it('is found in the current directory of the job, if it is not there, even if the file is no entry of the package', () => {
    const job = join(directory, 'job');
    mkdirSync(join(job, 'deep'), { recursive: true });
    cpSync(installed, join(job, 'node_modules', 'shapes'), { recursive: true });
    renameSync(installed, `${installed}-away`);
    expect(load(join(job, 'deep'))).toBe(9);
    renameSync(`${installed}-away`, installed);
  });

  it('is not taken from another version, and the error names both', () => {
    place(installed, '2.0.0');
    expect(load('/')).toBe(
      `ModuleLoadError: The module ${reference.url} of square cannot be found on this machine: shapes 1.0.0 is needed, but ` +
        `${join(installed, 'square.js')} is of version 2.0.0; / and the directories above have no other shapes in node_modules; ` +
        `${installed} and the directories above have no other shapes in node_modules`,
    );
    place(installed, '1.0.0');
  });

  it('names what was tried if there is none', () => {
    const away = `${installed}-away`;
    renameSync(installed, away);
    expect(load('/')).toMatch(
      /there is no file \S+square\.js; \/ and the directories above have no other shapes/,
    );
    renameSync(away, installed);
    rmSync(away, { recursive: true, force: true });
  });
});
