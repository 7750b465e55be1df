import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { callsDirectory } from '../../lib/job-set/names.ts';
import { checkpoint, currentJob, progress } from '../../lib/job.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';
import { builtModule } from '../support/built-file.ts';

/** A class whose instances are saved. */
class Walker {
  #steps = 0;
  readonly home: Walker = this;

  step(): number {
    return (this.#steps += 1);
  }
}

/** To be submitted: counts to 5, saves each number, and fails at its third process and at its fifth number. */
async function countOn(file: string): Promise<{ numbers: number[]; attempts: number[] }> {
  const { appendFileSync } = await import('node:fs');
  const state = (await checkpoint.load<{ numbers: number[]; attempts: number[] }>()) ?? {
    numbers: [],
    attempts: [],
  };
  state.attempts.push(currentJob()?.attempt ?? 0);
  while (state.numbers.length < 5) {
    const next = state.numbers.length + 1;
    appendFileSync(file, `${next}`);
    state.numbers.push(next);
    await checkpoint.save(state);
    if (next === 2 && state.attempts.length === 1) throw new Error('at 2');
    if (next === 4 && state.attempts.length === 2) throw new Error('at 4');
  }
  return state;
}

/** What a call can ask about its job, and keep. */
export function inside(subject: Subject): void {
  describe('inside a call', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const { options } = subject;
    const { directory } = options;
    const newFile = (): string => join(directory, `inside-${randomUUID()}`);

    atOnce('currentJob() tells of the job, and of none outside', async () => {
      expect(currentJob()).toBeUndefined();
      const future = executor().submit(async () => {
        const { statSync } = await import('node:fs');
        const job = currentJob();
        return {
          tag: job?.tag,
          component: job?.component,
          jobId: job?.jobId,
          attempt: job?.attempt,
          aborted: job?.signal.aborted,
          deadline: job?.deadline,
          vacateTime: job?.vacateTime,
          hasScratch: statSync(job?.scratchDirectory ?? '').isDirectory(),
          isSame: currentJob() === job,
        };
      });
      const told = await future;
      expect(told).toMatchObject({
        tag: undefined,
        component: undefined,
        attempt: 1,
        aborted: false,
        deadline: undefined,
        vacateTime: expect.any(Number),
        hasScratch: true,
        isSame: true,
      });
      if (sharesProcesses(subject)) expect(told.jobId).toMatch(/\.\d+$/);
      else expect(told.jobId).toBe(future.jobId);
    });

    atOnce('currentJob() is known to modules that the call loads, and to what it awaits', async () => {
      const url = builtModule('job');
      const future = executor().submit(async (module: string) => {
        const { currentJob: asked } = (await import(module)) as { currentJob: typeof currentJob };
        await new Promise((resolve) => setTimeout(resolve, 1));
        return asked()?.attempt;
      }, url);
      expect(await future).toBe(1);
    });

    atOnce('future.progress() is what the call has told last', async () => {
      const gates = [new Gate(directory), new Gate(directory)] as const;
      const pass = passGate<void>;
      const future = executor().submit(
        async (first: string, second: string) => {
          progress(0.25);
          await pass(first, undefined);
          for (let i = 0; i <= 100; i += 1) progress(i / 200, `step ${i}`);
          await pass(second, undefined);
          return 'done';
        },
        ...([gates[0].file, gates[1].file] as const),
      );
      await until(() => gates[0].reached);
      // What does not see the job set can tell nothing while it runs.
      if (options.filesystem === 'transfer') expect(await future.progress()).toBeUndefined();
      else {
        await until(async () => (await future.progress()) !== undefined);
        expect(await future.progress()).toEqual({ fraction: 0.25, text: undefined, at: expect.any(Date) });
      }
      gates[0].open();
      await until(() => gates[1].reached);
      if (options.filesystem !== 'transfer') {
        await until(async () => (await future.progress())?.text === 'step 100');
        expect((await future.progress())?.fraction).toBe(0.5);
      }
      gates[1].open();
      expect(await future).toBe('done');
    });

    atOnce('progress() refuses what is none', async () => {
      for (const [args, message] of [
        [[1.5], /fraction.*from 0 to 1, got `1.5`/],
        [[Number.NaN], /from 0 to 1/],
        [['half'], /`fraction` of progress\(\) to be a number/],
        [[0.5, 7], /`text` of progress\(\) to be a string/],
      ] as const) {
        const future = executor().submit((list: readonly unknown[]) => {
          progress(...(list as [number]));
        }, args);
        expect(await thrownBy(future)).toMatchObject({ message: expect.stringMatching(message) });
      }
    });

    atOnce('a call that is tried again goes on where it was', async () => {
      const file = newFile();
      const future = executor().with({ retries: 2 }).submit(countOn, file);
      expect(await future).toEqual({ numbers: [1, 2, 3, 4, 5], attempts: [1, 2, 3] });
      expect(readFileSync(file, 'utf8')).toBe('12345');
    });

    atOnce('a call whose process is killed goes on where it was', async () => {
      const file = newFile();
      const future = executor()
        .with({ retries: 2 })
        .submit(async (path: string) => {
          const { appendFileSync } = await import('node:fs');
          const walker = (await checkpoint.load<Walker>()) ?? new Walker();
          for (;;) {
            const steps = walker.step();
            appendFileSync(path, `${steps}`);
            await checkpoint.save(walker);
            if (steps === 2 || steps === 3) process.kill(process.pid, 'SIGKILL');
            if (steps === 4) return walker.home === walker && walker instanceof Walker;
          }
        }, file);
      expect(await future).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe('1234');
    });

    atOnce('each call of a chunk has checkpoints of its own', async () => {
      const file = newFile();
      const results = executor()
        .with({ retries: 1 })
        .map(
          async (x: number) => {
            const { appendFileSync } = await import('node:fs');
            const before = await checkpoint.load();
            appendFileSync(file, `${x}`);
            await checkpoint.save(x * 10);
            if (before === undefined) throw new Error('again');
            return before;
          },
          [1, 2, 3],
          { chunkSize: 3 },
        );
      const values: unknown[] = [];
      for await (const value of results) values.push(value);
      expect(values).toEqual([10, 20, 30]);
      expect(readFileSync(file, 'utf8')).toBe('123123');
    });

    atOnce('saves that are not awaited are kept in their order, and the last of them counts', async () => {
      const future = executor()
        .with({ retries: 1 })
        .submit(async () => {
          const found = await checkpoint.load<{ i: number }>();
          if (found !== undefined) return found.i;
          const state = { i: 0 };
          const saves: Promise<void>[] = [];
          for (state.i = 1; state.i <= 50; state.i += 1) saves.push(checkpoint.save(state));
          await Promise.all(saves);
          throw new Error('again');
        });
      expect(await future).toBe(50);
    });

    atOnce('what cannot travel cannot be saved, and what was saved stays', async () => {
      const future = executor().submit(async () => {
        await checkpoint.save('whole');
        const error = await checkpoint.save({ a: [new WeakRef({})] }).catch((thrown: unknown) => thrown);
        return [(error as Error).name, (error as { path?: string }).path, await checkpoint.load()];
      });
      expect(await future).toEqual(['SerializationError', 'checkpoint.a[0]', 'whole']);
    });

    atOnce('files and directories are kept together, and restored by their names', async () => {
      const future = executor()
        .with({ retries: 1 })
        .submit(async () => {
          const { mkdirSync, readFileSync: read, writeFileSync } = await import('node:fs');
          const { basename } = await import('node:path');
          const scratch = currentJob()?.scratchDirectory ?? '';
          const [model = '', tables = ''] = await checkpoint.restoreFiles();
          if (model !== '') {
            return [basename(model), read(model, 'utf8'), read(`${tables}/deep/sine`, 'utf8')];
          }
          for (const generation of [1, 2, 3]) {
            writeFileSync(`${scratch}/model`, `model ${generation}`);
            mkdirSync(`${scratch}/tables/deep`, { recursive: true });
            writeFileSync(`${scratch}/tables/deep/sine`, `sine ${generation}`);
            await checkpoint.saveFiles(`${scratch}/model`, `${scratch}/tables`);
          }
          throw new Error('again');
        });
      expect(await future).toEqual(['model', 'model 3', 'sine 3']);
    });

    atOnce('saveFiles() says what it cannot keep', async () => {
      const future = executor().submit(async () => {
        const errors = await Promise.allSettled([
          checkpoint.saveFiles('/nowhere/at/all'),
          checkpoint.saveFiles('/a/same', '/b/same'),
          checkpoint.saveFiles(7 as never),
        ]);
        return errors.map((settled) => settled.status === 'rejected' && (settled.reason as Error));
      });
      expect(await future).toEqual([
        expect.objectContaining({
          name: 'CheckpointError',
          message: expect.stringContaining('/nowhere/at/all'),
        }),
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringContaining('/a/same and /b/same'),
        }),
        expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('got `7` (number)') }),
      ]);
    });

    atOnce('what a call has kept goes with its files', async () => {
      const own = subject.makeExecutor({ keepFiles: 'failed' }) as ClusterExecutor;
      const save = async (fails: boolean): Promise<void> => {
        progress(1);
        await checkpoint.save('state');
        if (fails) throw new Error('on purpose');
      };
      await own.submit(save, false);
      await thrownBy(own.submit(save, true));
      const calls = callsDirectory(own.jobSetDirectory as string);
      await own.shutdown();
      expect(existsSync(join(calls, '1'))).toBe(false);
      expect(existsSync(join(calls, '2', 'checkpoint-0', 'state'))).toBe(true);
    });

    atOnce('a call that is cancelled hears of it', async () => {
      const file = newFile();
      const gate = new Gate(directory);
      const pass = passGate<void>;
      const future = executor().submit(
        async (path: string, never: string) => {
          const { appendFileSync } = await import('node:fs');
          const signal = currentJob()?.signal;
          signal?.addEventListener('abort', () => {
            appendFileSync(
              path,
              `${(signal.reason as Error).name} ${currentJob()?.deadline?.constructor.name}`,
            );
            void checkpoint.save('all is well');
          });
          await pass(never, undefined);
        },
        file,
        gate.file,
      );
      await until(() => gate.reached && future.running());
      future.cancel();
      await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
      expect(readFileSync(file, 'utf8')).toBe('JobEndingError Date');
    });

    atOnce('what a call leaves running has no part in the calls after it', async () => {
      const file = newFile();
      const values: unknown[] = [];
      const results = executor().map(
        async (index: number) => {
          const { existsSync: exists, renameSync, writeFileSync } = await import('node:fs');
          const untilThere = async (path: string): Promise<void> => {
            while (!exists(path)) await new Promise((resolve) => setTimeout(resolve, 5));
          };
          if (index === 2) {
            writeFileSync(`${file}.second`, '');
            await untilThere(file);
            return checkpoint.load();
          }
          const job = currentJob();
          void (async () => {
            await untilThere(`${file}.second`);
            const error = await checkpoint.save('of another').catch((thrown: unknown) => thrown);
            writeFileSync(`${file}.new`, `${(error as Error).name} ${currentJob() === job}`);
            renameSync(`${file}.new`, file);
          })();
          await checkpoint.save('its own');
          return undefined;
        },
        [1, 2],
        { chunkSize: 2 },
      );
      for await (const value of results) values.push(value);
      expect(values).toEqual([undefined, undefined]);
      expect(readFileSync(file, 'utf8')).toBe('InvalidStateError true');
    });

    atOnce('a function that asks for its job runs here, too', async () => {
      const file = newFile();
      progress(0.5);
      await checkpoint.save(1);
      await checkpoint.saveFiles(file);
      expect(await checkpoint.load()).toBeUndefined();
      expect(await checkpoint.restoreFiles()).toEqual([]);
    });
  });
}
