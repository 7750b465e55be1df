import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { JobExitedError, JobHeldError, JobRemovedError } from '../../lib/base/job-errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
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

/** A call that runs until its gate opens. */
async function runningCall(options = {}): Promise<{ gate: Gate; future: Future<string>; jobId: string }> {
  const gate = new Gate(directory);
  const future = executor.with(options).submit(passGate<string>, gate.file, 'passed');
  await until(() => gate.reached && future.running());
  return { gate, future, jobId: future.jobId as string };
}

/** Whether HTCondor has a job no more. */
const isGone = (jobId: string): boolean => condor('condor_q', jobId, '-af', 'JobStatus').trim() === '';

describe('A job on HTCondor that', () => {
  it('is held by hand fails its call with the reason, and leaves the queue', async () => {
    const { future, jobId } = await runningCall();
    condor('condor_hold', jobId);
    const error = (await thrownBy(future)) as JobHeldError;
    expect(error).toBeInstanceOf(JobHeldError);
    expect(error).toMatchObject({ jobId, holdReasonCode: 1, holdReasonSubCode: 0 });
    expect(error.message).toContain('via condor_hold (by user');
    await until(() => isGone(jobId));
  });

  it('is held by a policy fails its call with the reason and both codes', async () => {
    const future = executor
      .with({
        submit: { periodic_hold: 'true', periodic_hold_reason: '"too greedy"', periodic_hold_subcode: 42 },
      })
      .submit(() => new Promise(() => setInterval(() => {}, 1000)));
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobHeldError',
      holdReason: 'too greedy',
      holdReasonCode: 3,
      holdReasonSubCode: 42,
    });
  });

  it('is held after its call has returned leaves the queue, and the call its value', async () => {
    const future = executor.with({ submit: { on_exit_hold: 'true' } }).submit(() => 42);
    expect(await future).toBe(42);
    await until(() => isGone(future.jobId as string));
  });

  it('is removed from outside fails its call with the reason', async () => {
    const { future, jobId } = await runningCall();
    condor('condor_rm', jobId);
    const error = (await thrownBy(future)) as JobRemovedError;
    expect(error).toBeInstanceOf(JobRemovedError);
    expect(error.message).toMatch(/removed from the queue from outside: via condor_rm/);
  });

  it('is removed by a periodic expression fails its call with the expression', async () => {
    const future = executor
      .with({ submit: { periodic_remove: 'JobStatus == 2' } })
      .submit(() => new Promise(() => setInterval(() => {}, 1000)));
    expect(((await thrownBy(future)) as Error).message).toContain(
      "PeriodicRemove expression 'JobStatus == 2'",
    );
  });

  it('is killed fails its call with the signal', async () => {
    const future = executor.submit(() => process.kill(process.pid, 'SIGSEGV'));
    expect(await thrownBy(future)).toMatchObject({ name: 'JobKilledError', signal: 11 });
  });

  it('finds no node fails its call with what its shell said', async () => {
    const other = new HTCondorExecutor({ directory, submit, node: '/nonesuch/node' });
    const error = (await thrownBy(other.submit(() => 1))) as JobExitedError;
    await other.shutdown();
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({ exitCode: 127, stderrTail: expect.stringContaining('/nonesuch/node') });
    expect(error.message).toContain(error.stderrTail);
  });

  it('does not see the directory fails its call with the remedy', async () => {
    // The jobs of this pool have a /tmp of their own; where they have not, a directory that goes does the same.
    const hidden = mkdtempSync(join(tmpdir(), 'hidden-'));
    const other = new HTCondorExecutor({
      directory: hidden,
      submit: { ...submit, requirements: 'time() > QDate + 2' },
    });
    const future = other.submit(() => 1);
    await until(() => future.jobId !== undefined);
    rmSync(join(other.jobSetDirectory as string, 'run.sh'));
    const error = (await thrownBy(future)) as JobExitedError;
    await other.shutdown();
    rmSync(hidden, { recursive: true, force: true });
    expect(error.message).toMatch(
      /did not find its job set\. Remedy: name a `directory` that its machine shares/,
    );
    expect(error.stderrTail).toContain('run.sh');
    expect(error.stderrFile).toMatch(/\.start$/);
  });

  it('finds no job set fails its call with what its shell said', async () => {
    const other = new HTCondorExecutor({
      directory: join(directory, 'lost'),
      submit: { ...submit, hold: true },
      outcomeGrace: 500,
    });
    const future = other.submit(() => 1);
    await until(() => other.jobSetDirectory !== undefined && future.jobId !== undefined);
    rmSync(other.jobSetDirectory as string, { recursive: true });
    expect(((await thrownBy(future)) as Error).message).toMatch(
      /job set .* was removed while its jobs were in the queue/,
    );
    await other.shutdown();
    await until(() => isGone(future.jobId as string));
  });

  it('has no initial directory fails its call with the hold reason', async () => {
    const initialdir = join(directory, 'initial');
    mkdirSync(initialdir);
    const other = new HTCondorExecutor({
      directory,
      submit: { ...submit, initialdir, requirements: 'time() > QDate + 2' },
    });
    const future = other.submit(() => 1);
    await until(() => future.jobId !== undefined);
    rmSync(initialdir, { recursive: true });
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobHeldError',
      holdReason: expect.stringContaining(initialdir),
    });
    await other.shutdown();
  });

  it('is evicted runs again and settles its call once', async () => {
    const { gate, future, jobId } = await runningCall();
    condor('condor_vacate_job', '-fast', jobId);
    await until(() => future.state === 'pending');
    gate.open();
    expect(await future).toBe('passed');
    expect(future.attempts).toBe(1);
  });

  it('is cancelled leaves the queue while it runs', async () => {
    const { future, jobId } = await runningCall();
    expect(future.cancel()).toBe(true);
    await until(() => isGone(jobId));
  });

  it('ran well leaves nothing behind in the job set', async () => {
    const other = new HTCondorExecutor({ directory: join(directory, 'clean'), submit });
    await Promise.all(Array.from({ length: 20 }, (_, x) => other.submit((y: number) => y, x)));
    const files = (): string[] =>
      ['outcomes', 'logs', 'inputs'].flatMap((name) =>
        readdirSync(join(other.jobSetDirectory as string, name)),
      );
    await until(() => files().length === 0);
    await other.shutdown();
    expect(readdirSync(directory)).not.toContain('clean');
  });
});
