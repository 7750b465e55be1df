import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CommandNotFoundError, DirectoryError, SubmitError } from '../../lib/base/errors.ts';
import { HTCondorExecutor, type HTCondorExecutorOptions } from '../../lib/executors/htcondor-executor.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const parent = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };

/** What a call fails with, and what its executor leaves behind. */
async function failureWith(options: HTCondorExecutorOptions): Promise<unknown> {
  const directory = join(parent, 'failing');
  const executor = new HTCondorExecutor({ directory, submit, ...options });
  const error = await thrownBy(executor.submit(() => 1));
  await executor.shutdown();
  expect(existsSync(directory)).toBe(false);
  return error;
}

describe('Calls that HTCondor does not take', () => {
  it('fail with its words when a submit command makes no sense, and leave nothing behind', async () => {
    const error = (await failureWith({ submit: { ...submit, requirements: '&& broken' } })) as SubmitError;
    expect(error).toBeInstanceOf(SubmitError);
    expect(error.message).toMatch(
      /HTCondor took no jobs: condor_submit failed with exit code 1: .*requirements/is,
    );
  });

  it('fail alone: calls with other options go through', async () => {
    const executor = new HTCondorExecutor({ directory: parent, submit });
    const broken = executor.with({ submit: { requirements: '&& broken' } }).submit(() => 1);
    expect(await executor.submit(() => 2)).toBe(2);
    expect(await thrownBy(broken)).toBeInstanceOf(SubmitError);
    await executor.shutdown();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('fail with the remedy when there is no such schedd', async () => {
    const error = (await failureWith({ schedd: 'nonesuch.example.org', submitPatience: 0 })) as SubmitError;
    expect(error).toBeInstanceOf(SubmitError);
    expect(error.message).toMatch(/nonesuch\.example\.org.*Remedy: .* the option `schedd`/s);
  });

  it('fail with the remedy when there is no condor_submit', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonesuch';
    const error = await failureWith({}).finally(() => (process.env['PATH'] = path));
    expect(error).toBeInstanceOf(CommandNotFoundError);
    expect((error as Error).message).toMatch(/condor_submit is not on PATH\. Remedy: /);
  });

  it('fail when the directory has become unwritable, and go through when it is repaired', async () => {
    const directory = join(parent, 'unwritable');
    mkdirSync(directory);
    const executor = new HTCondorExecutor({ directory, submit });
    chmodSync(directory, 0o500);
    expect(await thrownBy(executor.submit(() => 1))).toMatchObject({ name: 'DirectoryError', directory });
    chmodSync(directory, 0o700);
    expect(await executor.submit(() => 1)).toBe(1);
    await executor.shutdown();
    rmSync(directory, { recursive: true });
  });
});

describe('A directory', () => {
  it('of another user is refused at once', () => {
    expect(() => new HTCondorExecutor({ directory: '/usr' })).toThrow(DirectoryError);
    expect(() => new HTCondorExecutor({ directory: '/usr' })).toThrow(
      /\/usr belongs to user 0, not to \d+ .* Remedy:/,
    );
  });

  it.each(['a\\b', 'a$(b)', 'a\nb'])('whose name HTCondor does not bear is refused at once: %p', (name) => {
    expect(() => new HTCondorExecutor({ directory: join(parent, name) })).toThrow(
      'The value of `directory` has',
    );
  });
});
