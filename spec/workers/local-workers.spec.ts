import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DirectoryError, JobControlError } from '../../lib/base/errors.ts';
import type { ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { JobKilledError } from '../../lib/base/job-errors.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
import { startProgram } from '../support/run-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();
const newFile = (): string => join(directory, randomUUID());
const make = (max: number, more: ClusterOptions = {}): LocalExecutor =>
  new LocalExecutor({ directory, maxWorkers: max, workers: { max }, ...more });
const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

/** To be submitted: notes in the file that it was made, and by which process. */
async function note(file: string, value: number): Promise<number> {
  const { appendFileSync } = await import('node:fs');
  appendFileSync(file, `${value} ${process.pid}\n`);
  return process.pid;
}

/** To be submitted: notes that it was begun, and waits at the gate, for two minutes at the most. */
async function noteAndWait(file: string, gate: string): Promise<string> {
  const { appendFileSync, existsSync: exists } = await import('node:fs');
  appendFileSync(file, `${process.pid}\n`);
  const deadline = Date.now() + 120_000;
  while (!exists(gate) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return 'made';
}

describe('Workers', () => {
  it('make many calls in the same few processes, and give each its own output', async () => {
    await using executor = make(2, { keepFiles: 'all' });
    const futures = Array.from({ length: 50 }, (_, index) =>
      executor.submit((x: number) => {
        console.log(`call ${x}`);
        return process.pid;
      }, index),
    );
    expect(new Set(await Promise.all(futures)).size).toBeLessThanOrEqual(2);
    const printed = await Promise.all(futures.map(async (future) => future.stdout()));
    expect(printed).toEqual(futures.map((_, index) => `call ${index}\n`));
  });

  it('make each function anew for each call, though they have the same text', async () => {
    await using executor = make(1);
    const newCounter = (): (() => number) => {
      let n = 0;
      return () => ++n;
    };
    const counter = newCounter();
    const futures = [counter, counter, newCounter(), newCounter()].map((count) => executor.submit(count));
    expect(await Promise.all(futures)).toEqual([1, 1, 1, 1]);
  });

  it('keep a function that is prepared, with what it has captured', async () => {
    await using executor = make(1);
    let count = 0;
    const next = executor.prepare(() => (count += 1));
    expect([await executor.submit(next), await executor.submit(next)]).toEqual([1, 2]);
  });

  it('put back what a call has changed of the process', async () => {
    await using executor = make(1);
    const look = (): unknown => [
      process.cwd(),
      process.env['LEFT_BEHIND'],
      process.env['PATH'],
      process.umask(),
      process.listenerCount('SIGUSR2'),
      process.exitCode,
    ];
    const before = await executor.submit(look);
    await executor.submit(() => {
      process.chdir('/');
      process.env['LEFT_BEHIND'] = 'yes';
      delete process.env['PATH'];
      process.umask(0o777);
      process.on('SIGUSR2', () => {});
      process.exitCode = 7;
    });
    expect(await executor.submit(look)).toEqual(before);
  });

  it('give results back that take long to write, where node may not ask for them to be on the disk', async () => {
    const permission = ['--permission', '--experimental-permission'].find((flag) =>
      process.allowedNodeEnvironmentFlags.has(flag),
    ) as string;
    const execArgv = [permission, '--allow-fs-read=*', '--allow-fs-write=*'];
    await using executor = make(1, { execArgv });
    const futures = [1, 2, 3, 4].map((value) =>
      executor.submit((x: number) => Buffer.alloc(5_000_000, x), value),
    );
    const lengths = (await Promise.all(futures)).map(({ length }) => length);
    expect(lengths).toEqual([5_000_000, 5_000_000, 5_000_000, 5_000_000]);
  });

  it('end when nothing can be written of what came of a call, which fails', async () => {
    await using executor = make(1);
    const file = newFile();
    const error = await thrownBy(
      executor.submit((path: string) => {
        const fs = require('node:fs') as typeof import('node:fs');
        fs.appendFileSync(path, 'made\n');
        fs.renameSync = () => {
          throw new Error('no space left');
        };
      }, file),
    );
    expect(error).toMatchObject({ name: 'JobExitedError', exitCode: 74 });
    expect(linesOf(file)).toEqual(['made']);
    expect(await executor.submit(() => 1)).toBe(1);
  });

  it('tell how a call ended its process though an earlier one took all listeners away', async () => {
    await using executor = make(1);
    const file = newFile();
    await executor.submit(() => void process.removeAllListeners());
    const error = await thrownBy(
      executor.submit((path: string) => {
        const { appendFileSync } = require('node:fs') as typeof import('node:fs');
        appendFileSync(path, 'made\n');
        process.exit(4);
      }, file),
    );
    expect(error).toMatchObject({ name: 'ProcessExitError', exitCode: 4 });
    expect(linesOf(file)).toEqual(['made']);
  });

  it('do not blame a call for what an earlier one has left behind, and end then', async () => {
    await using executor = make(1);
    const file = newFile();
    const first = await executor.submit((path: string) => {
      const { writeFileSync } = require('node:fs') as typeof import('node:fs');
      const timer = setInterval(() => {
        if (!require('node:fs').existsSync(`${path}.begun`)) return;
        clearInterval(timer);
        writeFileSync(`${path}.thrown`, '');
        throw new Error('late');
      }, 5);
      return process.pid;
    }, file);
    const second = await executor.submit(async (path: string) => {
      const { existsSync: exists, writeFileSync } = await import('node:fs');
      writeFileSync(`${path}.begun`, '');
      while (!exists(`${path}.thrown`)) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return process.pid;
    }, file);
    expect(second).toBe(first);
    expect(await executor.submit(() => process.pid)).not.toBe(first);
  });

  it('end when a call has ended their process, and lose nothing', async () => {
    await using executor = make(1);
    const file = newFile();
    const futures = Array.from({ length: 20 }, (_, index) =>
      index === 5 ? executor.submit(() => process.exit(3)) : executor.submit(note, file, index),
    );
    const outcomes = await Promise.allSettled(futures);
    expect(outcomes[5]).toMatchObject({ status: 'rejected', reason: { name: 'ProcessExitError' } });
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(linesOf(file)).toHaveLength(19);
  });

  it('give a call to another one when the one that makes it is killed', async () => {
    await using executor = make(1);
    const [file, gate] = [newFile(), new Gate(directory)];
    const future = executor.submit(noteAndWait, file, gate.file);
    const behind = executor.submit(() => 'behind');
    await until(() => existsSync(file));
    process.kill(Number(linesOf(file)[0]), 'SIGKILL');
    gate.open();
    expect([await future, await behind]).toEqual(['made', 'behind']);
    expect(new Set(linesOf(file)).size).toBe(2);
    expect(future.attempts).toBe(1);
  });

  it('fail a call that kills one after the other, after three of them, with its last words', async () => {
    await using executor = make(2);
    const file = newFile();
    const killer = executor.submit(async (path: string) => {
      const { appendFileSync, readFileSync: read } = await import('node:fs');
      appendFileSync(path, '.');
      process.stderr.write(`death ${read(path).length}\n`);
      process.kill(process.pid, 'SIGKILL');
    }, file);
    const others = Array.from({ length: 20 }, (_, index) => executor.submit((x: number) => x, index));
    expect(await thrownBy(killer)).toBeInstanceOf(JobKilledError);
    expect(await thrownBy(killer)).toMatchObject({ signal: 9, stderrTail: 'death 3' });
    expect(await Promise.all(others)).toEqual(others.map((_, index) => index));
  });

  it('make each call once when one that runs is cancelled', async () => {
    await using executor = make(1);
    const [file, gate] = [newFile(), new Gate(directory)];
    // Short ones at first: then they are given ahead.
    for (let index = 0; index < 5; index += 1) await executor.submit(() => index);
    const running = executor.submit(passGate<number>, gate.file, 1);
    const behind = Array.from({ length: 10 }, (_, index) => executor.submit(note, file, index));
    await until(() => running.running());
    running.cancel();
    await Promise.all(behind);
    const made = linesOf(file).map((line) => Number(line.split(' ')[0]));
    expect(made.toSorted((a, b) => a - b)).toEqual(behind.map((_, index) => index));
  });

  it('do not let short calls wait behind a long one', async () => {
    await using executor = make(2);
    const gate = new Gate(directory);
    await Promise.all(Array.from({ length: 20 }, (_, index) => executor.submit((x: number) => x, index)));
    const long = executor.submit(passGate<string>, gate.file, 'long');
    const short = Array.from({ length: 100 }, (_, index) => executor.submit((x: number) => x, index));
    expect(await Promise.all(short)).toEqual(short.map((_, index) => index));
    expect(long.done()).toBe(false);
    gate.open();
    expect(await long).toBe('long');
  });

  it('end when they had nothing to do for idleTimeout, and others begin when there is', async () => {
    await using executor = make(1, { workers: { max: 1, idleTimeout: 50 } });
    const pid = await executor.submit(() => process.pid);
    await until(() => !existsSync(`/proc/${pid}`));
    expect(await executor.submit(() => process.pid)).not.toBe(pid);
  });

  it('make room for calls with other submit options', async () => {
    await using executor = make(1);
    const others = executor.with({ submit: { request_memory: '2GB' } });
    const pids = await Promise.all([
      executor.submit(() => process.pid),
      others.submit(() => process.pid),
      executor.submit(() => process.pid),
    ]);
    expect(pids[1]).not.toBe(pids[0]);
  });

  it('cannot hold a call, and say what can be done', async () => {
    await using executor = make(1);
    const gate = new Gate(directory);
    const future = executor.submit(passGate<number>, gate.file, 1);
    const error = await thrownBy(future.hold());
    expect(error).toBeInstanceOf(JobControlError);
    expect((error as Error).message).toContain('Remedy: cancel() it');
    gate.open();
    expect(await future).toBe(1);
  });

  it('go on with what they have when the program is killed, and an attached one gives them the rest', async () => {
    const runs = newFile();
    const options = { directory, maxWorkers: 2, workers: { max: 2 } };
    const program = startProgram(`
      const executor = new condorFutures.LocalExecutor(${JSON.stringify(options)});
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
    const { stdout } = await program.ended;
    const id = /id (.*)\./.exec(stdout)?.[1] as string;
    expect(await thrownBy(LocalExecutor.attach(id, { directory }))).toBeInstanceOf(DirectoryError);
    await using executor = await LocalExecutor.attach(id, options);
    const all = Array.from({ length: 300 }, (_, n) => n);
    expect(await Promise.all(executor.futures)).toEqual(all);
    expect(
      linesOf(runs)
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual(all);
  });

  it.each([
    [{ workers: {} }, TypeError, '`max`'],
    [{ workers: { max: 0 } }, RangeError, 'workers.max'],
    [{ workers: { max: 1, idle: 3 } }, TypeError, 'no option `idle`'],
    [{ workers: { max: 1, idleTimeout: -1 } }, RangeError, 'workers.idleTimeout'],
    [{ workers: { max: 3 }, maxWorkers: 2 }, RangeError, '2 at the most'],
  ])('are refused as %j', (more, error, words) => {
    const construct = (): LocalExecutor => new LocalExecutor({ directory, ...(more as object) });
    expect(construct).toThrow(error);
    expect(construct).toThrow(words);
  });

  it('are not for jobs that come into the queue bit by bit', () => {
    const submit = { max_materialize: 2 };
    const wrong = (): unknown => new HTCondorExecutor({ directory, workers: { max: 3 }, submit });
    expect(wrong).toThrow('`max_materialize`');
  });

  it('get no more calls at once than maxInFlight, and all of them in the end', async () => {
    await using executor = make(2, { maxInFlight: 3 });
    const gate = new Gate(directory);
    const futures = Array.from({ length: 20 }, (_, index) =>
      executor.submit(passGate<number>, gate.file, 2 * index),
    );
    await until(() => futures[2]?.jobId !== undefined);
    expect(futures[19]?.jobId).toBeUndefined();
    gate.open();
    expect(await Promise.all(futures)).toEqual(futures.map((_, index) => 2 * index));
  });
});
