import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { CancelledError } from '../../lib/base/errors.ts';
import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { beat, beatInChild, untilStill } from '../support/beat.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { groupExecutor, type Subject } from './subject.ts';

/** What `cancel()` and signals do. */
export function cancellation(subject: Subject): void {
  describe('cancel()', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const newFile = (): string => join(subject.options.directory, `beat-${randomUUID()}`);

    atOnce('before the call is submitted: it never runs', async () => {
      const file = newFile();
      const future = executor().submit(beat, file);
      const callbacks: unknown[] = [];
      future.addDoneCallback((done) => callbacks.push(done));
      expect(future.cancel()).toBe(true);
      expect(callbacks[0]).toBe(future);
      expect([future.state, future.cancelled(), future.done(), future.running()]).toEqual([
        'cancelled',
        true,
        true,
        false,
      ]);
      expect(future.cancel()).toBe(true);
      expect(callbacks).toHaveLength(1);
      const later = executor().submit(() => 'later');
      expect(await later).toBe('later');
      expect(existsSync(file)).toBe(false);
      expect([future.jobId, future.attempts]).toEqual([undefined, 0]);
    });

    atOnce('rejects all who wait with a CancelledError that has the reason as its cause', async () => {
      const future = executor().submit(() => 1);
      const waiting = [future.result(), future.exception(), future.result({ timeout: 60_000 })].map(thrownBy);
      future.cancel('not needed');
      for (const error of await Promise.all(waiting)) {
        expect(error).toBeInstanceOf(CancelledError);
        expect(error).toMatchObject({ name: 'CancelledError', cause: 'not needed' });
      }
      expect(await thrownBy(future)).toBeInstanceOf(CancelledError);
      expect(await thrownBy(future.exception(0))).toBeInstanceOf(CancelledError);
    });

    atOnce('while the call waits in the queue: it never runs, and the others do', async () => {
      const gate = new Gate(subject.options.directory);
      const calls = manyCalls(executor(), gate, 20);
      await until(
        () => calls.some((call) => call.running()) && calls.every((call) => call.jobId !== undefined),
      );
      const waiting = calls.filter((call) => !call.running());
      expect(waiting.map((call) => call.cancel())).toEqual(waiting.map(() => true));
      gate.open();
      const others = calls.filter((call) => !waiting.includes(call));
      expect(await Promise.all(others)).toEqual(others.map((call) => calls.indexOf(call)));
      expect(waiting.map((call) => call.state)).toEqual(waiting.map(() => 'cancelled'));
    });

    atOnce('while the call runs: its process ends', async () => {
      const file = newFile();
      const future = executor().submit(beat, file);
      await until(() => future.running() && existsSync(file));
      expect(future.cancel()).toBe(true);
      expect(future.state).toBe('cancelled');
      expect(await thrownBy(future)).toBeInstanceOf(CancelledError);
      await untilStill(file);
    });

    atOnce('while the call runs: the processes that it has started end, too', async () => {
      const file = newFile();
      const future = executor().submit(beatInChild, file, 'stay');
      await until(() => future.running() && existsSync(file));
      future.cancel();
      await untilStill(file);
    });

    atOnce('while the call is suspended: its process ends', async () => {
      const file = newFile();
      const future = executor().submit(async (path: string) => {
        const { writeFileSync } = await import('node:fs');
        process.on('exit', () => writeFileSync(path, 'ended'));
        process.on('SIGTERM', () => process.exit());
        writeFileSync(path, 'running');
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      }, file);
      await until(() => future.running() && existsSync(file));
      await future.suspend();
      future.cancel();
      await until(() => readFileSync(file, 'utf8') === 'ended');
      expect(future.state).toBe('cancelled');
    });

    atOnce('by the signal that was given to with(), also while the call runs', async () => {
      const file = newFile();
      const controller = new AbortController();
      const withSignal = executor().with({ signal: controller.signal });
      const running = withSignal.submit(beat, file);
      const other = executor().submit(() => 'not this one');
      await until(() => existsSync(file));
      const waiting = withSignal.submit(() => 1);
      controller.abort('stop');
      const late = withSignal.submit(() => 1);
      for (const future of [running, waiting, late]) {
        expect(future.state).toBe('cancelled');
        expect(await thrownBy(future)).toMatchObject({ name: 'CancelledError', cause: 'stop' });
      }
      expect(await other).toBe('not this one');
      await untilStill(file);
    });

    atOnce('at whatever moment of the submission, and shutdown still ends', async () => {
      const ownExecutor = subject.makeExecutor();
      const calls: Future<unknown>[] = [];
      for (let moment = 0; moment < 8; moment += 1) {
        const call = ownExecutor.submit(() => new Promise((resolve) => setTimeout(resolve, 600_000)));
        calls.push(call);
        for (let turn = 0; turn < moment ** 2; turn += 1)
          await new Promise((resolve) => setImmediate(resolve));
        call.cancel();
      }
      await ownExecutor.shutdown();
      expect(calls.map((call) => call.state)).toEqual(calls.map(() => 'cancelled'));
    });
  });
}

function manyCalls(executor: Executor, gate: Gate, count: number): Future<number>[] {
  return Array.from({ length: count }, (_, index) => executor.submit(passGate<number>, gate.file, index));
}
