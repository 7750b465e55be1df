import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { InvalidStateError, JobControlError } from '../../lib/base/errors.ts';
import { beat, beatInChild, untilGrowing, untilStill } from '../support/beat.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';

/** JobStatus of a ClassAd, as the manual numbers it. */
const [RUNNING, COMPLETED] = [2, 4];

/** What futures can ask for their jobs, whatever runs them. */
export function control(subject: Subject): void {
  describe('control of a job', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const { directory } = subject.options;

    atOnce('suspend() stops the call where it is, and continue() lets it go on', async () => {
      const file = join(directory, `beat-${randomUUID()}`);
      const future = executor().submit(beat, file);
      await until(() => future.running() && existsSync(file));
      await future.suspend();
      await untilStill(file);
      expect(future.state).toBe('running');
      await future.continue();
      await untilGrowing(file);
      expect(future.state).toBe('running');
      future.cancel();
    });

    atOnce('suspend() stops the processes that the call has started, too', async () => {
      const file = join(directory, `beat-${randomUUID()}`);
      const future = executor().submit(beatInChild, file, 'stay');
      await until(() => future.running() && existsSync(file));
      await future.suspend();
      await untilStill(file);
      await future.continue();
      await untilGrowing(file);
      future.cancel();
    });

    atOnce(
      'suspend() is refused for a job that waits, and continue() for one that is not suspended',
      async () => {
        const gate = new Gate(directory);
        const own = subject.makeExecutor();
        const futures = Array.from({ length: 20 }, (_, index) =>
          own.submit(passGate<number>, gate.file, index),
        );
        const last = futures.at(-1) as (typeof futures)[number];
        await until(() => futures.some((future) => future.running()) && last.jobId !== undefined);
        for (const kind of ['suspend', 'continue'] as const) {
          const error = await thrownBy(last[kind]());
          expect(error).toBeInstanceOf(JobControlError);
          expect(error).toMatchObject({ action: kind, jobId: last.jobId });
          expect((error as JobControlError).reason).toMatch(/not (running|suspended)/);
        }
        gate.open();
        expect(await Promise.all(futures)).toEqual(futures.map((_, index) => index));
        await own.shutdown();
      },
    );

    atOnce('analyze() and classAd() tell of a job, from its submission to its end', async () => {
      const gate = new Gate(directory);
      const future = executor().submit(passGate<string>, gate.file, 'through');
      const [analysis, ad] = await Promise.all([future.analyze(), future.classAd()]);
      expect(analysis).toMatch(/\S/);
      expect(ad).toMatchObject({
        JobStatus: expect.any(Number),
        GlobalJobId: expect.stringContaining(`${future.jobId}`),
      });
      await until(async () => future.running() && (await future.classAd())['JobStatus'] === RUNNING);
      expect(await future.analyze()).toMatch(/is running/);
      expect(await future.classAd()).toMatchObject({
        JobStartDate: expect.any(Number),
        Iwd: expect.any(String),
      });
      gate.open();
      expect(await future).toBe('through');
      await until(async () => (await future.classAd())['JobStatus'] === COMPLETED);
      expect(await future.classAd()).toMatchObject({ ExitCode: 0, CompletionDate: expect.any(Number) });
      await until(async () => /(ended|exit code)/.test(await future.analyze()));
    });

    atOnce('nothing can be asked for a job whose future is done', async () => {
      const future = executor().submit(() => 1);
      await future;
      for (const kind of ['hold', 'release', 'vacate', 'suspend', 'continue'] as const)
        expect(await thrownBy(future[kind]())).toBeInstanceOf(InvalidStateError);
      expect(await future).toBe(1);
    });

    atOnce('setMemory() and setDisk() are accepted, or refused with the remedy', async () => {
      const gate = new Gate(directory);
      const future = executor().submit(passGate<string>, gate.file, 'through');
      const asked = [future.setMemory('200MB'), future.setDisk('3MB')];
      const errors = await Promise.all(asked.map(async (one) => one.catch((error: unknown) => error)));
      const refused = ['setMemory', 'setDisk'].map((action) =>
        expect.objectContaining({
          name: 'JobControlError',
          action,
          reason: expect.stringContaining('Remedy'),
        }),
      );
      expect(errors).toEqual(sharesProcesses(subject) ? refused : [undefined, undefined]);
      gate.open();
      expect(await future).toBe('through');
    });

    atOnce('the processes that a call leaves behind end with it', async () => {
      const file = join(directory, `beat-${randomUUID()}`);
      await executor().submit(beatInChild, file, 'return');
      await untilStill(file);
    });
  });
}
