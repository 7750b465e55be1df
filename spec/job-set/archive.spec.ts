import { appendFileSync, mkdtempSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Archive, repairArchive, type Settled } from '../../lib/job-set/archive.ts';
import { archiveFile } from '../../lib/job-set/names.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const parent = temporaryDirectory();
const newDirectory = (): string => mkdtempSync(join(parent, 'set-'));
const outcome = (call: number): Settled => ({ call, kind: 'outcome', bytes: Buffer.from(`of call ${call}`) });
const cancelled: Settled = { call: 7, kind: 'cancelled', bytes: Buffer.alloc(0) };

describe('The archive of a job set', () => {
  it('gives back what came of calls, in the order in which they ended', async () => {
    const directory = newDirectory();
    const archive = new Archive(directory);
    const records: Settled[] = [outcome(3), cancelled, { ...outcome(1), kind: 'failed' }];
    await Promise.all(records.map(async (record) => archive.add(record)));
    await archive.add(outcome(4));
    expect(await repairArchive(directory)).toEqual([...records, outcome(4)]);
    expect(statSync(archiveFile(directory)).mode & 0o777).toBe(0o600);
  });

  it('is empty where nothing has ended', async () => {
    expect(await repairArchive(newDirectory())).toEqual([]);
  });

  it('is read up to the last record that is whole, wherever it is cut, and goes on behind that', async () => {
    const directory = newDirectory();
    await new Archive(directory).add(outcome(1));
    const first = statSync(archiveFile(directory)).size;
    await new Archive(directory).add(outcome(2));
    const { size } = statSync(archiveFile(directory));
    for (let cut = size - 1; cut >= first; cut -= 1) {
      truncateSync(archiveFile(directory), cut);
      expect(await repairArchive(directory)).toEqual([outcome(1)]);
    }
    await new Archive(directory).add(outcome(5));
    expect(await repairArchive(directory)).toEqual([outcome(1), outcome(5)]);
  });

  it('bears what a crash has left of a file: zeros, or garbage', async () => {
    for (const garbage of [Buffer.alloc(100), Buffer.from('garbage'.repeat(10))]) {
      const directory = newDirectory();
      await new Archive(directory).add(outcome(1));
      const whole = readFileSync(archiveFile(directory));
      appendFileSync(archiveFile(directory), garbage);
      expect(await repairArchive(directory)).toEqual([outcome(1)]);
      expect(readFileSync(archiveFile(directory))).toEqual(whole);
    }
  });

  it('says that it could not be written, and takes the next record all the same', async () => {
    const directory = join(newDirectory(), 'later');
    const archive = new Archive(directory);
    expect(await thrownBy(archive.add(outcome(1)))).toMatchObject({ code: 'ENOENT' });
    expect(await thrownBy(archive.add(outcome(2)))).toMatchObject({ code: 'ENOENT' });
  });

  it.each([1, 16, 17, 30, 64, 1000])(
    'is read in parts, here of %p bytes, smaller than its records or larger',
    async (part) => {
      const directory = newDirectory();
      const archive = new Archive(directory);
      const records = [outcome(1), cancelled, { ...outcome(2), bytes: Buffer.alloc(200, 'x') }, outcome(3)];
      for (const record of records) await archive.add(record);
      expect(await repairArchive(directory, part)).toEqual(records);
      const { size } = statSync(archiveFile(directory));
      truncateSync(archiveFile(directory), size - 1);
      expect(await repairArchive(directory, part)).toEqual(records.slice(0, -1));
    },
  );
});
