import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BrokenExecutorError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { JobHeldError, JobOutOfMemoryError } from '../../lib/base/job-errors.ts';
import { encodeThrown } from '../../lib/payload/thrown-values.ts';
import { ScriptedExecutor } from '../support/scripted-executor.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();
const MIB = 1024 * 1024;
const held = { kind: 'held', reason: 'by policy', code: 3, subCode: 42 } as const;

describe('A held job', () => {
  it('fails its call, with the reason and both codes', async () => {
    const run = new ScriptedExecutor(directory);
    const { future } = await run.submitted();
    run.tell(future, held);
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobHeldError',
      holdReason: 'by policy',
      holdReasonCode: 3,
      holdReasonSubCode: 42,
      attempts: 1,
    });
  });

  it('waits for somebody to release it, if that is wanted', async () => {
    const run = new ScriptedExecutor(directory, { onHold: 'wait' });
    const { future } = await run.submitted();
    run.tell(future, { kind: 'running' });
    run.tell(future, held);
    await until(() => future.state === 'pending');
    run.tell(future, { kind: 'queued' });
    run.tell(future, { kind: 'running' });
    await run.return(future, 7);
    expect(await future).toBe(7);
    expect([run.system.actions, run.system.removed]).toEqual([[], []]);
  });

  it('is released, if that is wanted, and fails its call when it was held once too often', async () => {
    const run = new ScriptedExecutor(directory, { onHold: 'release', releaseLimit: 2 });
    const { future } = await run.submitted();
    const jobId = future.jobId as string;
    for (const times of [1, 2]) {
      run.tell(future, held);
      await until(() => run.system.actions.length === times);
      run.tell(future, { kind: 'queued' });
    }
    run.tell(future, held);
    expect(await thrownBy(future)).toBeInstanceOf(JobHeldError);
    const release = { action: { kind: 'release' }, jobIds: [jobId] };
    expect(run.system.actions).toEqual([release, release]);
    await until(() => run.system.removed.includes(jobId));
  });

  it('is treated by its hold code', async () => {
    const run = new ScriptedExecutor(directory, { onHold: { 3: 'release', default: 'fail' } });
    const [{ future: released }, { future: failed }] = [await run.submitted(), await run.submitted()];
    run.tell(released, held);
    run.tell(failed, { ...held, code: 6 });
    expect(await thrownBy(failed)).toMatchObject({ holdReasonCode: 6 });
    await until(() => run.system.actions.length === 1);
    expect(released.done()).toBe(false);
  });

  it('that has left its outcome is neither waited for nor released', async () => {
    const run = new ScriptedExecutor(directory, { onHold: 'release' });
    const { future } = await run.submitted();
    await run.return(future, 7);
    run.tell(future, held);
    expect(await future).toBe(7);
    expect(run.system.actions).toEqual([]);
  });
});

