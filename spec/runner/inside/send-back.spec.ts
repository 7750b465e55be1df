import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OutputFileError } from '../../../lib/base/errors.ts';
import { sendBack } from '../../../lib/runner/inside/send-back.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const parent = temporaryDirectory();
const before = process.cwd();
afterAll(() => process.chdir(before));

let places = 0;
let directory: string;
beforeEach(() => {
  places += 1;
  directory = join(parent, `set-${places}`);
  mkdirSync(join(directory, 'files'), { recursive: true });
  const work = join(parent, `work-${places}`);
  mkdirSync(work);
  process.chdir(work);
});

const write = (name: string, text: string): string => {
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(name, text);
  return name;
};
const send = (path: unknown, item?: number): void => sendBack(directory, { key: '7', item }, path);
const kept = (name: string): string => readFileSync(join(directory, 'files', '7', name), 'utf8');
const names = (): string[] =>
  (readdirSync(join(directory, 'files'), { recursive: true }) as string[]).toSorted();

describe('A file that is sent back', () => {
  it('is moved, under its path below the current directory', () => {
    send(write('a/b, c.txt', 'text'));
    expect(kept('a/b, c.txt')).toBe('text');
    expect(existsSync('a/b, c.txt')).toBe(false);
    expect(names()).toEqual(['7', '7/a', '7/a/b, c.txt']);
  });

  it('has its last name, if it lies elsewhere', () => {
    send(write(join(parent, `elsewhere-${places}`, 'x'), 'text'));
    expect(kept('x')).toBe('text');
  });

  it('takes the place of what was sent under that name, file or directory', () => {
    for (const name of ['x', 'x', 'x/y', 'x', 'x/z']) {
      send(write(name, `text of ${name}`) && 'x');
      expect(kept(name)).toBe(`text of ${name}`);
    }
    expect(names()).toEqual(['7', '7/x', '7/x/z']);
  });

  it('may come from another filesystem', () => {
    const other = `/dev/shm/condor-futures-spec-${process.pid}`;
    send(write(`${other}/tree/x`, 'text') && `${other}/tree`);
    expect(kept('tree/x')).toBe('text');
    expect(readdirSync(other)).toEqual([]);
    execFileSync('rmdir', [other]);
    expect(names()).toEqual(['7', '7/tree', '7/tree/x']);
  });

  it('is what a link leads to, in directories too', () => {
    write('target/x', 'text');
    mkdirSync('tree');
    symlinkSync('../target/x', 'tree/file');
    symlinkSync('../target', 'tree/directory');
    symlinkSync('target/x', 'link');
    for (const path of ['tree', 'link']) send(path);
    expect(['tree/file', 'tree/directory/x', 'link'].map(kept)).toEqual(['text', 'text', 'text']);
    expect(readdirSync('.')).toEqual(['target']);
  });

  it('has a directory of its own for each call of a chunk', () => {
    for (const item of [0, 1]) send(write('x', `of ${item}`), item);
    expect([kept('0/x'), kept('1/x')]).toEqual(['of 0', 'of 1']);
  });

  it.each<[what: string, path: () => string, message: RegExp]>([
    ['is not there', () => 'missing', /missing is not there$/],
    ['is the current directory', () => '.', /holds more than files of the call/],
    ['holds the job set', () => parent, /holds more than files of the call/],
    ['is a part of the job set', () => write(join(directory, 'journal'), ''), /is a part of the job set/],
    [
      'is a link that leads nowhere',
      () => (symlinkSync('nowhere', 'l'), 'l'),
      /could not be sent back: ENOENT/,
    ],
    ['leads to itself', () => (mkdirSync('t'), symlinkSync('.', 't/l'), 't'), /leads to itself/],
    [
      'holds a FIFO',
      () => (mkdirSync('t'), execFileSync('mkfifo', ['t/f']), 't'),
      /f is neither a file nor a directory/,
    ],
  ])('is refused if it %s, and nothing of it stays', (_, path, message) => {
    const given = path();
    expect(() => send(given)).toThrow(OutputFileError);
    expect(() => send(given)).toThrow(message);
    expect(names().filter((name) => name !== '7')).toEqual([]);
  });

  it.each([undefined, 7, ''])('is named by a string, not by %p', (path) => {
    expect(() => send(path)).toThrow(TypeError);
  });
});
