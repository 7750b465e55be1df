import { describe, expect } from '@jest/globals';
import { SerializationError, TimeoutError } from '../../lib/base/errors.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, sharesProcesses, type Subject } from './subject.ts';

async function* upToThree(): AsyncGenerator<number> {
  yield* [1, 2, 3];
}

/** To be submitted: throws for 3. */
function notThree(x: number): number {
  if (x === 3) throw new RangeError('three');
  return x * 10;
}

/** Maps over jobs; what needs no jobs is in map-results.spec.ts. */
export function maps(subject: Subject): void {
  describe('map', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();

    atOnce('yields the results in the order of the items, whatever shares a job', async () => {
      const items = [1, 2, 3, 4, 5, 6];
      const options = [
        {},
        ...[2, 3, 4, 6, 100].map((chunkSize) => ({ chunkSize })),
        ...[2, 12].map((bufferSize) => ({ bufferSize, chunkSize: 2 })),
      ];
      const runs = options.map((given) => collect(executor().map((x: number) => x * x, items, given)));
      expect(await Promise.all(runs)).toEqual(options.map(() => [1, 4, 9, 16, 25, 36]));
    });

    atOnce('runs the calls of a chunk in one process, one after the other', async () => {
      const pids = await collect(executor().map(() => process.pid, [1, 2, 3, 4], { chunkSize: 2 }));
      expect(pids[0]).toBe(pids[1]);
      expect(pids[2]).toBe(pids[3]);
      if (!sharesProcesses(subject)) expect(pids[1]).not.toBe(pids[2]);
    });

    atOnce('takes lists of arguments with starmap, and items from an async iterable', async () => {
      const results = await Promise.all([
        collect(
          executor().starmap(
            (x: number, y: string) => `${x}${y}`,
            [
              [1, 'a'],
              [2, 'b'],
            ],
          ),
        ),
        collect(executor().map((x: number) => -x, upToThree())),
        collect(executor().map((x: number) => -x, [])),
      ]);
      expect(results).toEqual([['1a', '2b'], [-1, -2, -3], []]);
    });

    atOnce('yields in the order of completion if asked to', async () => {
      const gates = [new Gate(subject.options.directory), new Gate(subject.options.directory)];
      const lists = gates.map((gate, index) => [gate.file, index] as const);
      const results = executor().starmap(passGate<number>, lists, { ordered: false });
      gates[1]?.open();
      expect(await results.next()).toEqual({ value: 1, done: false });
      gates[0]?.open();
      expect(await collect(results)).toEqual([0]);
    });

    for (const chunkSize of [1, 2]) {
      atOnce(
        `throws an error when its turn comes, and then stops or goes on (chunkSize ${chunkSize})`,
        async () => {
          const items = [1, 2, 3, 4, 5];
          const stopping = executor().map(notThree, items, { chunkSize });
          const going = executor().map(notThree, items, { chunkSize, onError: 'continue' });
          for (const results of [stopping, going]) {
            expect([await results.next(), await results.next()]).toMatchObject([
              { value: 10 },
              { value: 20 },
            ]);
            expect(await thrownBy(results.next())).toMatchObject({ name: 'RangeError', message: 'three' });
          }
          expect(await stopping.next()).toEqual({ value: undefined, done: true });
          expect(await collect(going)).toEqual([40, 50]);
        },
      );
    }

    atOnce('fails the calls of a chunk whose process died', async () => {
      const results = executor().map(
        (x: number) => {
          if (x === 2) process.kill(process.pid, 'SIGKILL');
          return x;
        },
        [1, 2, 3],
        { chunkSize: 2, onError: 'continue' },
      );
      const deaths = [await thrownBy(results.next()), await thrownBy(results.next())];
      expect(deaths).toMatchObject([{ name: 'JobKilledError' }, { name: 'JobKilledError' }]);
      expect(await collect(results)).toEqual([3]);
    });

    atOnce('fails alone an item that cannot travel', async () => {
      const items: unknown[] = [1, new WeakRef({}), 3];
      const results = executor().map((x: unknown) => x, items, { chunkSize: 3, onError: 'continue' });
      expect(await results.next()).toMatchObject({ value: 1 });
      expect(await thrownBy(results.next())).toBeInstanceOf(SerializationError);
      expect(await collect(results)).toEqual([3]);
    });

    atOnce('takes from an endless source what the buffer has room for', async () => {
      let taken = 0;
      let closed = false;
      function* endless(): Generator<number> {
        try {
          for (;;) yield taken++;
        } finally {
          closed = true;
        }
      }
      const values: number[] = [];
      for await (const value of executor().map((x: number) => x, endless(), { bufferSize: 3 })) {
        values.push(value);
        if (values.length === 4) break;
      }
      expect(values).toEqual([0, 1, 2, 3]);
      expect(taken).toBeLessThanOrEqual(7);
      expect(closed).toBe(true);
    });

    atOnce('cancels what is left at its timeout, or when the loop is left', async () => {
      const gate = new Gate(subject.options.directory);
      const ownExecutor = subject.makeExecutor();
      const calls = Array.from({ length: 4 }, (_, index) => [gate.file, index] as const);
      const timed = ownExecutor.starmap(passGate<number>, calls, { timeout: 50 });
      const error = await thrownBy(timed.next());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(await timed.next()).toEqual({ value: undefined, done: true });
      const left = ownExecutor.starmap(passGate<number>, calls);
      await left.return();
      expect(await left.next()).toEqual({ value: undefined, done: true });
      // Its calls would never end: the gate stays shut.
      await ownExecutor.shutdown();
      expect(() => ownExecutor.map((x: number) => x, [])).toThrow('after shutdown');
    });
  });
}
