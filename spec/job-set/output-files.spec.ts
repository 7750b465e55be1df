import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  hasOutputFiles,
  listOutputFiles,
  removeOutputFiles,
  removeEmptyOutputDirectory,
} from '../../lib/job-set/call-outputs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parent = temporaryDirectory();
let sets = 0;
let directory: string;
beforeEach(() => {
  sets += 1;
  directory = join(parent, String(sets));
});

const send = (key: string, name: string): string => {
  const path = join(directory, 'files', key, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
};

describe('The files that calls have sent back', () => {
  it('are listed by their names, those of one call alone', async () => {
    const paths = [send('7-2', 'b'), send('7-2', 'a/x, y'), send('7', 'other')];
    symlinkSync('/etc/passwd', join(directory, 'files', '7-2', 'link'));
    expect(await listOutputFiles(directory, { key: '7-2' })).toEqual([
      { name: 'a/x, y', path: paths[1] },
      { name: 'b', path: paths[0] },
    ]);
    send('9', '1/of one');
    expect((await listOutputFiles(directory, { key: '9', item: 1 })).map(({ name }) => name)).toEqual([
      'of one',
    ]);
    expect(await listOutputFiles(directory, { key: '8' })).toEqual([]);
  });

  it('keep their job set, and empty directories do not', async () => {
    expect(await hasOutputFiles(directory)).toBe(false);
    mkdirSync(join(directory, 'files', '1'), { recursive: true });
    expect(await hasOutputFiles(directory)).toBe(false);
    send('2', 'x');
    expect(await hasOutputFiles(directory)).toBe(true);
    await removeEmptyOutputDirectory(directory, '1');
    await removeEmptyOutputDirectory(directory, '2');
    expect(['1', '2'].map((key) => existsSync(join(directory, 'files', key)))).toEqual([false, true]);
    await removeOutputFiles(directory, '2');
    expect(await hasOutputFiles(directory)).toBe(false);
  });
});