describe('A call that fails', () => {
  it('is tried again while its policy wants it', async () => {
    const asked: unknown[] = [];
    const when = (error: unknown, attempt: number): boolean => {
      asked.push([(error as Error).message, attempt]);
      return (error as Error).message === 'again';
    };
    const run = new ScriptedExecutor(directory, { retries: { limit: 5, when } });
    const { future } = await run.submitted();
    await run.writeOutcome(future, { thrown: encodeThrown(new Error('again')) });
    await run.nextAttempt(future, 2);
    await run.writeOutcome(future, { thrown: encodeThrown(new Error('enough')) });
    expect(await thrownBy(future)).toMatchObject({ message: 'enough' });
    expect(asked).toEqual([
      ['again', 1],
      ['enough', 2],
    ]);
  });

  it('is not tried again when its policy throws', async () => {
    const when = (): boolean => {
      throw new Error('a mistake');
    };
    const run = new ScriptedExecutor(directory, { retries: { limit: 5, when } });
    const { future } = await run.submitted();
    run.tell(future, { kind: 'ended', exitCode: 3 });
    expect(await thrownBy(future)).toMatchObject({ exitCode: 3, attempts: 1 });
  });

  it('waits before it is tried again, and is cancelled at once meanwhile', async () => {
    const delays: number[] = [];
    const delay = (attempt: number): number => {
      delays.push(attempt);
      return attempt === 1 ? 1 : 3_600_000;
    };
    const run = new ScriptedExecutor(directory, { retries: { limit: 5, delay } });
    const { future } = await run.submitted();
    run.tell(future, { kind: 'ended', exitCode: 3 });
    await run.nextAttempt(future, 2);
    run.tell(future, { kind: 'ended', exitCode: 3 });
    await until(() => delays.length === 2);
    expect(future.state).toBe('pending');
    future.cancel();
    await run.executor.shutdown();
    expect(run.system.batches.length).toBe(2);
  });

  it('avoids the machine that it failed on', async () => {
    const run = new ScriptedExecutor(directory, { retries: { limit: 2, avoidHost: 60_000 } });
    const { future } = await run.submitted();
    run.tell(future, { kind: 'running', host: 'node3' });
    run.tell(future, { kind: 'ended', signal: 11 });
    await run.nextAttempt(future, 2);
    expect(run.system.batches[0]?.avoid).toEqual([]);
    expect(run.system.batches[1]?.avoid).toEqual([{ host: 'node3', until: expect.any(Number) }]);
  });

  it('is tried again after a policy removed its job, but not after somebody did', async () => {
    const run = new ScriptedExecutor(directory, { retries: 1 });
    const [{ future: first }, { future: second }] = [await run.submitted(), await run.submitted()];
    run.tell(first, { kind: 'removed', reason: 'PeriodicRemove', byPolicy: true });
    await run.nextAttempt(first, 2);
    run.tell(second, { kind: 'removed', reason: 'via condor_rm' });
    expect(await thrownBy(second)).toMatchObject({ name: 'JobRemovedError', removeReason: 'via condor_rm' });
  });
});

describe('A job that runs out of memory', () => {
  const memoryHold = {
    ...held,
    code: 34,
    reason: 'Job has gone over cgroup memory limit',
    memoryUsed: 120 * MIB,
    memoryRequested: 100 * MIB,
  };

  it('fails its call, with what it used and what it had asked for', async () => {
    const run = new ScriptedExecutor(directory);
    const { future } = await run.submitted();
    run.tell(future, memoryHold);
    const error = await thrownBy(future);
    expect(error).toBeInstanceOf(JobOutOfMemoryError);
    expect(error).toMatchObject({
      limit: 'job',
      memoryUsed: 120 * MIB,
      memoryRequested: 100 * MIB,
      holdReasonCode: 34,
      message: expect.stringContaining('used 120 MiB, had asked for 100 MiB. Remedy:'),
    });
  });

  it('is submitted again with more, until that is too much', async () => {
    const run = new ScriptedExecutor(directory, { growMemory: { factor: 2, limit: '300 MB' } });
    const { future } = await run.submitted();
    run.tell(future, memoryHold);
    await run.nextAttempt(future, 2);
    run.tell(future, { kind: 'measured', memoryUsed: 239 * MIB });
    run.tell(future, { kind: 'ended', signal: 9 });
    await run.nextAttempt(future, 3);
    run.tell(future, { kind: 'ended', signal: 9, memoryUsed: 300 * MIB, memoryRequested: 300 * MIB });
    expect(await thrownBy(future)).toMatchObject({ name: 'JobOutOfMemoryError', attempts: 3 });
    expect(run.system.batches.map(({ submit }) => submit['request_memory'])).toEqual([undefined, 240, 300]);
  });

  it('may have run out of heap, which more memory does not help', async () => {
    const run = new ScriptedExecutor(directory, { growMemory: { limit: '1TB' } });
    const { future } = await run.submitted();
    const words = `FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n${'frame\n'.repeat(2000)}`;
    await run.say(future, words);
    run.tell(future, { kind: 'ended', signal: 6 });
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobOutOfMemoryError',
      limit: 'heap',
      signal: 6,
      message: expect.stringContaining('--max-old-space-size'),
    });
  });
});

