import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkSize, isExcluded, listFiles, packagesNeeded } from '../../../lib/delivery/bundle/files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const parent = realpathSync(temporaryDirectory());

describe('The files of a bundle', () => {
  const root = join(parent, 'program');
  writeTree(root, {
    'package.json': '{"dependencies":{"a":"1"}}',
    'lib/a.js': '12345',
    'bin/run': '',
    'node_modules/a/package.json': '{}',
    'node_modules/a/lib/index.js': '',
    'node_modules/a/node_modules/unneeded/package.json': '{}',
    'node_modules/.bin/a@': '../a/lib/index.js',
    'node_modules/unneeded/package.json': '{}',
    'lib/node_modules/inner/package.json': '{}',
    '.git/HEAD': '',
    'lib/.env.local': '',
    'jobs/20260101/journal.jsonl': '',
    'data/big.h5': '',
    'data/small.json': '',
    'lib/link.js@': 'a.js',
    'lib/data@': join(root, 'data'),
    'lib/nowhere@': '/nonesuch',
  });
  chmodSync(join(root, 'bin/run'), 0o755);
  const list = (exclude: string[] = [], include: string[] = []): ReturnType<typeof listFiles> =>
    listFiles(root, packagesNeeded(root, []), { exclude, include }, join(root, 'jobs'));
  const paths = (...more: string[][]): string[] => list(...more).map(({ path }) => path);

  it('are those of the program and its packages, in their order', () => {
    expect(paths()).toEqual([
      'bin/run',
      'data/big.h5',
      'data/small.json',
      'lib/a.js',
      'lib/data',
      'lib/link.js',
      'node_modules/a/lib/index.js',
      'node_modules/a/package.json',
      'package.json',
    ]);
  });

  it('are known by size, by whether they are programs, and by where they lead', () => {
    const files = new Map(list().map((file) => [file.path, file]));
    expect(files.get('lib/a.js')).toEqual({ path: 'lib/a.js', size: 5, executable: false });
    expect(files.get('bin/run')).toMatchObject({ executable: true });
    expect(files.get('lib/link.js')).toMatchObject({ link: 'a.js', size: 0 });
    expect(files.get('lib/data')).toMatchObject({ link: '../data' });
  });

  it('are left out if they are not wanted, and taken all the same if they are', () => {
    expect(paths(['*.h5', 'lib', './data/small.json', 'bin/'])).toEqual([
      'node_modules/a/package.json',
      'package.json',
    ]);
    expect(paths(['data'], ['lib/.env.local', '.git'])).toEqual(
      expect.arrayContaining(['lib/.env.local', '.git/HEAD']),
    );
  });

  it('may not be links that lead out', () => {
    mkdirSync(join(parent, 'elsewhere'));
    writeTree(root, { 'scratch@': join(parent, 'elsewhere') });
    expect(() => paths()).toThrow(
      `packs ${root}, but scratch in it is a link to ${parent}/elsewhere. Remedy: \`exclude: ['scratch']\`, or a \`root\` above both`,
    );
    expect(paths(['scratch'])).not.toContain('scratch');
  });
});

describe('What is left out of a bundle', () => {
  it.each([
    ['.git', [], [], true],
    ['a/b/.env', [], [], true],
    ['a/.env.production', [], [], true],
    ['a/.environment', [], [], false],
    ['a/notes.txt~', [], [], true],
    ['.npmrc', [], ['.npmrc'], false],
    ['.git/config', [], ['.git'], false],
    ['data', ['data'], ['data'], true],
    ['a/data', ['data'], [], true],
    ['a/data', ['/data'], [], false],
    ['data', ['/data'], [], true],
    ['a/x.data', ['*.data'], [], true],
    ['a/b/x.data', ['a/*.data'], [], false],
    ['a/x+y', ['x+y'], [], true],
  ])('%s by %j, but for %j: %p', (path, exclude, include, isLeftOut) => {
    expect(isExcluded(path, { exclude, include })).toBe(isLeftOut);
  });
});

describe('The size of a bundle', () => {
  const file = (path: string, size: number): Parameters<typeof checkSize>[0][number] => ({
    path,
    size,
    executable: false,
  });
  const MIB = 1024 * 1024;

  it('may be up to its limit', () => {
    expect(() => checkSize([file('a', 5), file('b', 5)], 10)).not.toThrow();
  });

  it('is refused beyond it, with the largest things', () => {
    const files = [
      file('package.json', 100),
      file('data/1', 3 * MIB),
      file('data/2', 4 * MIB),
      file('node_modules/@tensor/flow/x', 9 * MIB),
      file('node_modules/@tensor/flow/node_modules/inner/x', 2 * MIB),
      file('node_modules/a/x', 1000),
      file('lib/x', 2000),
    ];
    expect(() => checkSize(files, 10 * MIB)).toThrow(
      "The delivery 'bundle' packs no more than 10.0 MiB, and this is 18.0 MiB: node_modules/@tensor/flow 9.0 MiB, data 7.0 MiB, " +
        'node_modules/@tensor/flow/node_modules/inner 2.0 MiB, lib 2000 bytes, node_modules/a 1000 bytes. Remedy: `exclude`',
    );
  });
});
