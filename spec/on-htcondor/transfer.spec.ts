import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { JobExitedError, JobRemovedError } from '../../lib/base/job-errors.ts';
import { currentJob, outputFile } from '../../lib/job.ts';
import { inputDirectory, inputFile } from '../../lib/payload/given-files.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory, unsharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { Notes, walk } from '../support/walk.ts';

// Before the directories are removed: these run in the order in which they stand here.
afterAll(async () => executor.shutdown({ cancelFutures: true }));

const shared = sharedTemporaryDirectory();
const options = {
  directory: join(unsharedTemporaryDirectory(), `jobs of "mine"; a=b, 'ü'`),
  filesystem: 'transfer',
  submit: { request_memory: 128, request_disk: 1024 },
} as const;
const executor = new HTCondorExecutor(options);

describe('A job whose files are transferred', () => {
  it('sees nothing of the job set, and works in its scratch directory', async () => {
    const seen = await executor.submit(async (directory: string) => {
      const { readdirSync, readFileSync: readText, readlinkSync, realpathSync } = await import('node:fs');
      const told = [...process.argv, ...Object.values(process.env), readText('/proc/self/cmdline', 'utf8')];
      const files = readdirSync('/proc/self/fd').map((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return '';
        }
      });
      let found: string;
      try {
        found = readdirSync(directory).join(' ');
      } catch (error) {
        found = (error as NodeJS.ErrnoException).code as string;
      }
      return {
        found,
        mentions: [...told, ...files].filter((text) => text?.includes(directory)),
        isScratch: process.cwd() === realpathSync(process.env['_CONDOR_SCRATCH_DIR'] as string),
      };
    }, options.directory);
    expect(seen).toEqual({ found: 'ENOENT', mentions: [], isScratch: true });
    expect(existsSync(options.directory)).toBe(true);
  });

  it('brings an outcome of many megabytes, and all that it has printed', async () => {
    const future = executor.with({ submit: { request_disk: 200_000 } }).submit((size: number) => {
      console.log('on the way');
      return Buffer.alloc(size, 'ü');
    }, 30_000_000);
    expect(Buffer.alloc(30_000_000, 'ü').equals(await future)).toBe(true);
    expect(await future.stdout()).toBe('on the way\n');
  });

  it('has its files in its own directory, each once, and sends others back from there', async () => {
    const here = join(options.directory, '..', 'input, "of" mine');
    mkdirSync(join(here, 'below'), { recursive: true });
    for (const name of ['one', 'below/one']) writeFileSync(join(here, name), `text of ${name}`);
    const given = [
      inputFile(join(here, 'one')),
      inputFile(join(here, 'below/one')),
      inputFile(join(here, 'one')),
      inputDirectory(here),
    ];
    const future = executor.submit(
      async (paths: string[], hidden: string) => {
        const { appendFileSync, existsSync: exists, readFileSync: readText } = await import('node:fs');
        const texts = paths.slice(0, 3).map((path) => readText(path, 'utf8'));
        appendFileSync('notes.txt', texts.join('\n'));
        outputFile('notes.txt');
        outputFile(paths[3] as string);
        return {
          isOne: paths[0] === paths[2],
          areHere: paths.every((path) => path.startsWith(process.cwd())),
          isHidden: !exists(hidden),
        };
      },
      given,
      here,
    );
    expect(await future).toEqual({ isOne: true, areHere: true, isHidden: true });
    const files = await future.outputFiles();
    expect(files.map(({ name }) => name)).toEqual([
      'input, "of" mine/below/one',
      'input, "of" mine/one',
      'notes.txt',
    ]);
    expect(readFileSync(files.at(-1)?.path as string, 'utf8')).toBe(
      'text of one\ntext of below/one\ntext of one',
    );
    // What it was given, it has copies of.
    expect(existsSync(join(here, 'below', 'one'))).toBe(true);
  });

  it('has files that HTCondor fetches, beside jobs that have none', async () => {
    const read = async (path: string): Promise<string> =>
      (await import('node:fs')).readFileSync(path, 'utf8');
    const [fetched, local] = ['fetched', 'local'].map((name) => join(shared, name)) as [string, string];
    for (const path of [fetched, local]) writeFileSync(path, `text of ${path}`);
    const futures = [inputFile(`file://${fetched}`), inputFile(local), inputFile(`file://${fetched}`)].map(
      (path) => executor.submit(read, path),
    );
    expect(await Promise.all(futures)).toEqual([fetched, local, fetched].map((path) => `text of ${path}`));
    const missing = await thrownBy(executor.submit(read, inputFile(`file://${shared}/no-such-file`)));
    expect(missing).toMatchObject({ name: 'JobHeldError' });
    expect((missing as Error).message).toContain('no-such-file');
  });

  it('begins anew in another directory when it was vacated', async () => {
    const gate = new Gate(shared);
    const future = executor.submit(passGate<string>, gate.file, 'the second time');
    await until(() => gate.reached);
    await future.vacate();
    await until(() => !future.running());
    gate.open();
    expect(await future).toBe('the second time');
    expect(future.attempts).toBe(1);
  });

  it('takes what it has kept along to where it runs next, each time that it is vacated', async () => {
    const notes = new Notes(shared);
    const future = executor.submit(walk, notes.file, 8, 'when told');
    for (const times of [1, 2]) {
      await notes.untilHalted(times);
      await until(() => future.running());
      await future.vacate();
    }
    expect(await future).toEqual([8, 3, 1]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('keeps what a call that returns in time has returned, though it was told to leave', async () => {
    const notes = new Notes(shared);
    const future = executor.submit(async (file: string) => {
      const { appendFileSync } = await import('node:fs');
      const job = currentJob();
      appendFileSync(file, `run ${job?.starts}\nhalt\n`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 60_000);
        job?.signal.addEventListener('abort', () => resolve(clearTimeout(timer)));
      });
      return 'in time';
    }, notes.file);
    await notes.untilHalted(1);
    await until(() => future.running());
    await future.vacate();
    expect(await future).toBe('in time');
    expect(notes.all('run')).toEqual(['1']);
  });

  it('that is removed, or held by a policy, fails with the reason', async () => {
    const gate = new Gate(shared);
    const removed = executor.submit(passGate<string>, gate.file, 'never');
    const held = executor
      .with({ submit: { periodic_hold: 'JobStatus == 2', periodic_hold_reason: '"not here"' } })
      .submit(passGate<string>, gate.file, 'never');
    await until(() => gate.reached && removed.running());
    execFileSync('condor_rm', [removed.jobId as string]);
    expect(await thrownBy(removed)).toBeInstanceOf(JobRemovedError);
    expect(await thrownBy(held)).toMatchObject({ name: 'JobHeldError', holdReason: 'not here' });
  });

  it('is submitted again with more memory when it was held for it', async () => {
    const future = executor
      .with({
        growMemory: { limit: 256 },
        submit: {
          request_memory: 64,
          periodic_hold: 'RequestMemory < 100 && JobStatus == 2',
          periodic_hold_reason: '"memory"',
        },
      })
      .submit(async () => new Promise<string>((resolve) => setTimeout(resolve, 4000, 'enough')));
    expect(await future).toBe('enough');
    expect(future.attempts).toBe(2);
  });

  it('that has removed all that is in its directory is not held for what is to go back', async () => {
    const future = executor.submit(async () => {
      console.log('before');
      const { execSync } = await import('node:child_process');
      execSync('rm -rf ./*');
      return 'lost';
    });
    const error = await thrownBy(future);
    expect(error).toBeInstanceOf(JobExitedError);
    expect(error).toMatchObject({ exitCode: 74 });
    expect((error as JobExitedError).stderrTail).toContain('The result could not be written: ENOENT');
    expect(await future.stdout()).toBe('before\n');
  });

  it('says which node is not there', async () => {
    const other = new HTCondorExecutor({ ...options, node: '/no/such/node' });
    const error = await thrownBy(other.submit(() => 1));
    expect(error).toMatchObject({ name: 'JobExitedError', exitCode: 127 });
    expect((error as JobExitedError).message).toMatch(
      /there is no node on \S+ at or by the name of \/no\/such\/node/,
    );
    await other.shutdown();
  });
});
