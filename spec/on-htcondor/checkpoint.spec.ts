import { afterAll, describe, expect, it } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { currentJob } from '../../lib/job.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { Notes, walk } from '../support/walk.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };

describe('A call with checkpoints on HTCondor', () => {
  const executor = new HTCondorExecutor({ directory, submit });
  afterAll(async () => executor.shutdown({ cancelFutures: true }));

  it('that is vacated twice saves when it is told, ends at once, and makes each step once', async () => {
    const notes = new Notes(directory);
    const future = executor.submit(walk, notes.file, 8, 'when told');
    for (const times of [1, 2]) {
      await notes.untilHalted(times);
      await until(() => future.running());
      await future.vacate();
    }
    expect(await future).toEqual([8, 3, 1]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(notes.all('told')).toEqual(['true', 'true']);
    expect(future.attempts).toBe(1);
  });

  it('that is vacated and does not listen goes on after what it saved last', async () => {
    const notes = new Notes(directory);
    const future = executor.submit(walk, notes.file, 8, 'each step');
    for (const times of [1, 2]) {
      await notes.untilHalted(times);
      await until(() => future.running());
      await future.vacate();
    }
    expect(await future).toEqual([8, 3, 1]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('whose process is killed on its machine goes on in its next attempt', async () => {
    const notes = new Notes(directory);
    const future = executor.with({ retries: 1 }).submit(walk, notes.file, 5, 'each step');
    await notes.untilHalted(1);
    process.kill(notes.lastPid, 'SIGKILL');
    expect(await future).toEqual([5, 1, 2]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5']);
  });

  it('that a worker makes goes on in another worker', async () => {
    const workers = new HTCondorExecutor({ directory, submit, workers: { max: 1 } });
    const notes = new Notes(directory);
    const future = workers.submit(walk, notes.file, 5, 'when told');
    await notes.untilHalted(1);
    await until(() => future.running());
    await future.vacate();
    expect(await future).toEqual([5, 1, 1]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5']);
    expect(await workers.submit(() => 'also')).toBe('also');
    await workers.shutdown();
  });

  it('that has returned after it was told to leave ends its worker', async () => {
    const workers = new HTCondorExecutor({ directory, submit, workers: { max: 1 } });
    const notes = new Notes(directory);
    const futures = [1, 2].map((x) =>
      workers.submit(
        async (file: string, index: number) => {
          const { appendFileSync } = await import('node:fs');
          const job = currentJob();
          appendFileSync(file, `start ${index} ${process.pid}\nhalt\n`);
          if (index === 2) return process.pid;
          await new Promise((resolve) => {
            const timer = setTimeout(resolve, 120_000);
            job?.signal.addEventListener('abort', () => resolve(clearTimeout(timer)));
          });
          return process.pid;
        },
        notes.file,
        x,
      ),
    ) as [Future<number>, Future<number>];
    await notes.untilHalted(1);
    await until(() => futures[0].running());
    await futures[0].vacate();
    const [first, second] = await Promise.all(futures);
    expect(second).not.toBe(first);
    await workers.shutdown();
  });

  /** A call that begins anew once it is vacated, whatever it does when it is told to end. */
  async function vacateOnce(submitTo: (notes: string) => Future<string>): Promise<[string, string[]]> {
    const notes = new Notes(directory);
    const future = submitTo(notes.file);
    await notes.untilHalted(1);
    await until(() => future.running());
    await future.vacate();
    return [await future, notes.all('run')];
  }

  it('that throws when it is told to end has not failed, and is run again', async () => {
    const [value, runs] = await vacateOnce((notes) =>
      executor.submit(async (file: string) => {
        const { appendFileSync } = await import('node:fs');
        const { setTimeout: sleep } = await import('node:timers/promises');
        const job = currentJob();
        appendFileSync(file, `run ${job?.starts}\nhalt\n`);
        if (job?.starts === 1) await sleep(120_000, undefined, { signal: job.signal });
        return 'done';
      }, notes),
    );
    expect([value, runs]).toEqual(['done', ['1', '2']]);
  });

  it('that has nothing left to do when it is told to end has not failed, either', async () => {
    const [value, runs] = await vacateOnce((notes) =>
      executor.submit(async (file: string) => {
        const { appendFileSync } = await import('node:fs');
        const job = currentJob();
        appendFileSync(file, `run ${job?.starts}\nhalt\n`);
        if (job?.starts === 1) {
          const timer = setTimeout(() => {}, 120_000);
          job.signal.addEventListener('abort', () => clearTimeout(timer));
          await new Promise(() => {});
        }
        return 'done';
      }, notes),
    );
    expect([value, runs]).toEqual(['done', ['1', '2']]);
  });

  it('that returns its value after it was told to end is done', async () => {
    const [value, runs] = await vacateOnce((notes) =>
      executor.submit(async (file: string) => {
        const { appendFileSync } = await import('node:fs');
        const job = currentJob();
        appendFileSync(file, `run ${job?.starts}\nhalt\n`);
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, 120_000);
          job?.signal.addEventListener('abort', () => resolve(clearTimeout(timer)));
        });
        return 'in time';
      }, notes),
    );
    expect([value, runs]).toEqual(['in time', ['1']]);
  });

  it('knows the ClassAds of its job and of its machine', async () => {
    const future = executor
      .with({
        submit: {
          ...submit,
          '+Quoted': String.raw`"a \"b\" c:\\d, 7"`,
          job_max_vacate_time: 77,
          '+Four': '2 + 2',
        },
      })
      .submit(() => {
        const job = currentJob();
        const { Quoted, Four, RequestMemory, ClusterId } = job?.jobAd() ?? {};
        const machine = job?.machineAd();
        return {
          Quoted,
          Four,
          RequestMemory,
          ClusterId,
          vacateTime: job?.vacateTime,
          memory: machine?.['Memory'],
          slot: machine?.['Name'],
        };
      });
    expect(await future).toEqual({
      Quoted: (await future.classAd())['Quoted'],
      Four: '/Expr(2 + 2)/',
      RequestMemory: 128,
      ClusterId: Number(future.jobId?.split('.')[0]),
      vacateTime: 77_000,
      memory: expect.any(Number),
      slot: expect.stringMatching(/^slot/),
    });
  });
});
