import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CancelledError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { JobHeldError, JobRemovedError } from '../../lib/base/job-errors.ts';
import { eventLogFile } from '../../lib/job-set/names.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024, max_materialize: 2 };
/** No machine is like that. */
const unmatched = { ...submit, requirements: 'TARGET.CondorFuturesSpec is 7' };

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The ids of what HTCondor has of the executor: jobs, or clusters whose jobs are still to come. */
const queued = (executor: HTCondorExecutor, ...which: string[]): string[] => {
  const constraint = `CondorFuturesJobSet == "${executor.id}"`;
  const listing = condor(
    'condor_q',
    ...which,
    '-constraint',
    constraint,
    '-json',
    '-attributes',
    'ClusterId,ProcId',
  );
  return listing.trim() === '' ? [] : (JSON.parse(listing) as unknown[]).map((ad) => JSON.stringify(ad));
};
const isGone = (executor: HTCondorExecutor): boolean =>
  queued(executor).length === 0 && queued(executor, '-factory').length === 0;

const submitMany = (executor: HTCondorExecutor, count: number): Future<number>[] =>
  Array.from({ length: count }, (_, index) => executor.submit((x: number) => 2 * x, index));

/** Futures of which the first two have jobs in the queue, and the others none yet. */
async function late(executor: HTCondorExecutor, count: number): Promise<Future<number>[]> {
  const futures = submitMany(executor, count);
  await until(() => futures.at(-1)?.jobId !== undefined && queued(executor).length === 2);
  return futures;
}

const clusterOf = ({ jobId }: Future<number>): string => jobId?.split('.')[0] as string;

describe('With max_materialize', () => {
  it.each([
    ['max_materialize', 3],
    ['max_idle', 1],
  ])('all calls return, of one cluster that makes its jobs as they go: %s', async (name, value) => {
    const { max_materialize: _, ...others } = submit;
    const executor = new HTCondorExecutor({
      directory,
      submit: { ...others, [name]: value },
      keepFiles: 'all',
    });
    const futures = submitMany(executor, 20);
    expect(await Promise.all(futures)).toEqual(futures.map((_future, index) => 2 * index));
    expect(new Set(futures.map((future) => clusterOf(future))).size).toBe(1);
    await executor.shutdown();
    const log = readFileSync(eventLogFile(executor.jobSetDirectory as string), 'utf8');
    expect(log).toMatch(/^035 .* Cluster submitted/m);
  });

  it('a call whose job is still to come is cancelled at once, and removed when it comes', async () => {
    await using executor = new HTCondorExecutor({ directory, submit });
    const trace = join(directory, 'trace');
    const gate = new Gate(directory);
    const first = [1, 2].map((value) => executor.submit(passGate, gate.file, value));
    const cancelled = executor.submit(async (file: string) => {
      // It may have begun by the time it is removed.
      await new Promise((done) => setTimeout(done, 10_000));
      writeFileSync(file, 'ran');
    }, trace);
    const last = executor.submit(() => 7);
    await until(() => last.jobId !== undefined && queued(executor).length === 2);
    expect(cancelled.cancel()).toBe(true);
    expect(await thrownBy(cancelled)).toBeInstanceOf(CancelledError);
    expect(first.map((future) => future.done())).toEqual([false, false]);
    gate.open();
    expect(await last).toBe(7);
    expect(await Promise.all(first)).toEqual([1, 2]);
    await until(() => isGone(executor));
    expect(existsSync(trace)).toBe(false);
    expect(last.attempts).toBe(1);
  });

  it('none is left when all are cancelled', async () => {
    const executor = new HTCondorExecutor({ directory, submit: unmatched });
    const futures = await late(executor, 50);
    await executor.shutdown({ cancelFutures: true });
    expect(futures.every((future) => future.cancelled())).toBe(true);
    expect(isGone(executor)).toBe(true);
    expect(existsSync(executor.jobSetDirectory as string)).toBe(false);
  });

  it('those that run are left alone when all that are to come are cancelled', async () => {
    await using executor = new HTCondorExecutor({ directory, submit });
    const wait = async (ms: number): Promise<number> => {
      await new Promise((done) => setTimeout(done, ms));
      return ms;
    };
    const futures = Array.from({ length: 10 }, () => executor.submit(wait, 5000));
    const [running, others] = [futures.slice(0, 2), futures.slice(2)];
    await until(() => running.every((future) => future.running()));
    for (const future of others) future.cancel();
    expect(await Promise.all(running)).toEqual([5000, 5000]);
    await until(() => isGone(executor));
    expect(
      condor('condor_history', '-af', 'ProcId', '-match', '10', clusterOf(running[0] as never)).split('\n'),
    ).toHaveLength(3);
  });

  it('a cluster that is removed by hand fails all its calls', async () => {
    await using executor = new HTCondorExecutor({ directory, submit: unmatched });
    const futures = await late(executor, 5);
    condor('condor_rm', clusterOf(futures[0] as Future<number>));
    for (const future of futures) expect(await thrownBy(future)).toBeInstanceOf(JobRemovedError);
  });

  it('a cluster that is held fails all its calls, and is removed', async () => {
    const executor = new HTCondorExecutor({ directory, submit: unmatched });
    const futures = await late(executor, 5);
    condor('condor_hold', clusterOf(futures[0] as Future<number>));
    for (const future of futures) expect(await thrownBy(future)).toBeInstanceOf(JobHeldError);
    await executor.shutdown();
    expect(isGone(executor)).toBe(true);
  });

  it('a process that attaches goes on with calls whose jobs are still to come', async () => {
    const first = new HTCondorExecutor({ directory, submit: unmatched });
    const futures = await late(first, 6);
    futures[4]?.cancel();
    const id = await first.detach();
    await Promise.allSettled(futures);
    await using second = await HTCondorExecutor.attach(id, { directory });
    condor('condor_qedit', clusterOf(futures[0] as Future<number>), 'Requirements', 'true');
    const results = await Promise.allSettled(second.futures);
    expect(results.map((result) => ('value' in result ? result.value : String(result.reason.name)))).toEqual([
      0,
      2,
      4,
      6,
      'CancelledError',
      10,
    ]);
  });
});
