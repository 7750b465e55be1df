import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  readTaken,
  takeBack as takeBackWith,
  takeSync as takeSyncWith,
  writeBack,
  type Printed,
} from '../../lib/job-set/worker-inbox.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
const newFile = (): string => join(directory, `taken-${randomUUID()}`);
const blank = join(directory, 'blank');
const back = join(directory, 'back');
beforeAll(async () => {
  writeFileSync(blank, '');
  await writeBack(back);
});
const takeSync = (file: string, printed: Printed): boolean => takeSyncWith(file, blank, printed);
const takeBack = async (file: string): Promise<boolean> => takeBackWith(file, back);
const nothing = { stdout: 0, stderr: 0 };

describe('An assignment', () => {
  it('is free until somebody takes it', async () => {
    expect(await readTaken(newFile())).toBe('free');
  });

  it('that was begun cannot be taken back, and says what was printed before', async () => {
    const file = newFile();
    expect(takeSync(file, { stdout: 5, stderr: 70 })).toBe(true);
    expect(await takeBack(file)).toBe(false);
    expect(await readTaken(file)).toEqual({ begun: { stdout: 5, stderr: 70 } });
  });

  it('that was begun before anything was printed says so, too', async () => {
    const file = newFile();
    takeSync(file, nothing);
    expect(await readTaken(file)).toEqual({ begun: nothing });
  });

  it('that was taken back cannot be begun, and is taken back however often one asks', async () => {
    const file = newFile();
    expect(await takeBack(file)).toBe(true);
    expect(takeSync(file, nothing)).toBe(false);
    expect(await takeBack(file)).toBe(true);
    expect(await readTaken(file)).toBe('back');
  });

  it('leaves no other files', () => {
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
