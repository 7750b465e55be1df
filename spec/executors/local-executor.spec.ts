import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DirectoryError, JobControlError, ResultNotWrittenError } from '../../lib/base/errors.ts';
import { JobExitedError } from '../../lib/base/job-errors.ts';
import { currentJob } from '../../lib/job.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { LocalExecutor, type LocalExecutorOptions } from '../../lib/executors/local-executor.ts';
import { executorContract } from '../contract/executor-contract.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const options = { directory: temporaryDirectory(), maxWorkers: 4 };

executorContract(
  'LocalExecutor',
  (more) => new LocalExecutor({ ...options, ...more }),
  options,
  async (id) => LocalExecutor.attach(id, options),
);

/** What one call returns with these options, or how it failed. */
async function call<R>(more: LocalExecutorOptions, fn: () => R): Promise<Awaited<R>> {
  await using executor = new LocalExecutor({ ...options, ...more });
  return await executor.submit(fn);
}

function messageOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

/** To be submitted: tells how many calls are running just now. */
async function count(path: string): Promise<number> {
  const { appendFileSync, readFileSync } = await import('node:fs');
  appendFileSync(path, '+');
  const text = readFileSync(path, 'utf8');
  await new Promise((resolve) => setTimeout(resolve, 20));
  appendFileSync(path, '-');
  return text.split('+').length - text.split('-').length;
}

/** To be submitted: tells which calls ran before. */
async function append(path: string, index: number): Promise<string> {
  const { appendFileSync, readFileSync } = await import('node:fs');
  appendFileSync(path, String(index));
  return readFileSync(path, 'utf8');
}

const read = (): unknown => [process.env['CONDOR_FUTURES_SPEC'], process.env['N'], process.env['EMPTY']];

