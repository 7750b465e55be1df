import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { TimeoutError } from '../../lib/base/errors.ts';
import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { wait, type WaitResult } from '../../lib/futures/wait.ts';
import { Gate, passGate } from '../support/gate.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

/** `wait` and `asCompleted` over jobs; what needs none is in wait.spec.ts and as-completed.spec.ts. */
export function waits(subject: Subject): void {
  describe('asCompleted and wait', () => {
    const executor = groupExecutor(subject);
    let second: Executor;
    let gates: Gate[];
    let calls: Future<number>[];
    let failure: Future<never>;

    beforeAll(() => {
      second = subject.makeExecutor();
    });
    afterAll(async () => second.shutdown());

    beforeEach(() => {
      gates = Array.from({ length: 3 }, () => new Gate(subject.options.directory));
      // Those of two executors, mixed.
      calls = gates.map((gate, index) =>
        (index === 1 ? second : executor()).submit(passGate<number>, gate.file, index),
      );
      failure = executor().submit((): never => {
        throw new Error('at once');
      });
    });

    /** The indexes of the done ones and of the others. */
    function partition({ done, notDone }: WaitResult<Future<unknown>>): number[][] {
      const all: Future<unknown>[] = [...calls, failure];
      return [done, notDone].map((set) => [...set].map((future) => all.indexOf(future)));
    }

    it('yields futures of several executors in the order in which they complete, failed ones too', async () => {
      const order: number[] = [];
      const opening = [2, 0, 1];
      for await (const [index] of asCompleted([failure, ...calls, failure]).entries()) {
        order.push(index);
        const next = opening.shift();
        if (next !== undefined) gates[next]?.open();
      }
      expect(order).toEqual([0, 3, 1, 2]);
    });

    it('stops waiting at its timeout, and leaves the jobs alone', async () => {
      await failure.exception();
      const yielded: number[] = [];
      const loop = async (): Promise<void> => {
        for await (const [index] of asCompleted([...calls, failure], { timeout: 50 }).entries())
          yielded.push(index);
      };
      const error = await thrownBy(loop());
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as Error).message).toBe('3 (of 4) futures unfinished');
      expect(yielded).toEqual([3]);
      expect(partition(await wait([...calls, failure], { timeout: 50 }))).toEqual([[3], [0, 1, 2]]);
      for (const gate of gates) gate.open();
      expect(await Promise.all(calls)).toEqual([0, 1, 2]);
    });

    it('waits for the first that is done, the first that failed, or all', async () => {
      gates[1]?.open();
      expect(partition(await wait(calls, { returnWhen: 'FIRST_COMPLETED' }))).toEqual([[1], [0, 2]]);
      const failed = await wait([...calls, failure], { returnWhen: 'FIRST_EXCEPTION' });
      expect(partition(failed)).toEqual([
        [1, 3],
        [0, 2],
      ]);
      for (const gate of gates) gate.open();
      const all = await wait([...calls, failure]);
      expect([all.done.size, all.notDone.size]).toEqual([4, 0]);
    });
  });
}
