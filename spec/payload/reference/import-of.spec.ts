import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { importOf } from '../../../lib/payload/reference/import-of.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
mkdirSync(join(directory, 'node_modules', '@s', 'pack'), { recursive: true });
writeFileSync(
  join(directory, 'node_modules/@s/pack/package.json'),
  '{ "name": "@s/pack", "version": "1.2.3" }',
);
for (const name of ['lib.mjs', 'lib.ts', 'data.json']) writeFileSync(join(directory, name), '');

const parent = pathToFileURL(join(directory, 'program.mjs')).href;

describe('a variable that an import statement made', () => {
  it.each([
    [`import * as local from 'node:path'`, 'node:path', '*'],
    [`import local from 'fs'`, 'fs', 'default'],
    [`import { local } from './lib.mjs'`, './lib.mjs', 'local'],
    [
      `import { name as local } from '${pathToFileURL(directory).href}/lib.mjs'`,
      `file://${directory}/lib.mjs`,
      'name',
    ],
    [`import local from './data.json' with { type: 'json' }`, './data.json', 'default'],
  ])('can be had by it again: %s', (statement, specifier, imported) => {
    expect(importOf('local', parent, statement)).toEqual({ kind: 'import', specifier, parent, imported });
    expect(importOf('other', parent, statement)).toBeUndefined();
  });

  it('comes with the version of the package', () => {
    expect(importOf('local', parent, `import { local } from '@s/pack/sub.js'`)).toEqual({
      kind: 'import',
      specifier: '@s/pack/sub.js',
      parent,
      imported: 'local',
      package: { name: '@s/pack', version: '1.2.3' },
    });
  });

  it.each([
    ['the file is none that node runs', `import { local } from './lib.ts'`],
    ['there is no such file', `import { local } from './missing.mjs'`],
    ['there is no such package', `import { local } from 'no-such-package'`],
    ['the specifier means something only to the package', `import { local } from '#local'`],
    ['it is of the network', `import { local } from 'https://example.org/a.js'`],
    ['it is no import', `const local = 1`],
    ['the source is no module', `import {`],
  ])('cannot be had again if %s', (_, statement) => {
    expect(importOf('local', parent, statement)).toBeUndefined();
  });

  it('cannot where the statement is in no file', () => {
    expect(importOf('local', '[eval]', `import * as local from 'node:path'`)).toBeUndefined();
  });

  it('is not to be where the policy says so', () => {
    const policy = { byValue: ['@s/pack', join(directory, 'lib.mjs')] };
    expect(importOf('local', parent, `import { local } from '@s/pack'`, policy)).toBeUndefined();
    expect(importOf('local', parent, `import { local } from './lib.mjs'`, policy)).toBeUndefined();
  });

  it('may be of a file that needs a loader if the policy says so', () => {
    const policy = { byReference: [/\.ts$/] };
    expect(importOf('local', parent, `import { local } from './lib.ts'`, policy)).toBeDefined();
  });
});
