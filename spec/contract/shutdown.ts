import { describe, expect } from '@jest/globals';
import { ShutdownError } from '../../lib/base/errors.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import type { Subject } from './subject.ts';

/** What `shutdown()` and the end of an `await using` block promise. */
export function shutdown({ makeExecutor, options: { directory } }: Subject): void {
  describe('shutdown', () => {
    const atOnce = testsAtOnce();
    atOnce('takes no more calls, but waits for those it has', async () => {
      const executor = makeExecutor();
      const derived = executor.with({ retries: 1 });
      const call = executor.submit(() => 'done');
      const ending = executor.shutdown();
      for (const closed of [executor, derived]) {
        expect(() => closed.submit(() => 1)).toThrow(ShutdownError);
        expect(() => closed.map(() => 1, [])).toThrow(ShutdownError);
        expect(() => closed.starmap(() => 1, [])).toThrow(ShutdownError);
      }
      expect(call.done()).toBe(false);
      await ending;
      expect(call.state).toBe('finished');
      expect(await call).toBe('done');
      await executor.shutdown();
      await derived.shutdown({ wait: false, cancelFutures: true });
    });

    atOnce('ends at once if nothing was ever submitted', async () => {
      const executor = makeExecutor();
      await executor.shutdown();
      expect(() => executor.submit(() => 1)).toThrow('Cannot schedule new futures after shutdown');
    });

    atOnce('refuses options that it does not have', async () => {
      const executor = makeExecutor();
      expect(await thrownBy(executor.shutdown({ cancelPending: true } as never))).toBeInstanceOf(TypeError);
      expect(await executor.submit(() => 'still open')).toBe('still open');
      await executor.shutdown();
    });

    atOnce('does not wait with wait: false, and the calls still end', async () => {
      const executor = makeExecutor();
      const gate = new Gate(directory);
      const call = executor.submit(passGate<string>, gate.file, 'through');
      await executor.shutdown({ wait: false });
      expect(call.done()).toBe(false);
      gate.open();
      expect(await call).toBe('through');
      await executor.shutdown();
    });

    for (const wait of [true, false]) {
      atOnce(
        `cancels what has not started with cancelFutures, and lets the rest end (wait: ${wait})`,
        async () => {
          const executor = makeExecutor();
          const gate = new Gate(directory);
          const calls = Array.from({ length: 20 }, (_, index) =>
            executor.submit(passGate<number>, gate.file, index),
          );
          await until(() => calls.some((call) => call.running()));
          const running = calls.filter((call) => call.running());
          const ending = executor.shutdown({ wait, cancelFutures: true });
          expect(calls.filter((call) => call.cancelled())).toHaveLength(calls.length - running.length);
          gate.open();
          await ending;
          await executor.shutdown();
          expect(calls.every((call) => call.done())).toBe(true);
          expect(await Promise.all(running)).toEqual(running.map((call) => calls.indexOf(call)));
          expect(await Promise.all(running.map(async (call) => call.exception()))).toEqual(
            running.map(() => undefined),
          );
        },
      );
    }

    atOnce('cancels all at once if nothing has been submitted yet', async () => {
      const executor = makeExecutor();
      const calls = [1, 2, 3].map((x) => executor.submit((y: number) => y, x));
      await executor.shutdown({ cancelFutures: true });
      expect(calls.map((call) => call.state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    });

    atOnce('ends although calls fail, die or cannot travel after it began', async () => {
      const executor = makeExecutor();
      const calls = [
        executor.submit(() => process.kill(process.pid, 'SIGKILL')),
        executor.submit(() => process.exit(1)),
        executor.submit((x: unknown) => x, new WeakRef({})),
        executor.submit(() => new WeakRef({})),
      ];
      await executor.shutdown();
      expect(calls.map((call) => call.state)).toEqual(['failed', 'failed', 'failed', 'failed']);
    });

    atOnce(
      'comes at the end of `await using`, which waits for the calls and passes an error of the block on',
      async () => {
        const states: string[] = [];
        const block = async (): Promise<void> => {
          await using executor = makeExecutor();
          executor.submit(() => 1).addDoneCallback((future) => states.push(future.state));
          throw new Error('of the block');
        };
        expect(await thrownBy(block())).toMatchObject({ message: 'of the block' });
        expect(states).toEqual(['finished']);
      },
    );
  });
}
