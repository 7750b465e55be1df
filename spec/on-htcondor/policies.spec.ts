import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { BrokenExecutorError } from '../../lib/base/errors.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { JobRemovedByPolicyError } from '../../lib/base/job-errors.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => executor.shutdown({ cancelFutures: true }));

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };
const executor = new HTCondorExecutor({ directory, submit });

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' });
const attributeOf = (jobId: string, name: string): string => condor('condor_q', jobId, '-af:r', name).trim();
const endless = async (): Promise<never> => new Promise(() => setInterval(() => {}, 1000));

/** To be submitted: its process is killed the first time. */
async function dieFirst(file: string): Promise<string> {
  const { existsSync, writeFileSync: write } = await import('node:fs');
  if (existsSync(file)) return 'at last';
  write(file, '');
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

describe('A job on HTCondor', () => {
  it('that is held waits until somebody releases it, if that is wanted', async () => {
    const future = executor.with({ onHold: 'wait', submit: { hold: true } }).submit(() => 'released');
    await until(() => future.jobId !== undefined && attributeOf(future.jobId, 'JobStatus') === '5');
    condor('condor_release', future.jobId as string);
    expect(await future).toBe('released');
  });

  it('is submitted again with more memory when it was held for it', async () => {
    const future = executor
      .with({
        growMemory: { limit: 512 },
        submit: {
          request_memory: 64,
          periodic_hold: 'RequestMemory < 200 && JobStatus == 2',
          periodic_hold_reason: '"memory"',
        },
      })
      .submit(async () => new Promise<string>((resolve) => setTimeout(resolve, 6000, 'enough')));
    expect(await future).toBe('enough');
    expect(future.attempts).toBe(3);
  });

  it('that a policy removes tells it from a removal by hand', async () => {
    const future = executor.with({ submit: { periodic_remove: 'JobStatus == 2' } }).submit(endless);
    expect(await thrownBy(future)).toBeInstanceOf(JobRemovedByPolicyError);
  });

  it('that fills its heap says so', async () => {
    const other = new HTCondorExecutor({ directory, submit, execArgv: ['--max-old-space-size=20'] });
    const future = other.submit(() => {
      const list: unknown[] = [];
      for (;;) list.push({});
    });
    expect(await thrownBy(future)).toMatchObject({ name: 'JobOutOfMemoryError', limit: 'heap', signal: 6 });
    await other.shutdown();
  });

  it('is tried again on the same machine, if the pool has no other', async () => {
    const future = executor.with({ retries: 1 }).submit(dieFirst, `${directory}/alone`);
    expect(await future).toBe('at last');
    expect(future.attempts).toBe(2);
  });

  it('avoids the machine that its call failed on for a while, if the pool has another', async () => {
    const bin = `${directory}/bin`;
    mkdirSync(bin);
    // The pool has one machine: only this command knows of another.
    writeFileSync(`${bin}/condor_status`, '#!/bin/sh\necho localhost; echo elsewhere\n', { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${bin}:${path}`;
    try {
      const future = executor
        .with({ retries: { limit: 1, avoidHost: 8000 } })
        .submit(dieFirst, `${directory}/with-another`);
      await until(() => future.attempts === 2 && future.jobId !== undefined);
      expect(attributeOf(future.jobId as string, 'Requirements')).toContain('TARGET.Machine != "localhost"');
      expect(await future).toBe('at last');
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('An executor on HTCondor whose jobs cannot start', () => {
  it('says so once and removes the rest', async () => {
    const broken = new HTCondorExecutor({ directory, submit, node: '/nonesuch/node' });
    const futures = Array.from({ length: 200 }, (_, n) => broken.submit(() => n));
    const errors = await Promise.all(futures.map(async (future) => thrownBy(future)));
    expect(errors.filter((error) => error instanceof BrokenExecutorError).length).toBeGreaterThan(100);
    await broken.shutdown();
    const set = broken.jobSetDirectory as string;
    await until(
      () =>
        condor('condor_q', '-constraint', `JobBatchName == "${set.split('/').at(-1)}"`, '-af', 'ProcId') ===
        '',
    );
  });
});
