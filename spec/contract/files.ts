import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import type { Executor } from '../../lib/futures/executor.ts';
import { logsDirectory, outcomesDirectory } from '../../lib/job-set/names.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { until } from '../support/until.ts';
import { sharesProcesses, type Subject } from './subject.ts';

/** Where the executor keeps its calls. */
function jobSetOf(executor: Executor): string {
  if (!(executor instanceof ClusterExecutor) || executor.jobSetDirectory === undefined) {
    throw new Error('Expected an executor with a job set');
  }
  return executor.jobSetDirectory;
}

async function fail(): Promise<never> {
  console.log('kept');
  throw new Error('on purpose');
}

/** What lies in the executor's directory. */
export function files(subject: Subject): void {
  describe('the directory', () => {
    const atOnce = testsAtOnce();
    atOnce(
      'is private, and empty again after shutdown if all calls succeeded or were cancelled',
      async () => {
        const directory = join(subject.options.directory, 'made', 'for this');
        const executor = subject.makeExecutor({ directory });
        const calls = [1, 2, 3].map((x) => executor.submit((y: number) => y, x));
        const cancelled = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 600_000)));
        await Promise.all(calls);
        await until(() => cancelled.jobId !== undefined);
        cancelled.cancel();
        const jobSet = jobSetOf(executor);
        expect(statSync(jobSet).mode & 0o777).toBe(0o700);
        expect(statSync(directory).mode & 0o777).toBe(0o700);
        await executor.shutdown();
        expect(existsSync(jobSet)).toBe(false);
        expect(existsSync(directory)).toBe(false);
      },
    );

    for (const [keepFiles, kept] of [
      ['failed', ['2']],
      ['all', ['1', '2', '3']],
    ] as const) {
      atOnce(`keeps the files of ${keepFiles} calls`, async () => {
        const executor = subject.makeExecutor({ keepFiles });
        const calls = [executor.submit(() => 1), executor.submit(fail), executor.submit(() => 3)] as const;
        await Promise.allSettled(calls);
        const jobSet = jobSetOf(executor);
        await executor.shutdown();
        expect(readdirSync(outcomesDirectory(jobSet)).toSorted()).toEqual(kept);
        const logs = readdirSync(logsDirectory(jobSet));
        // What a call has not printed has no file where it shares a process.
        const expected = sharesProcesses(subject)
          ? ['2.out']
          : kept.flatMap((key) => [`${key}.err`, `${key}.out`]);
        expect(logs).toEqual(expect.arrayContaining(expected));
        const owners = new Set(logs.map((name) => name.split('.')[0]));
        expect(owners).toEqual(new Set(sharesProcesses(subject) ? ['2'] : kept));
        expect(await calls[1].stdout()).toBe('kept\n');
      });
    }

    atOnce('is empty after shutdown with keepFiles: none, whatever the calls did', async () => {
      const executor = subject.makeExecutor({ keepFiles: 'none' });
      const call = executor.submit(fail);
      await call.exception();
      const jobSet = jobSetOf(executor);
      await executor.shutdown();
      expect(existsSync(jobSet)).toBe(false);
      expect(await call.stdout()).toBe('kept\n');
    });

    atOnce('may be used by several executors at once', async () => {
      const executors = [subject.makeExecutor(), subject.makeExecutor()];
      const calls = executors.map((executor, index) => executor.submit((x: number) => x, index));
      expect(await Promise.all(calls)).toEqual([0, 1]);
      expect(jobSetOf(executors[0] as Executor)).not.toBe(jobSetOf(executors[1] as Executor));
      await Promise.all(executors.map(async (executor) => executor.shutdown()));
    });
  });
}
