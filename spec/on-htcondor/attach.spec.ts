import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DetachedError, JobSetInUseError, ShutdownError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { startProgram } from '../support/run-program.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = sharedTemporaryDirectory();
const options = { directory, submit: { request_memory: 128, request_disk: 1024 } };
let runsFiles = 0;

/** A file in which each call notes that it is made. */
function newRunsFile(): string {
  runsFiles += 1;
  const file = join(directory, `runs-${runsFiles}`);
  writeFileSync(file, '');
  return file;
}

const made = (file: string): number[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
    .toSorted((a, b) => a - b);

const programOf = (
  runs: string,
): string => `const executor = new condorFutures.HTCondorExecutor(${JSON.stringify(options)});
  const call = async (n) => {
    const { appendFileSync } = await import('node:fs');
    appendFileSync(${JSON.stringify(runs)}, n + '\\n');
    await new Promise((resolve) => setTimeout(resolve, n * 100));
    return n;
  };
  console.log('id ' + executor.id + '.');
  for (let n = 0; n < 20; n += 1) executor.submit(call, n);`;

/** A condor_submit that ends the program that called it, before or after it has done its work. */
function submitThatKills(when: 'before' | 'after'): { PATH: string } {
  const bin = join(directory, `bin-${when}`);
  mkdirSync(bin);
  const real = execFileSync('sh', ['-c', 'command -v condor_submit'], { encoding: 'utf8' }).trim();
  const kill = 'kill -9 "$PPID"';
  const lines = when === 'before' ? [kill, `exec ${real} "$@"`] : [`${real} "$@" >/dev/null`, kill];
  writeFileSync(join(bin, 'condor_submit'), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return { PATH: `${bin}:${process.env['PATH']}` };
}

const idOf = (stdout: string): string => /id (.*)\./.exec(stdout)?.[1] as string;
const all = Array.from({ length: 20 }, (_, n) => n);

describe('HTCondorExecutor.attach', () => {
  it.each(['before', 'after'] as const)(
    'makes each call once whose process was killed right %s condor_submit queued its job',
    async (when) => {
      const runs = newRunsFile();
      const { stdout } = await startProgram(programOf(runs), submitThatKills(when)).ended;
      const executor = await HTCondorExecutor.attach(idOf(stdout), options);
      expect(await Promise.all(executor.futures)).toEqual(all);
      expect(made(runs)).toEqual(all);
      await executor.shutdown();
    },
  );

  it.each([0, 20, 40, 80, 160, 320, 640, 1280])(
    'makes no call twice, and loses none that is on the disk, when the process is killed after %p ms',
    async (delay) => {
      const runs = newRunsFile();
      const program = startProgram(programOf(runs));
      await program.printed('.');
      const killAt = performance.now() + delay;
      await until(() => performance.now() >= killAt);
      program.signal('SIGKILL');
      const id = idOf((await program.ended).stdout);
      // Before that, nothing of it is on the disk.
      const isThere =
        readdirSync(directory).includes(id) && readdirSync(join(directory, id)).includes('owner.json');
      const values = isThere ? await valuesOf(id) : [];
      expect(all.slice(0, values.length)).toEqual(values);
      expect(made(runs)).toEqual(values);
    },
  );

  it('settles the futures of a detached executor, whose jobs have run on', async () => {
    const runs = newRunsFile();
    const first = new HTCondorExecutor(options);
    const futures = all.map((n) => first.submit(note, runs, n));
    await futures[0];
    const id = await first.detach();
    expect(id).toBe(first.id);
    expect(await thrownBy(futures[19] as Future<number>)).toBeInstanceOf(DetachedError);
    expect(() => first.submit(() => 1)).toThrow(ShutdownError);
    const second = await HTCondorExecutor.attach(id, options);
    expect(await thrownBy(HTCondorExecutor.attach(id, options))).toBeInstanceOf(JobSetInUseError);
    expect(await Promise.all(second.futures)).toEqual(all);
    expect(made(runs)).toEqual(all);
    await second.shutdown();
  });

  it('tells again how calls ended whose jobs left no outcome', async () => {
    const first = new HTCondorExecutor(options);
    const held = first.with({ submit: { requirements: 'false' } }).submit(() => 1);
    const removed = first.with({ submit: { requirements: 'false' } }).submit(() => 1);
    const cancelled = first.with({ submit: { requirements: 'false' } }).submit(() => 1);
    await until(() => removed.jobId !== undefined && cancelled.jobId !== undefined);
    cancelled.cancel();
    execFileSync('condor_hold', [held.jobId as string]);
    await thrownBy(held);
    const id = await first.detach();
    execFileSync('condor_rm', [removed.jobId as string]);
    const second = await HTCondorExecutor.attach(id, options);
    const errors = await Promise.all(second.futures.map(async (future) => thrownBy(future)));
    expect(errors).toMatchObject([
      { name: 'JobHeldError', holdReasonCode: expect.any(Number) },
      { name: 'JobRemovedError' },
      { name: 'CancelledError' },
    ]);
    await second.shutdown();
  });
});

async function note(runs: string, n: number): Promise<number> {
  const { appendFileSync } = await import('node:fs');
  appendFileSync(runs, `${n}\n`);
  await new Promise((resolve) => {
    setTimeout(resolve, n * 100);
  });
  return n;
}

async function valuesOf(id: string): Promise<unknown[]> {
  const executor = await HTCondorExecutor.attach(id, options);
  const values = await Promise.all(executor.futures);
  await executor.shutdown();
  return values;
}
