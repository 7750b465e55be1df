import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkNode, hashFiles, storeFiles, storeNode } from '../../../lib/delivery/bundle/store.ts';
import { listFiles, type BundledFile } from '../../../lib/delivery/bundle/files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { writeTree } from '../../support/write-tree.ts';

const parent = temporaryDirectory();
const newDirectory = (): string => mkdtempSync(join(parent, 'x-'));

const FILES = { 'a.js': 'a', 'bin/run': '#!/bin/sh\necho ran', 'link@': 'a.js', 'deep/er/b.js': 'b' };
const NONE = { directories: new Set<string>(), links: new Set<string>() };

function newProgram(files: Record<string, string> = FILES): {
  root: string;
  files: BundledFile[];
  jobs: string;
} {
  const root = newDirectory();
  writeTree(root, files);
  chmodSync(join(root, 'bin/run'), 0o755);
  return {
    root,
    files: listFiles(root, NONE, { exclude: [], include: [] }, ''),
    jobs: join(newDirectory(), 'jobs'),
  };
}

describe('The name of a bundle', () => {
  it('is told by what is in it, and by nothing else', async () => {
    const [first, second] = [newProgram(), newProgram()];
    const hash = await hashFiles(first.root, first.files);
    expect(await hashFiles(second.root, second.files)).toBe(hash);
    for (const change of [{ 'a.js': 'A' }, { 'c.js': 'a' }, { 'link2@': 'bin/run' }]) {
      const other = newProgram({ ...FILES, ...(change as Record<string, string>) });
      expect(await hashFiles(other.root, other.files)).not.toBe(hash);
    }
    chmodSync(join(first.root, 'a.js'), 0o755);
    const files = listFiles(first.root, NONE, { exclude: [], include: [] }, '');
    expect(await hashFiles(first.root, files)).not.toBe(hash);
  });
});

describe('A bundle', () => {
  it('has the files, for their owner alone and not to be changed', async () => {
    const { root, files, jobs } = newProgram();
    const bundle = await storeFiles(jobs, root, files, 'directory');
    expect(bundle).toBe(join(jobs, 'bundles', await hashFiles(root, files)));
    expect(readFileSync(join(bundle, 'link'), 'utf8')).toBe('a');
    expect(execFileSync(join(bundle, 'bin/run'), { encoding: 'utf8' })).toBe('ran\n');
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect(
      [join(bundle, 'a.js'), join(bundle, 'bin/run'), bundle, join(jobs, 'bundles'), jobs].map(mode),
    ).toEqual([0o400, 0o500, 0o700, 0o700, 0o700]);
  });

  it('may be an archive', async () => {
    const { root, files, jobs } = newProgram();
    const archive = await storeFiles(jobs, root, files, 'archive');
    expect(readdirSync(join(jobs, 'bundles'))).toEqual([`${await hashFiles(root, files)}.tar.gz`]);
    const to = newDirectory();
    execFileSync('tar', ['-xzf', archive, '-C', to]);
    expect(listFiles(to, NONE, { exclude: [], include: [] }, '')).toEqual(files);
  });

  it.each(['directory', 'archive'] as const)('is made once, by many at once: as %s', async (form) => {
    const { root, files, jobs } = newProgram();
    const made = await Promise.all(
      Array.from({ length: 8 }, async () => storeFiles(jobs, root, files, form)),
    );
    expect(new Set(made).size).toBe(1);
    const [bundle] = made as [string];
    expect(readdirSync(join(jobs, 'bundles'))).toHaveLength(1);
    const file = form === 'archive' ? bundle : join(bundle, 'a.js');
    const { ino } = statSync(file);
    await storeFiles(jobs, root, files, form);
    expect(statSync(file).ino).toBe(ino);
  });

  it('is made anew where files of it were lost', async () => {
    const { root, files, jobs } = newProgram();
    const bundle = await storeFiles(jobs, root, files, 'directory');
    const file = join(bundle, 'deep/er/b.js');
    chmodSync(file, 0o600);
    truncateSync(file);
    expect(await storeFiles(jobs, root, files, 'directory')).toBe(bundle);
    expect(readFileSync(file, 'utf8')).toBe('b');
    expect(readdirSync(join(jobs, 'bundles'))).toHaveLength(1);
  });

  it('is not made of files that keep changing', async () => {
    // Another one at each look.
    const files = [{ path: 'uuid', size: 37, executable: false }];
    const jobs = join(newDirectory(), 'jobs');
    const error = await thrownBy(storeFiles(jobs, '/proc/sys/kernel/random', files, 'directory'));
    expect((error as Error).message).toContain('its files change while they are copied');
    expect(readdirSync(join(jobs, 'bundles'))).toEqual([]);
  });

  it('is not taken from where others could have put it', async () => {
    const { root, files, jobs } = newProgram();
    const bundle = await storeFiles(jobs, root, files, 'directory');
    chmodSync(bundle, 0o777);
    expect(await thrownBy(storeFiles(jobs, root, files, 'directory'))).toMatchObject({
      name: 'OwnershipError',
    });
    chmodSync(bundle, 0o700);
    chmodSync(join(jobs, 'bundles'), 0o777);
    expect(await thrownBy(storeFiles(jobs, root, files, 'directory'))).toMatchObject({
      name: 'OwnershipError',
    });
  });
});

describe('The node of a bundle', () => {
  const small = join(newDirectory(), 'node');
  writeFileSync(small, '#!/bin/sh\necho small', { mode: 0o755 });

  it('is a program by its content', async () => {
    const jobs = newDirectory();
    const [first, second] = await Promise.all([
      storeNode(jobs, small, 'directory'),
      storeNode(jobs, small, 'directory'),
    ]);
    expect(second).toBe(first);
    expect(first).toMatch(/\/bundles\/node-[0-9a-f]{40}$/);
    expect(execFileSync(first, { encoding: 'utf8' })).toBe('small\n');
    expect(readdirSync(join(jobs, 'bundles'))).toHaveLength(1);
  });

  it('may be packed', async () => {
    const packed = await storeNode(newDirectory(), small, 'archive');
    expect(execFileSync('gzip', ['-dc', packed], { encoding: 'utf8' })).toBe(readFileSync(small, 'utf8'));
  });

  it('has to be in one file', () => {
    expect(() => checkNode('/usr/bin/node', { node_shared: false })).not.toThrow();
    for (const shared of [true, 'true'])
      expect(() => checkNode('/usr/bin/node', { node_shared: shared })).toThrow(
        'cannot pack /usr/bin/node: most of it',
      );
  });
});
