import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isOutcomeName, jobKey, temporaryName } from '../../lib/job-set/names.ts';
import { writeWhole, writeWholeSync } from '../../lib/job-set/whole-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'write-whole-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.each([
  ['writeWhole', async (file: string, data: Uint8Array) => writeWhole(file, data)],
  ['writeWholeSync', async (file: string, data: Uint8Array) => writeWholeSync(file, data)],
])('%s', (_, write) => {
  it('writes all of it, for its owner alone, and leaves no temporary file', async () => {
    const data = Buffer.alloc(3_000_000, 'x');
    await write(join(directory, '1'), data);
    expect(readFileSync(join(directory, '1')).equals(data)).toBe(true);
    expect(statSync(join(directory, '1')).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['1']);
  });

  it('replaces what was there in one step', async () => {
    await write(join(directory, '1'), Buffer.from('a'));
    await write(join(directory, '1'), Buffer.from('b'));
    expect(readFileSync(join(directory, '1'), 'utf8')).toBe('b');
  });

  it('leaves nothing behind when it fails', async () => {
    await expect(write(join(directory, 'nonesuch', '1'), Buffer.from('a'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('writeWholeSync', () => {
  it('writes what its owner can read, whatever umask a call has set', () => {
    const before = process.umask(0o777);
    try {
      writeWholeSync(join(directory, '1'), Buffer.from('a'));
    } finally {
      process.umask(before);
    }
    expect(statSync(join(directory, '1')).mode & 0o777).toBe(0o600);
  });
});

describe('the names in a job set', () => {
  it('tell an outcome from one that is being written', () => {
    expect(isOutcomeName(jobKey(17, 1))).toBe(true);
    expect(isOutcomeName(jobKey(17, 2))).toBe(true);
    expect(isOutcomeName(temporaryName(jobKey(17, 1), 'node7-5-1'))).toBe(false);
  });

  it('differ for each attempt at a call', () => {
    expect([jobKey(17, 1), jobKey(17, 2), jobKey(172, 1)]).toEqual(['17', '17-2', '172']);
  });
});
