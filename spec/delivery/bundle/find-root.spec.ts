import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { findRoot } from '../../../lib/delivery/bundle/files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const parent = realpathSync(temporaryDirectory());
writeTree(parent, {
  'app/package.json': '{"name":"app"}',
  'app/src/main.mjs': '',
  'app/dist/esm/package.json': '{"type":"module"}',
  'app/dist/esm/main.js': '',
  'app/node_modules/tool/package.json': '{"name":"tool"}',
  'app/node_modules/tool/cli.js': '',
  'marked/package.json': '{"type":"module"}',
  'marked/main.js': '',
  'broken/package.json': '{',
  'broken/main.js': '',
  'main.mjs@': 'app/src/main.mjs',
});
const url = (path: string): string => pathToFileURL(join(parent, path)).href;

describe('The root of a bundle', () => {
  it.each([
    ['the nearest directory above the main file with a package.json', url('app/src/main.mjs'), '/', 'app'],
    ['not one that only says how files are read', url('app/dist/esm/main.js'), '/', 'app'],
    ['such a one, where there is no other', url('marked/main.js'), '/', 'marked'],
    ['that of the file itself, where the main file is a link', url('main.mjs'), '/', 'app'],
    [
      'that of the current directory for a tool',
      url('app/node_modules/tool/cli.js'),
      join(parent, 'marked'),
      'marked',
    ],
    ['that of the current directory without a main file', '', join(parent, 'app/src'), 'app'],
    [
      'that of the current directory for a main file that is gone',
      url('gone.js'),
      join(parent, 'app'),
      'app',
    ],
  ])('is %s', (_, main, cwd, root) => {
    expect(findRoot(main, cwd)).toBe(join(parent, root));
  });

  it('has to be named where there is no package.json that can be read', () => {
    expect(() => findRoot(url('broken/main.js'), '/')).toThrow(
      `The delivery 'bundle' does not know what to pack: there is no package.json in ${parent}/broken or above. Remedy:`,
    );
  });
});
