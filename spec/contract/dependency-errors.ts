import { describe, expect } from '@jest/globals';
import { DependencyError } from '../../lib/base/errors.ts';
import { CancelledError, SerializationError } from '../../lib/base/errors.ts';
import { FutureController } from '../../lib/futures/future.ts';
import type { Future } from '../../lib/futures/future.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

const add = (x: number, y: number): number => x + y;
const increment = (x: number): number => x + 1;
const fail = (message: string): number => {
  throw new RangeError(message);
};

class Overdrawn extends Error {
  readonly by = 5;
}

/** What becomes of calls whose arguments hold futures that do not return, or not of this executor. */
export function dependencyErrors(subject: Subject): void {
  describe('a future as an argument that fails, or is refused', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const { directory } = subject.options;
    const newGate = (): Gate => new Gate(directory);

    atOnce('fails the call with a DependencyError when its own call fails, as soon as it does', async () => {
      const gate = newGate();
      const bad = executor().submit(fail, 'bad');
      const slow = executor().submit(passGate<number>, gate.file, 1);
      const future = executor().submit(add, slow, bad);
      const next = executor().submit(increment, future);
      for (const dependent of [future, next]) {
        const error = (await thrownBy(dependent)) as DependencyError;
        expect(error).toBeInstanceOf(DependencyError);
        expect(error).toMatchObject({
          name: 'DependencyError',
          jobId: bad.jobId,
          cause: await bad.exception(),
        });
        expect(error.message).toContain('RangeError: bad');
        expect(error.future).toBe(bad);
        expect([dependent.state, dependent.jobId, dependent.attempts]).toEqual(['failed', undefined, 0]);
      }
      expect(slow.done()).toBe(false);
      gate.open();
      const late = (await thrownBy(executor().submit(increment, bad))) as DependencyError;
      expect(late.future).toBe(bad);
      const unsent = executor().submit(increment, new WeakRef({}) as never);
      expect(await thrownBy(executor().submit(increment, unsent))).toMatchObject({
        name: 'DependencyError',
        cause: { name: 'SerializationError' },
      });
      expect(await slow).toBe(1);
    });

    atOnce('cancels the call when it is cancelled itself', async () => {
      const gate = newGate();
      const given = executor().submit(passGate<number>, gate.file, 1);
      const chain = [executor().submit(increment, given)];
      for (let length = 0; length < 3; length += 1)
        chain.push(executor().submit(increment, chain.at(-1) as never));
      given.cancel('why');
      for (const future of [...chain, executor().submit(increment, given)]) {
        expect(await thrownBy(future)).toBeInstanceOf(CancelledError);
        expect([future.state, future.attempts]).toEqual(['cancelled', 0]);
      }
      expect(await thrownBy(chain[0] as Future<number>)).toMatchObject({ cause: { cause: 'why' } });
    });

    atOnce("is refused where it is not this executor's, or not an argument, with the way out", async () => {
      const other = subject.makeExecutor();
      const theirs = other.submit(increment, 1);
      const own = executor().submit(increment, 1);
      const { future: made } = new FutureController<number>({
        jobId: undefined,
        host: undefined,
        usage: undefined,
        attempts: 0,
        stdout: async () => '',
        stderr: async () => '',
        onCancel: () => {},
      });
      const refused: [Future<unknown>, RegExp][] = [
        [executor().submit(increment, theirs), /a Future of another job set .*\n {2}Await it/],
        [executor().submit((x: number[]) => x, [made]), /a Future of another job set .*\n {2}Await it/],
        [executor().submit((x: unknown) => x, new Promise(() => {})), /a pending Promise\n {2}Await it/],
        [executor().submit(() => own), /captured variable 'own'[^]*a Future\n {2}Await it/],
      ];
      for (const [future, words] of refused) {
        const error = await thrownBy(future);
        expect(error).toBeInstanceOf(SerializationError);
        expect((error as Error).message).toMatch(words);
      }
      await other.shutdown();
    });

    atOnce('may be an item of map and starmap, where an error fails its own call alone', async () => {
      const numbers = [1, 2, 3].map((x) => executor().submit(increment, x));
      const [first, ...others] = numbers as [Future<number>, ...Future<number>[]];
      expect(await collect(executor().map((x: number) => x * 10, numbers))).toEqual([20, 30, 40]);
      const lists = numbers.map((x): [Future<number>, Future<number>] => [x, first]);
      expect(await collect(executor().starmap(add, lists, { chunkSize: 2 }))).toEqual([4, 5, 6]);
      const bad = executor().submit((): number => {
        throw new Overdrawn('bad');
      });
      const results = executor().map(increment, [...others, bad, first], {
        chunkSize: 4,
        onError: 'continue',
      });
      expect([(await results.next()).value, (await results.next()).value]).toEqual([4, 5]);
      const error = (await thrownBy(results.next())) as DependencyError;
      expect(error).toBeInstanceOf(DependencyError);
      expect(error.cause).toBeInstanceOf(Overdrawn);
      expect(error).toMatchObject({ jobId: bad.jobId, cause: { message: 'bad', by: 5 } });
      expect((await results.next()).value).toBe(3);
    });
  });
}
