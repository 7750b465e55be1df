import { mkdirSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packagesNeeded } from '../../../lib/delivery/bundle/files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const parent = realpathSync(temporaryDirectory());
let trees = 0;

/** A program of its own, of packages by their place and what they need. */
function program(packages: Record<string, object>, links: Record<string, string> = {}): string {
  trees += 1;
  const root = join(parent, `program-${trees}`);
  mkdirSync(root);
  const manifests = Object.entries(packages).map(([place, manifest]) => [
    join(place, 'package.json'),
    JSON.stringify(manifest),
  ]);
  writeTree(root, { ...(Object.fromEntries(manifests) as Record<string, string>), ...links });
  return root;
}

function needed(root: string, more: string[] = []): { directories: string[]; links: string[] } {
  const { directories, links } = packagesNeeded(root, more);
  const below = (paths: ReadonlySet<string>): string[] =>
    [...paths].map((path) => relative(root, path)).toSorted();
  return { directories: below(directories), links: below(links) };
}

describe('The packages of a bundle', () => {
  it('are what the program needs, and what that needs', () => {
    const root = program({
      '': { dependencies: { a: '1', '@me/b': '1', gone: '1' }, devDependencies: { dev: '1' } },
      'node_modules/a': { dependencies: { c: '2' }, peerDependencies: { peer: '1' } },
      'node_modules/a/node_modules/c': { optionalDependencies: { '@me/b': '1', 'for-windows': '1' } },
      'node_modules/@me/b': { dependencies: { a: '1' } },
      'node_modules/c': { name: 'another version' },
      'node_modules/peer': {},
      'node_modules/dev': {},
    });
    const directories = [
      'node_modules/@me/b',
      'node_modules/a',
      'node_modules/a/node_modules/c',
      'node_modules/peer',
    ];
    expect(needed(root)).toEqual({ directories, links: [] });
    expect(needed(root, ['dev']).directories).toContain('node_modules/dev');
    expect(() => needed(root, ['gone'])).toThrow(
      `is to have the package gone, which is not in ${root}/node_modules`,
    );
  });

  it('are none where there is no package.json', () => {
    expect(needed(program({ 'node_modules/a': {} }))).toEqual({ directories: [], links: [] });
  });

  it('may be linked, as pnpm does it', () => {
    const root = program(
      {
        '': { dependencies: { a: '1' } },
        'node_modules/.pnpm/a@1/node_modules/a': { dependencies: { b: '1' } },
        'node_modules/.pnpm/b@1/node_modules/b': {},
      },
      {
        'node_modules/a@': '.pnpm/a@1/node_modules/a',
        'node_modules/.pnpm/a@1/node_modules/b@': '../../b@1/node_modules/b',
      },
    );
    expect(needed(root)).toEqual({
      directories: ['node_modules/.pnpm/a@1/node_modules/a', 'node_modules/.pnpm/b@1/node_modules/b'],
      links: ['node_modules/.pnpm/a@1/node_modules/b', 'node_modules/a'],
    });
  });

  it('may be workspaces of the program', () => {
    const root = program(
      {
        '': { dependencies: { lib: '*' } },
        'packages/lib': { dependencies: { a: '1' } },
        'node_modules/a': {},
      },
      { 'node_modules/lib@': '../packages/lib' },
    );
    expect(needed(root)).toEqual({
      directories: ['node_modules/a', 'packages/lib'],
      links: ['node_modules/lib'],
    });
  });

  it('may not lie above the root', () => {
    const root = program({
      'packages/app': { dependencies: { a: '1' } },
      'node_modules/a': {},
    });
    expect(() => needed(join(root, 'packages/app'))).toThrow(
      `packs ${root}/packages/app, but the package a that it needs lies in ${root}/node_modules/a. Remedy: \`root: '${root}'\``,
    );
    expect(needed(root, ['a']).directories).toEqual(['node_modules/a']);
  });

  it('may not be linked from elsewhere', () => {
    const other = program({ '': {} });
    const root = program({ '': { dependencies: { a: '1' } } }, { 'node_modules/a@': other });
    expect(() => needed(root)).toThrow(
      `packs ${root}, but node_modules/a in it leads to ${other}. Remedy: a \`root\``,
    );
    const all = program({ '': { dependencies: { b: '1' } } }, { 'node_modules@': join(other, 'modules') });
    writeTree(other, { 'modules/b/package.json': '{}' });
    expect(() => needed(all)).toThrow('node_modules/b in it leads to');
  });
});
