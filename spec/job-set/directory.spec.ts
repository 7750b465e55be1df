import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DirectoryError } from '../../lib/base/errors.ts';
import { checkDirectory, makeDirectory } from '../../lib/job-set/trusted-files.ts';
import { checkOwnership } from '../../lib/job-set/trusted-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'directory-'));
});
afterEach(() => {
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true });
});

describe('the directory of job sets', () => {
  it('is made with its parents, for its owner alone', () => {
    expect(makeDirectory(join(directory, 'a', 'b'))).toBe(true);
    expect(statSync(join(directory, 'a', 'b')).mode & 0o777).toBe(0o700);
    expect(makeDirectory(join(directory, 'a', 'b'))).toBe(false);
  });

  it('may be missing before it is made', () => {
    expect(() => checkDirectory(join(directory, 'later'))).not.toThrow();
  });

  it.each([0o770, 0o702, 0o777])('is refused if others may write it, with the remedy: mode %o', (mode) => {
    chmodSync(directory, mode);
    expect(() => checkDirectory(directory)).toThrow(/can be written by other users.* Remedy: chmod go-w/);
  });

  it('may be one that all may write, if it is sticky', () => {
    chmodSync(directory, 0o1777);
    expect(() => checkDirectory(directory)).not.toThrow();
  });

  it('is refused below a link to nothing', () => {
    symlinkSync(join(directory, 'nonesuch'), join(directory, 'link'));
    expect(() => makeDirectory(join(directory, 'link', 'a'))).toThrow(/cannot be made: ENOENT.* Remedy/);
  });

  it('is refused if it is a file, or below one', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => checkDirectory(file)).toThrow(/is not a directory\. Remedy: name another one/);
    expect(() => checkDirectory(join(file, 'a'))).toThrow(DirectoryError);
    expect(() => makeDirectory(join(file, 'a'))).toThrow(DirectoryError);
  });
});

describe('the owner of a file', () => {
  const user = process.getuid?.() as number;

  it('may be this user alone', () => {
    expect(() => checkOwnership('outcome', { uid: user, mode: 0o100600 } as never)).not.toThrow();
    expect(() => checkOwnership('outcome', { uid: user, mode: 0o100644 } as never)).not.toThrow();
    expect(() => checkOwnership('outcome', { uid: user + 1, mode: 0o100600 } as never)).toThrow(
      `outcome belongs to user ${user + 1}`,
    );
  });

  it.each([0o620, 0o602, 0o777])('may not share the right to write: mode %o', (mode) => {
    expect(() => checkOwnership('outcome', { uid: user, mode } as never)).toThrow(
      'can be written by other users',
    );
  });
});