describe('An executor whose jobs cannot start', () => {
  it('sends no more when ten have failed in the same way, and says so', async () => {
    const run = new ScriptedExecutor(directory);
    const futures = Array.from({ length: 30 }, (_, n) => run.executor.submit(() => n));
    await until(() => futures.every(({ jobId }) => jobId !== undefined));
    for (const future of futures.slice(0, 10)) run.tell(future, { kind: 'ended', exitCode: 127 });
    expect(await thrownBy(futures[9] as never)).toMatchObject({ name: 'JobExitedError', exitCode: 127 });
    const error = await thrownBy(futures[29] as never);
    expect(error).toBeInstanceOf(BrokenExecutorError);
    expect(error).toMatchObject({ failures: 10, cause: { exitCode: 127 } });
    await until(() => run.system.removed.length === 20);
    expect(await thrownBy(run.executor.submit(() => 1))).toBe(error);
    expect(run.system.batches.length).toBe(1);
  });

  it('goes on as long as any has come to its call, or they fail in different ways', async () => {
    const run = new ScriptedExecutor(directory);
    const futures = Array.from({ length: 30 }, (_, n) => run.executor.submit(() => n));
    await until(() => futures.every(({ jobId }) => jobId !== undefined));
    for (const [index, future] of futures.slice(0, 15).entries()) {
      run.tell(future, { kind: 'ended', exitCode: index % 2 === 0 ? 127 : 126 });
    }
    await thrownBy(futures[14] as never);
    await run.return(futures[15] as never, 1);
    await futures[15];
    for (const future of futures.slice(16, 28)) run.tell(future, { kind: 'ended', exitCode: 127 });
    await thrownBy(futures[27] as never);
    expect(futures[29]?.state).toBe('pending');
  });
});

describe('A policy that cancels the very call', () => {
  it.each([true, false])('has its way, and nothing more becomes of the call: %p', async (again) => {
    const run = new ScriptedExecutor(directory);
    const unhandled: unknown[] = [];
    const note = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', note);
    let future: Future<unknown> | undefined;
    const when = (): boolean => {
      future?.cancel('no use');
      return again;
    };
    ({ future } = await run.submitted(run.executor.with({ retries: { limit: 1, when } })));
    run.tell(future, { kind: 'ended', exitCode: 1 });
    expect(await thrownBy(future)).toMatchObject({ name: 'CancelledError', cause: 'no use' });
    await run.executor.shutdown();
    process.off('unhandledRejection', note);
    expect([unhandled, run.system.batches.length]).toEqual([[], 1]);
  });
});

describe('A chunk whose job could not read its calls', () => {
  it('has a result for each of them', async () => {
    const run = new ScriptedExecutor(directory);
    const request = { fn: () => 0, items: [[1], [2], [3]], options: {} };
    const future = run.executor.schedule(request);
    await until(() => future.jobId !== undefined);
    await run.writeOutcome(future, { thrown: encodeThrown(new RangeError('unreadable')) });
    const failed = { thrown: expect.objectContaining({ message: 'unreadable' }) };
    expect(await future).toEqual([failed, failed, failed]);
  });
});

describe('The inputs of calls that were submitted together', () => {
  it('stay for the others when one is cancelled right before it is tried again', async () => {
    const run = new ScriptedExecutor(directory);
    const { system } = run;
    const again = run.executor.with({ retries: 1 }).submit(() => 1);
    const other = run.executor.submit(() => 1);
    await until(() => other.jobId !== undefined);
    const jobId = again.jobId as string;
    let answer = (): void => {};
    system.beforeAnswer = async () => new Promise((resolve) => (answer = resolve));
    void run.executor.submit(() => 3);
    await until(() => system.batches.length === 2);
    // It stays in the queue until it has been removed.
    const removals: (() => void)[] = [];
    system.remove = async () => new Promise((resolve) => removals.push(resolve));
    system.emit({ jobId, ...held });
    await until(() => removals.length > 0);
    expect(again.jobId).toBe(undefined);
    again.cancel();
    system.emit({ jobId, kind: 'removed', reason: 'asked for' });
    const inputs = join(run.executor.jobSetDirectory as string, 'inputs');
    await until(async () => (await again.stdout()) === '');
    answer();
    system.beforeAnswer = () => {};
    const last = run.executor.submit(() => 4);
    await until(() => last.jobId !== undefined);
    expect(readdirSync(inputs)).toContain('1');
    system.remove = async () => {};
    for (const removal of removals) removal();
  });
});