describe('LocalExecutor', () => {
  it('never runs more than maxWorkers jobs at once, and all of them in the end', async () => {
    await using executor = new LocalExecutor({ ...options, maxWorkers: 2 });
    const file = join(options.directory, `workers-${randomUUID()}`);
    const counts = await Promise.all(Array.from({ length: 10 }, () => executor.submit(count, file)));
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });

  it('runs one job after the other, in their order, with maxWorkers: 1', async () => {
    await using executor = new LocalExecutor({ ...options, maxWorkers: 1 });
    const file = join(options.directory, `order-${randomUUID()}`);
    const texts = await Promise.all([0, 1, 2, 3].map((index) => executor.submit(append, file, index)));
    expect(texts).toEqual(['0', '01', '012', '0123']);
  });

  it('has no more than maxInFlight jobs at once, whatever it could run', async () => {
    await using executor = new LocalExecutor({ ...options, maxInFlight: 1 });
    const file = join(options.directory, `in-flight-${randomUUID()}`);
    const texts = await Promise.all([0, 1, 2, 3].map((index) => executor.submit(append, file, index)));
    expect(texts).toEqual(['0', '01', '012', '0123']);
  });

  it('runs jobs in the directory of the program, with its environment', async () => {
    expect(await call({}, () => [process.cwd(), process.env['PATH']])).toEqual([
      process.cwd(),
      process.env['PATH'],
    ]);
  });

  it('tells its calls nothing of the job that its program runs in', async () => {
    const outer = {
      CONDOR_FUTURES_TAG: 'outer',
      _CONDOR_JOB_AD: import.meta.filename,
      _CONDOR_SCRATCH_DIR: '/outer',
    };
    Object.assign(process.env, outer);
    try {
      const told = await call({}, () => {
        const job = currentJob();
        return [job?.tag, job?.component, job?.jobAd(), job?.scratchDirectory];
      });
      expect(told).toEqual([undefined, undefined, undefined, expect.not.stringContaining('/outer')]);
    } finally {
      for (const name of Object.keys(outer)) delete process.env[name];
    }
  });

  it('sets variables of the environment, and copies them by name', async () => {
    process.env['CONDOR_FUTURES_SPEC'] = 'copied; "quoted" \'$HOME\' ü';
    const copied = process.env['CONDOR_FUTURES_SPEC'];
    const set = { CONDOR_FUTURES_SPEC: true, N: 7, EMPTY: '' } as const;
    expect(await call({ environment: set }, read)).toEqual([copied, '7', '']);
    expect(await call({ environment: ['CONDOR_FUTURES_SPEC', 'NOT_SET'] }, read)).toEqual([
      copied,
      undefined,
      undefined,
    ]);
  });

  it('runs the lines of setup first, in the same shell', async () => {
    const setup = ['greeting="hello world"', 'export GREETING=$greeting', 'echo from setup'];
    await using executor = new LocalExecutor({ ...options, setup });
    const future = executor.submit(() => process.env['GREETING']);
    expect(await future).toBe('hello world');
    expect(await future.stdout()).toBe('from setup\n');
  });

  it('fails calls with the words of a setup that fails', async () => {
    const error = await thrownBy(call({ setup: ['echo no license >&2', 'exit 5'] }, () => 1));
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({ exitCode: 5, signal: undefined, stderrTail: 'no license' });
  });

  it('says why a result could not be written, though the disk has room for a few words only', async () => {
    const setup = ['ulimit -f 64'];
    await using executor = new LocalExecutor({ ...options, setup });
    const future = executor.submit(() => 'x'.repeat(1_000_000));
    const error = await thrownBy(future);
    expect(error).toBeInstanceOf(ResultNotWrittenError);
    expect(error).toMatchObject({
      message: expect.stringContaining('The result could not be written: EFBIG'),
      cause: { code: 'EFBIG' },
    });
    expect(await future.stderr()).toContain('The result could not be written: EFBIG');
    expect(await executor.submit(() => 'short')).toBe('short');
  });

  it('says that nothing could be written, where there is room for nothing', async () => {
    const error = await thrownBy(call({ setup: ['ulimit -f 0'] }, () => 1));
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({
      exitCode: 74,
      message: expect.stringContaining('could not write to its job set'),
    });
  });

  it('says which node is not there', async () => {
    const error = await thrownBy(call({ node: '/no/such/node' }, () => 1));
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({ exitCode: 127 });
    expect((error as JobExitedError).message).toContain('/no/such/node');
  });

  it.each(['hold', 'release', 'vacate'] as const)('cannot %s a job, and names the remedy', async (action) => {
    await using executor = new LocalExecutor(options);
    const future = executor.submit(() => 'unharmed');
    const error = await thrownBy(future[action]());
    expect(error).toBeInstanceOf(JobControlError);
    expect((error as Error).message).toMatch(/was refused: this machine has no queue .* Remedy: suspend\(\)/);
    expect(await future).toBe('unharmed');
  });

  it('takes node by its name on PATH, and options for it', async () => {
    const execArgv = ['--max-old-space-size=123', '--title=a title'];
    expect(await call({ node: 'node', execArgv }, () => process.execArgv)).toEqual(execArgv);
  });

  it.each<[more: unknown, error: typeof Error]>([
    [{ maxWorkers: 0 }, RangeError],
    [{ maxWorkers: -1 }, RangeError],
    [{ maxWorkers: 1.5 }, RangeError],
    [{ maxWorkers: '2' }, TypeError],
    [{ workers: 2 }, TypeError],
    [{ keepFiles: 'some' }, RangeError],
    [{ environment: ['A B'] }, TypeError],
    [{ setup: 'module load node' }, TypeError],
  ])('refuses %p', (more, error) => {
    expect(() => new LocalExecutor({ ...options, ...(more as object) })).toThrow(error);
  });

  it.each([
    ['a reserved command', { executable: '/bin/ls' }, 'is not yours to set'],
    ['a name that is none', { 'request memory': '1GB' }, 'to be submit commands, got `request memory`'],
    [
      'a value of another type',
      { request_memory: { a: 1 } as never },
      'to be a string, a number or a boolean',
    ],
    ['a macro', { request_memory: '$(x)' }, 'The value of `submit.request_memory`'],
  ])('refuses %s in `submit`, as HTCondorExecutor does', async (_, submit, text) => {
    const { directory } = options;
    const pool = new HTCondorExecutor({ directory });
    const local = new LocalExecutor({ directory });
    const refusals = [
      () => new HTCondorExecutor({ directory, submit }),
      () => new LocalExecutor({ directory, submit }),
      () => pool.with({ submit }),
      () => local.with({ submit }),
    ].map((act) => messageOf(act));
    expect(refusals[0]).toContain(text);
    expect(new Set(refusals).size).toBe(1);
    await Promise.all([pool.shutdown(), local.shutdown()]);
  });

  it('tells the memory of the job, not that of the program', async () => {
    const ballast = Buffer.alloc(600e6, 1);
    await using executor = new LocalExecutor(options);
    const future = executor.submit(() => 1);
    await future;
    expect(ballast.at(-1)).toBe(1);
    expect(future.usage?.peakMemoryBytes).toBeGreaterThan(20e6);
    expect(future.usage?.peakMemoryBytes).toBeLessThan(400e6);
  });

  it('refuses a directory that is none', () => {
    const directory = join(options.directory, 'file');
    writeFileSync(directory, '');
    expect(() => new LocalExecutor({ directory })).toThrow(DirectoryError);
  });
});
