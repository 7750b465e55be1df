import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DirectoryError, ResultNotWrittenError } from '../../lib/base/errors.ts';
import { JobDiedError } from '../../lib/base/job-errors.ts';
import type { CheckpointError } from '../../lib/base/errors.ts';
import { checkpoint, currentJob } from '../../lib/job.ts';
import { inputsDirectory } from '../../lib/job-set/names.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
import { mountOf } from '../support/mounts.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const small = mountOf('SMALL');
const elsewhere = temporaryDirectory();
const ballast = join(small, 'ballast');
afterEach(() => {
  rmSync(ballast, { force: true });
  remount('rw');
});

function open(): LocalExecutor {
  return new LocalExecutor({ directory: mkdtempSync(join(small, 'jobs-')), keepFiles: 'none' });
}

/** Fills the filesystem to its last byte. */
function fill(): void {
  const file = openSync(ballast, 'w');
  expect(() => {
    for (;;) writeSync(file, Buffer.alloc(4096, 'x'));
  }).toThrow('ENOSPC');
  closeSync(file);
}

function remount(mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, small]);
}

describe('On a disk that is full', () => {
  it('calls fail with the reason before there is a job, and later ones go through', async () => {
    await using executor = open();
    fill();
    const error = await thrownBy(executor.submit(() => 1));
    expect(error).toBeInstanceOf(DirectoryError);
    expect(error).toMatchObject({ message: expect.stringContaining('ENOSPC') });
    rmSync(ballast);
    expect(await executor.submit(() => 2)).toBe(2);
    fill();
    expect(await thrownBy(executor.submit(() => 3))).toBeInstanceOf(DirectoryError);
    rmSync(ballast);
    expect(await executor.submit(() => 4)).toBe(4);
  });

  it('an argument that is too large fails its submission, and leaves nothing behind', async () => {
    await using executor = open();
    expect(await executor.submit(() => 1)).toBe(1);
    const inputs = inputsDirectory(executor.jobSetDirectory as string);
    await until(() => readdirSync(inputs).length === 0);
    const error = await thrownBy(executor.submit((text: string) => text.length, 'x'.repeat(4_000_000)));
    expect(error).toMatchObject({ name: 'DirectoryError', cause: { code: 'ENOSPC' } });
    expect(readdirSync(inputs)).toEqual([]);
    expect(await executor.submit((text: string) => text.length, 'short')).toBe(5);
  });

  it('a checkpoint that is too large is refused with the reason, and the one before stays', async () => {
    await using executor = open();
    const future = executor.submit(async () => {
      const { writeFileSync } = await import('node:fs');
      const { join: joined } = await import('node:path');
      const large = joined(currentJob()?.scratchDirectory ?? '', 'large');
      writeFileSync(large, 'x'.repeat(4_000_000));
      await checkpoint.save('small');
      const errors = await Promise.allSettled([
        checkpoint.save('x'.repeat(4_000_000)),
        checkpoint.saveFiles(large),
      ]);
      const told = errors.map(
        (settled) => settled.status === 'rejected' && (settled.reason as CheckpointError),
      );
      await checkpoint.save('as small');
      return [told, await checkpoint.load(), await checkpoint.restoreFiles()] as const;
    });
    const refused = {
      name: 'CheckpointError',
      message: expect.stringContaining('ENOSPC'),
      cause: { code: 'ENOSPC' },
    };
    expect(await future).toMatchObject([[refused, refused], 'as small', []]);
  });

  it('a result that is too large fails its call with the reason', async () => {
    await using executor = open();
    const error = await thrownBy(executor.submit(() => 'x'.repeat(4_000_000)));
    expect(error).toBeInstanceOf(ResultNotWrittenError);
    expect(error).toMatchObject({ cause: { code: 'ENOSPC' } });
    expect(await executor.submit(() => 'short')).toBe('short');
  });

  it('a call fails with the remedy when there is no room for a word of its outcome', async () => {
    await using executor = open();
    const gate = new Gate(elsewhere);
    const future = executor.submit(passGate, gate.file, 1);
    await until(() => gate.reached);
    fill();
    gate.open();
    const error = await thrownBy(future);
    expect(error).toBeInstanceOf(JobDiedError);
    expect(error).toMatchObject({ exitCode: 74, message: expect.stringContaining('Remedy: see whether') });
    rmSync(ballast);
    expect(await executor.submit(() => 2)).toBe(2);
  });
});

describe('On a filesystem that is read-only', () => {
  it('an executor is refused, and so is a directory that cannot be made', async () => {
    const directory = mkdtempSync(join(small, 'jobs-'));
    remount('ro');
    expect(() => new LocalExecutor({ directory })).toThrow(/cannot be written\. Remedy/);
    await using executor = new LocalExecutor({ directory: join(directory, 'new') });
    const error = await thrownBy(executor.submit(() => 1));
    expect(error).toBeInstanceOf(DirectoryError);
    expect(error).toMatchObject({ message: expect.stringContaining('EROFS') });
  });

  it('as which it was mounted meanwhile, calls fail with the reason, until it is writable again', async () => {
    await using executor = open();
    expect(await executor.submit(() => 1)).toBe(1);
    // It is busy while any file is open for writing, such as a log of the job.
    await until(() => {
      try {
        remount('ro');
        return true;
      } catch {
        return false;
      }
    });
    expect(await thrownBy(executor.submit(() => 2))).toMatchObject({
      name: 'DirectoryError',
      message: expect.stringContaining('EROFS'),
    });
    remount('rw');
    expect(await executor.submit(() => 3)).toBe(3);
  });
});
