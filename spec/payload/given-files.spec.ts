import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { InputFileError } from '../../lib/base/errors.ts';
import { SHARED_FILES, TravellingFiles } from '../../lib/payload/given-files.ts';
import type { InputFile } from '../../lib/payload/given-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parent = temporaryDirectory();
let directories = 0;
let here: string;
let travelling: TravellingFiles;
beforeEach(() => {
  directories += 1;
  here = join(parent, String(directories));
  mkdirSync(here);
  travelling = new TravellingFiles();
});

const file = (...names: string[]): InputFile => {
  const path = join(here, ...names);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  return { kind: 'file', path, isUrl: false };
};
const directory = (...names: string[]): InputFile => {
  const path = join(here, ...names);
  mkdirSync(path, { recursive: true });
  return { kind: 'directory', path, isUrl: false };
};
const url = (path: string): InputFile => ({ kind: 'file', path, isUrl: true });

describe('Files that travel with a call', () => {
  it('have places of their own, and each has one', () => {
    const [a, b] = [file('one', 'data.csv'), file('two', 'data.csv')];
    const nodes = [a, b, a].map((given) => travelling.give(given));
    expect(nodes.map(({ path }) => path.replace(/^[0-9a-f]{16}\//, ''))).toEqual([
      'data.csv',
      'data.csv',
      'data.csv',
    ]);
    expect(new Set(nodes.map(({ path }) => path)).size).toBe(2);
    expect([...travelling.files.values()]).toEqual([
      { name: 'data.csv', directories: undefined, files: new Map([['', a.path]]) },
      { name: 'data.csv', directories: undefined, files: new Map([['', b.path]]) },
    ]);
    const chunk = new TravellingFiles();
    expect(chunk.give(a)).toEqual(nodes[0]);
    chunk.addAll(travelling);
    expect(chunk.files).toEqual(travelling.files);
  });

  it('of a directory are all in it, where links stand for what they lead to', () => {
    const tree = directory('tree');
    const inside = file('tree', 'sub', 'x');
    directory('tree', 'empty');
    const outside = file('outside', 'y');
    symlinkSync(join(here, 'outside'), join(tree.path, 'linked'));
    symlinkSync(outside.path, join(tree.path, 'link'));
    travelling.give(tree);
    const [{ directories: below, files } = {}] = travelling.files.values();
    expect(below?.toSorted()).toEqual(['', 'empty', 'linked', 'sub']);
    expect(new Set(files)).toEqual(
      new Set([
        ['sub/x', inside.path],
        ['link', join(tree.path, 'link')],
        ['linked/y', join(tree.path, 'linked', 'y')],
      ]),
    );
  });

  it('are fetched where they are URLs, each name once', () => {
    const first = travelling.give(url('https://example.org/a/data?x=1'));
    expect(first).toEqual({ kind: 'given', from: 'scratch', path: 'data?x=1' });
    expect(travelling.give(url('https://example.org/a/data?x=1'))).toBe(first);
    expect(() => travelling.give(url('https://example.org/b/data?x=1'))).toThrow(
      'a call can be given only one of them',
    );
    expect(travelling.urls).toEqual(['https://example.org/a/data?x=1']);
  });

  it.each<[what: string, make: () => InputFile, message: string]>([
    [
      'a link that leads nowhere',
      () => (symlinkSync('nowhere', join(directory('t').path, 'l')), directory('t')),
      'l, in ',
    ],
    [
      'a link that leads back',
      () => (symlinkSync('..', join(directory('t', 'u').path, 'l')), directory('t')),
      'holds itself, by the link',
    ],
    [
      'a FIFO',
      () => (execFileSync('mkfifo', [join(directory('t').path, 'f')]), directory('t')),
      'f is neither a file nor a directory',
    ],
  ])('of a directory are refused with %s in it', (_, make, message) => {
    const given = make();
    expect(() => travelling.give(given)).toThrow(InputFileError);
    expect(() => travelling.give(given)).toThrow(message);
  });
});

describe.each([
  ['travel', () => travelling],
  ['are shared', () => SHARED_FILES],
])('Files that %s', (_, files) => {
  it('are refused if they are not there, or not of the kind', () => {
    const missing = { kind: 'file', path: join(here, 'missing'), isUrl: false } as const;
    expect(() => files().give(missing)).toThrow(`The file ${missing.path} that a call is given is not there`);
    expect(() => files().give({ ...directory('d'), kind: 'file' })).toThrow('Remedy: inputDirectory()');
    expect(() => files().give({ ...file('f'), kind: 'directory' })).toThrow('is no directory');
  });
});

describe('Files that are shared', () => {
  it('are their absolute paths, also of file URLs', () => {
    const { path } = file('a b');
    expect(SHARED_FILES.give({ kind: 'file', path, isUrl: false })).toEqual({ kind: 'data', value: path });
    expect(SHARED_FILES.give(url(`file://${path.replace(' ', '%20')}`))).toEqual({
      kind: 'data',
      value: path,
    });
  });

  it('are not fetched', () => {
    expect(() => SHARED_FILES.give(url('https://example.org/x'))).toThrow(
      /for jobs with `filesystem: 'transfer'` alone\. Remedy: that option, or fetch it in the call/,
    );
  });
});
