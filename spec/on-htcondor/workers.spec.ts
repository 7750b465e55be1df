import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { JobExitedError } from '../../lib/base/job-errors.ts';
import { Gate, passGate } from '../support/gate.ts';
import { runProgram, startProgram } from '../support/run-program.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };
const make = (max: number, more: ClusterOptions = {}): HTCondorExecutor =>
  new HTCondorExecutor({ directory, submit, workers: { max }, ...more });
const newFile = (): string => join(directory, randomUUID());
const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' });
const jobsOf = (id: string): string =>
  condor('condor_q', '-constraint', `CondorFuturesJobSet == "${id}"`, '-af', 'ClusterId').trim();

/** To be submitted: notes its process, and waits at the gate, for two minutes at the most. */
async function noteAndWait(file: string, gate: string): Promise<string> {
  const { appendFileSync, existsSync: exists } = await import('node:fs');
  appendFileSync(file, `${process.pid}\n`);
  const deadline = Date.now() + 120_000;
  while (!exists(gate) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return 'made';
}

/** To be submitted: notes that it was made. */
async function note(file: string, value: number): Promise<number> {
  const { appendFileSync } = await import('node:fs');
  appendFileSync(file, `${value}\n`);
  return value;
}

/** The id of the worker's job. */
async function workerOf(future: Future<unknown>): Promise<string> {
  return String((await future.classAd())['CondorFuturesWorker']);
}

type End = [what: string, end: (worker: string, pid: number) => void];
const ends: End[] = [
  ['killed', (_worker, pid) => void process.kill(pid, 'SIGKILL')],
  ['vacated', (worker) => void condor('condor_vacate_job', worker)],
  ['removed', (worker) => void condor('condor_rm', worker)],
  ['held', (worker) => void condor('condor_hold', worker)],
];

describe('A worker on HTCondor', () => {
  for (const [what, end] of ends) {
    it(`that is ${what} loses nothing: its call is made by another one, and the others once`, async () => {
      const executor = make(1);
      const [file, made, gate] = [newFile(), newFile(), new Gate(directory)];
      // Short ones at first: then they are given ahead.
      for (let index = 0; index < 5; index += 1) await executor.submit(() => index);
      const running = executor.submit(noteAndWait, file, gate.file);
      const behind = Array.from({ length: 20 }, (_, index) => executor.submit(note, made, index));
      await until(() => running.running() && existsSync(file));
      end(await workerOf(running), Number(linesOf(file)[0]));
      await until(() => linesOf(file).length > 1);
      gate.open();
      expect(await running).toBe('made');
      expect(await Promise.all(behind)).toEqual(behind.map((_, index) => index));
      expect(new Set(linesOf(file)).size).toBe(2);
      const numbers = linesOf(made).map(Number);
      expect(numbers.toSorted((a, b) => a - b)).toEqual(behind.map((_, index) => index));
      expect(running.attempts).toBe(1);
      await executor.shutdown();
      // A job that was vacated takes a moment to leave the queue.
      await until(() => jobsOf(executor.id) === '');
    });
  }

  it('that cannot start fails the call as a job of its own would have', async () => {
    await using executor = make(2, { node: '/no/such/node' });
    const error = await thrownBy(executor.submit(() => 1));
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({ exitCode: 127, stderrTail: expect.stringContaining('/no/such/node') });
  });

  it('waits in the queue as long as its calls do, and says why', async () => {
    const executor = make(2);
    const unmatched = { requirements: 'TARGET.CondorFuturesSpec is 7' };
    const future = executor.with({ submit: unmatched }).submit(() => 1);
    await until(async () => /CondorFuturesSpec/.test(await future.analyze()));
    expect(await future.classAd()).toMatchObject({ JobStatus: 1 });
    expect(jobsOf(executor.id)).not.toBe('');
    future.cancel();
    await until(() => jobsOf(executor.id) === '');
    await executor.shutdown();
  });

  it('ends with the program that needs it no more, though that says nothing', async () => {
    const options = JSON.stringify({ directory, submit, workers: { max: 1 } });
    const { stdout, stderr } = await runProgram(`
      const executor = new condorFutures.HTCondorExecutor(${options});
      console.log(await executor.submit((x) => x + 1, 1), executor.id);`);
    expect(stderr).toBe('');
    const [value, id = ''] = stdout.trim().split(' ');
    expect(value).toBe('2');
    await until(() => jobsOf(id) === '');
  });

  it('goes on when the program is killed, and an attached one gives it the rest', async () => {
    const runs = newFile();
    const options = { directory, submit, workers: { max: 2 } };
    const program = startProgram(`
      const executor = new condorFutures.HTCondorExecutor(${JSON.stringify(options)});
      console.log('id ' + executor.id + '.');
      const call = async (n) => {
        (await import('node:fs')).appendFileSync(${JSON.stringify(runs)}, n + '\\n');
        await new Promise((resolve) => setTimeout(resolve, 5));
        return n;
      };
      const futures = Array.from({ length: 300 }, (_, n) => executor.submit(call, n));
      await futures[40];
      console.log('some done');
      await Promise.all(futures);`);
    await program.printed('some done');
    program.signal('SIGKILL');
    const id = /id (.*)\./.exec((await program.ended).stdout)?.[1] as string;
    const executor = await HTCondorExecutor.attach(id, options);
    const all = Array.from({ length: 300 }, (_, n) => n);
    expect(await Promise.all(executor.futures)).toEqual(all);
    const made = linesOf(runs).map(Number);
    expect(made.toSorted((a, b) => a - b)).toEqual(all);
    await executor.shutdown();
    expect(jobsOf(id)).toBe('');
  });

  it('is removed with the others when a signal ends the program', async () => {
    const options = JSON.stringify({ directory, submit, workers: { max: 2 } });
    const gate = new Gate(directory);
    const program = startProgram(`
      const executor = new condorFutures.HTCondorExecutor(${options});
      console.log('id ' + executor.id + '.');
      const wait = ${passGate.toString()};
      const futures = Array.from({ length: 10 }, (_, n) => executor.submit(wait, ${JSON.stringify(gate.file)}, n));
      while (!futures.some((future) => future.running())) await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('running');
      await Promise.all(futures);`);
    await program.printed('running');
    program.signal('SIGTERM');
    const { stdout, signal } = await program.ended;
    expect(signal).toBe('SIGTERM');
    const id = /id (.*)\./.exec(stdout)?.[1] as string;
    await until(() => jobsOf(id) === '');
  });
});
