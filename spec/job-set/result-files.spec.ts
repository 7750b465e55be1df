import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OwnershipError } from '../../lib/base/errors.ts';
import { Archive, positionsOf, readArchive, readRecord } from '../../lib/job-set/archive.ts';
import { archiveFile, outcomeFile, outcomesDirectory, resultFile } from '../../lib/job-set/names.ts';
import { keepResult, removeResult, writeResult } from '../../lib/job-set/results.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const parent = temporaryDirectory();
const never = (): undefined => undefined;
const textOf = (directory: string, call: number): string => readFileSync(resultFile(directory, call), 'utf8');

function newDirectory(): string {
  const directory = mkdtempSync(join(parent, 'set-'));
  mkdirSync(outcomesDirectory(directory));
  return directory;
}

describe('The result of a call that others need', () => {
  it('is the outcome of its last job under a second name, and stays when the first one goes', async () => {
    const directory = newDirectory();
    writeFileSync(outcomeFile(directory, '3-2'), 'outcome', { mode: 0o600 });
    const source = { call: 3, key: '3-2', archivedAt: never };
    expect(await keepResult(directory, source)).toBe(true);
    expect(statSync(resultFile(directory, 3)).ino).toBe(statSync(outcomeFile(directory, '3-2')).ino);
    expect(await keepResult(directory, source)).toBe(true);
    await removeResult(directory, 3);
    await removeResult(directory, 3);
    expect(readFileSync(outcomeFile(directory, '3-2'), 'utf8')).toBe('outcome');
  });

  it('comes from the archive where the outcome has been removed', async () => {
    const directory = newDirectory();
    const archive = new Archive(directory);
    const [, at] = await Promise.all(
      [1, 2, 3].map(async (call) => archive.add({ call, kind: 'outcome', bytes: Buffer.from(`of ${call}`) })),
    );
    expect(await keepResult(directory, { call: 2, key: '2', archivedAt: () => at })).toBe(true);
    expect(textOf(directory, 2)).toBe('of 2');
    expect(statSync(resultFile(directory, 2)).mode & 0o777).toBe(0o600);
    const positions = [...positionsOf((await readArchive(directory)).records)];
    expect(positions.map(([{ call }]) => call)).toEqual([1, 2, 3]);
    expect(positions[1]?.[1]).toBe(at);
  });

  it('is told to be nowhere, rather than taken for that of another call', async () => {
    const directory = newDirectory();
    expect(await keepResult(directory, { call: 1, key: '1', archivedAt: never })).toBe(false);
    await new Archive(directory).add({ call: 2, kind: 'outcome', bytes: Buffer.from('of 2') });
    expect(await keepResult(directory, { call: 1, key: '1', archivedAt: () => 0 })).toBe(false);
    expect(await keepResult(directory, { call: 2, key: '2', archivedAt: () => 5 })).toBe(false);
    expect(await readRecord(directory, 2, 1000)).toBeUndefined();
  });

  it('may be written for a call that has no outcome', async () => {
    const directory = newDirectory();
    await writeResult(directory, 7, Buffer.from('failed'));
    expect(textOf(directory, 7)).toBe('failed');
  });

  it('is not taken from an archive that others could have written, or that is a link', async () => {
    const directory = newDirectory();
    const source = { call: 1, key: '1', archivedAt: () => 0 };
    await new Archive(directory).add({ call: 1, kind: 'outcome', bytes: Buffer.from('of 1') });
    chmodSync(archiveFile(directory), 0o666);
    expect(await thrownBy(keepResult(directory, source))).toBeInstanceOf(OwnershipError);
    const other = newDirectory();
    symlinkSync(archiveFile(directory), archiveFile(other));
    expect(await thrownBy(keepResult(other, source))).toBeInstanceOf(OwnershipError);
  });
});
