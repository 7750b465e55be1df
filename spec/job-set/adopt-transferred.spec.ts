import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { OwnershipError } from '../../lib/base/errors.ts';
import { adoptTransferred } from '../../lib/job-set/results.ts';
import { seal } from '../../lib/payload/call.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parent = temporaryDirectory();
const sealed = seal(Buffer.from('what came of it'));
let sets = 0;
let directory: string;
let outcomes: string;

beforeEach(() => {
  sets += 1;
  directory = join(parent, String(sets));
  outcomes = join(directory, 'outcomes');
  mkdirSync(outcomes, { recursive: true });
});

describe('adoptTransferred', () => {
  it('gives an outcome its name, for its owner alone, if it is whole', async () => {
    writeFileSync(join(outcomes, '7-2.part'), sealed, { mode: 0o644 });
    expect(await adoptTransferred(directory, '7-2')).toBe(true);
    expect(readdirSync(outcomes)).toEqual(['7-2']);
    expect(readFileSync(join(outcomes, '7-2'))).toEqual(sealed);
    expect(statSync(join(outcomes, '7-2')).mode & 0o777).toBe(0o600);
  });

  it.each<[what: string, bytes: Uint8Array]>([
    ['empty, as that of a job that died', Buffer.alloc(0)],
    ['cut off', sealed.subarray(0, -1)],
    ['without its beginning', sealed.subarray(1)],
  ])('leaves what is %s where it is', async (_, bytes) => {
    writeFileSync(join(outcomes, '7.part'), bytes);
    expect(await adoptTransferred(directory, '7')).toBe(false);
    expect(readdirSync(outcomes)).toEqual(['7.part']);
  });

  it('finds nothing to do where nothing has come, or the second time', async () => {
    expect(await adoptTransferred(directory, '7')).toBe(false);
    writeFileSync(join(outcomes, '7.part'), sealed);
    await adoptTransferred(directory, '7');
    expect(await adoptTransferred(directory, '7')).toBe(false);
    expect(readdirSync(outcomes)).toEqual(['7']);
  });

  it('refuses what another user could have written, or put there', async () => {
    writeFileSync(join(outcomes, '1.part'), sealed);
    chmodSync(join(outcomes, '1.part'), 0o666);
    symlinkSync(join(outcomes, '1.part'), join(outcomes, '2.part'));
    for (const key of ['1', '2'])
      await expect(adoptTransferred(directory, key)).rejects.toThrow(OwnershipError);
  });
});
