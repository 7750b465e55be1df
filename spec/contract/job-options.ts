import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ModuleLoadError } from '../../lib/base/errors.ts';
import { JobTimeLimitError } from '../../lib/base/job-errors.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';

/** To be submitted: notes each try in the file, and fails in one way or another before the given one. */
async function succeedAt(file: string, succeeds: number, how: 'throw' | 'die'): Promise<string> {
  const { appendFileSync, readFileSync: read } = await import('node:fs');
  appendFileSync(file, '.');
  const { length } = read(file);
  console.log(`try ${length}`);
  if (length >= succeeds) return `at ${length}`;
  if (how === 'die') process.kill(process.pid, 'SIGKILL');
  throw new Error(`try ${length}`);
}

/** `with()`. */
export function jobOptions(subject: Subject): void {
  describe('with()', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const newFile = (): string => join(subject.options.directory, `tries-${randomUUID()}`);

    atOnce('tries a call again that threw or whose job died, as often as it says', async () => {
      const files = [newFile(), newFile(), newFile(), newFile()] as const;
      const patient = executor().with({ retries: 2 });
      const thrower = patient.submit(succeedAt, files[0], 3, 'throw');
      const mortal = patient.submit(succeedAt, files[1], 2, 'die');
      const hopeless = patient.submit(succeedAt, files[2], 9, 'throw');
      const impatient = executor().submit(succeedAt, files[3], 2, 'throw');
      expect(await Promise.all([thrower, mortal])).toEqual(['at 3', 'at 2']);
      expect(await thrownBy(hopeless)).toMatchObject({ message: 'try 3' });
      expect(await thrownBy(impatient)).toMatchObject({ message: 'try 1' });
      const calls = [thrower, mortal, hopeless, impatient];
      // A worker that dies is no failure of the call yet: it is made by another one, in the same attempt.
      expect(calls.map((call) => call.attempts)).toEqual([3, sharesProcesses(subject) ? 1 : 2, 3, 1]);
      expect(files.map((file) => readFileSync(file).length)).toEqual([3, 2, 3, 1]);
      expect(await thrower.stdout()).toBe('try 3\n');
      expect(await hopeless.stdout()).toBe('try 3\n');
    });

    atOnce('retries the calls of a map too', async () => {
      const results = executor()
        .with({ retries: 1 })
        .starmap(succeedAt, [[newFile(), 2, 'throw']]);
      expect(await results.next()).toEqual({ value: 'at 2', done: false });
    });

    atOnce(
      'ends a call that runs longer than its time limit, though it never gives its thread back',
      async () => {
        const limited = executor().with({ timeLimit: 500 });
        const endless = limited.submit(() => {
          console.error('on and on');
          for (;;);
        });
        const quick = limited.with({ timeLimit: 60_000 }).submit(() => 'in time');
        const error = await thrownBy(endless);
        expect(error).toBeInstanceOf(JobTimeLimitError);
        expect(error).toMatchObject({ timeLimit: 500, jobId: endless.jobId, stderrTail: 'on and on' });
        expect(await quick).toBe('in time');
      },
    );

    atOnce('counts the time of each call of a chunk by itself', async () => {
      const sleep = async (ms: number): Promise<number> =>
        new Promise((resolve) => setTimeout(resolve, ms, ms));
      const results = executor()
        .with({ timeLimit: 3000 })
        .map(sleep, [1600, 1601, 600_000, 1], { chunkSize: 4 });
      expect(await results.next()).toEqual({ value: 1600, done: false });
      expect(await results.next()).toEqual({ value: 1601, done: false });
      expect(await thrownBy(results.next())).toMatchObject({
        message: expect.stringContaining('ran longer than its time limit of 3000 ms'),
      });
    });

    atOnce('keeps the options of the executor it is called on', async () => {
      const file = newFile();
      const call = executor().with({ retries: 1 }).with({ submit: {} }).submit(succeedAt, file, 2, 'throw');
      expect(await call).toBe('at 2');
    });

    atOnce('imports modules before anything else, for its calls alone', async () => {
      const first = join(subject.options.directory, `first-${randomUUID()}.mjs`);
      const second = join(subject.options.directory, `second-${randomUUID()}.mjs`);
      const key = randomUUID();
      writeFileSync(first, `globalThis[${JSON.stringify(key)}] = ['first'];`);
      writeFileSync(second, `globalThis[${JSON.stringify(key)}].push('second');`);
      const look = (): unknown => (globalThis as Record<string, unknown>)[key];
      const set = executor().with({ preload: [first, second] });
      expect(await set.submit(look)).toEqual(['first', 'second']);
      const values: unknown[] = [];
      for await (const value of set.map(look, [1, 2], { chunkSize: 2 })) values.push(value);
      expect(values).toEqual([
        ['first', 'second'],
        ['first', 'second'],
      ]);
      expect(await set.with({ preload: [first] }).submit((fn: () => unknown) => fn(), look)).toContain(
        'first',
      );
    });

    atOnce('names the module to import before anything else that a job cannot load', async () => {
      const call = executor()
        .with({ preload: ['./there-is-none.js'] })
        .submit(() => 1);
      const error = await thrownBy(call);
      expect(error).toBeInstanceOf(ModuleLoadError);
      expect(error).toMatchObject({
        message: expect.stringMatching(
          /there-is-none\.js of the option `preload` cannot be loaded .*Remedy: /s,
        ),
      });
    });

    atOnce('has its options as they were when it was made', async () => {
      const options = { retries: 1, submit: {} };
      const once = executor().with(options);
      Object.assign(options, { retries: 0 });
      Object.assign(options.submit, { queue: 1000 });
      expect(await once.submit(succeedAt, newFile(), 2, 'throw')).toBe('at 2');
    });

    it.each([
      [{ retries: -1 }, RangeError],
      [{ retries: 1.5 }, RangeError],
      [{ retries: 'many' }, TypeError],
      [{ retries: {} }, TypeError],
      [{ retries: { limit: 1, when: 'always' } }, TypeError],
      [{ retries: { limit: 1, delay: -5 } }, RangeError],
      [{ onHold: 'ignore' }, RangeError],
      [{ onHold: { later: 'wait' } }, TypeError],
      [{ onHold: { 3: 'ignore' } }, RangeError],
      [{ releaseLimit: -1 }, RangeError],
      [{ timeLimit: 0 }, RangeError],
      [{ preload: './setup.js' }, TypeError],
      [{ preload: [5] }, TypeError],
      [{ preload: [''] }, TypeError],
      [{ growMemory: {} }, TypeError],
      [{ growMemory: { limit: 'much' } }, TypeError],
      [{ growMemory: { limit: '1GB', factor: 1 } }, RangeError],
      [{ signal: new AbortController() }, TypeError],
      [{ signals: [] }, TypeError],
      [{ submit: 'fast' }, TypeError],
    ])('refuses %p', (options, error) => {
      expect(() => executor().with(options as never)).toThrow(error);
    });
  });
}
