import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { TimeoutError } from '../../lib/base/errors.ts';
import type { Future } from '../../lib/futures/future.ts';
import { Gate, passGate } from '../support/gate.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';

/** States, results, exceptions and callbacks of futures. */
export function futures(subject: Subject): void {
  describe('Future', () => {
    const executor = groupExecutor(subject);
    const { directory } = subject.options;
    const gate = new Gate(directory);
    const printGate = new Gate(directory);
    let finished: Future<number>;
    let failed: Future<never>;
    let held: Future<string>;
    let printing: Future<string>;
    let a: Future<string>;
    let b: Future<string>;

    beforeAll(() => {
      finished = executor().submit(() => process.pid);
      failed = executor().submit((): never => {
        throw new TypeError('wrong');
      });
      a = executor().submit(() => 'a');
      b = executor().submit(() => 'b');
      held = executor().submit(passGate<string>, gate.file, 'through');
      const followed = executor().with({ submit: subject.following ?? {} });
      printing = followed.submit(async (file: string) => {
        const { existsSync } = await import('node:fs');
        console.log('before');
        process.stderr.write('to stderr\n');
        while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
        console.log('after, ü');
        process.stdout.write('without newline');
        return 'printed';
      }, printGate.file);
    });

    it('is running while its job runs', async () => {
      await until(() => held.running());
      expect([held.state, held.done(), held.cancelled()]).toEqual(['running', false, false]);
      expect(held.jobId).toEqual(expect.any(String));
      expect(held.attempts).toBe(1);
      expect(inspect(held)).toBe(`Future { job ${held.jobId} running }`);
    });

    it('rejects a wait that takes longer than its timeout, and leaves the job alone', async () => {
      expect(await thrownBy(held.result(20))).toBeInstanceOf(TimeoutError);
      expect(await thrownBy(held.exception(20))).toBeInstanceOf(TimeoutError);
      expect(await thrownBy(held.result(0))).toBeInstanceOf(TimeoutError);
      expect(await thrownBy(held.result(-1))).toBeInstanceOf(TimeoutError);
      const signal = AbortSignal.abort('no patience');
      expect(await thrownBy(held.result({ signal }))).toBe('no patience');
      expect(held.done()).toBe(false);
    });

    it('finishes with the value, after its callbacks were added in order', async () => {
      const calls: unknown[] = [];
      held.addDoneCallback((future) => calls.push('first', future === held));
      held.addDoneCallback((future) => calls.push('second', future === held));
      gate.open();
      expect(await held).toBe('through');
      expect(await held.result()).toBe('through');
      expect(await held.result(0)).toBe('through');
      expect(await held.exception()).toBeUndefined();
      expect([held.state, held.done(), held.running(), held.cancelled()]).toEqual([
        'finished',
        true,
        false,
        false,
      ]);
      expect(calls).toEqual(['first', true, 'second', true]);
    });

    it('cannot be cancelled once it is done', async () => {
      await Promise.allSettled([finished, failed]);
      expect([finished.cancel(), finished.state]).toEqual([false, 'finished']);
      expect([failed.cancel(), failed.state]).toEqual([false, 'failed']);
    });

    it('tells what the call threw without throwing it', async () => {
      const error = await failed.exception();
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(failed)).toBe(`Future { job ${failed.jobId} failed raised TypeError }`);
    });

    it('tells where the call ran, and what it used', async () => {
      const pid = await finished;
      expect(finished.jobId).toMatch(/^\S+$/);
      expect(finished.host).toMatch(/^\S+$/);
      expect(finished.attempts).toBe(1);
      expect(finished.usage).toMatchObject({ pid, nodeVersion: process.version });
      const { startedAt, endedAt, userCpuMs, systemCpuMs, peakMemoryBytes } = finished.usage ?? {};
      expect(Number(endedAt)).toBeGreaterThanOrEqual(Number(startedAt));
      expect(userCpuMs).toBeGreaterThan(0);
      expect(systemCpuMs).toBeGreaterThanOrEqual(0);
      expect(peakMemoryBytes).toBeGreaterThan(2 ** 20);
      expect(failed.usage?.pid).toBeGreaterThan(0);
      expect(inspect(finished)).toBe(`Future { job ${finished.jobId} finished returned number }`);
    });

    it('shows what the call has written, while it runs and afterwards', async () => {
      // A worker's output is told apart at the end of each call.
      const [stdout, stderr] = sharesProcesses(subject) ? ['', ''] : ['before\n', 'to stderr\n'];
      await until(async () => (await printing.stdout()) === stdout);
      await until(async () => (await printing.stderr()) === stderr);
      expect(printing.done()).toBe(false);
      printGate.open();
      await printing;
      expect(await printing.stdout()).toBe('before\nafter, ü\nwithout newline');
      expect(await printing.stderr()).toBe('to stderr\n');
    });

    it('works in Promise.all, race, any and allSettled', async () => {
      expect(await Promise.all([a, b])).toEqual(['a', 'b']);
      expect(await Promise.race([a, new Promise(() => {})])).toBe('a');
      expect(await Promise.any([failed, b])).toBe('b');
      const settled = await Promise.allSettled([a, failed]);
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(a).toBeInstanceOf(Promise);
    });
  });
}
