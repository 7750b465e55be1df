import { randomUUID } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { outcomesDirectory, resultsDirectory } from '../../lib/job-set/names.ts';
import { Gate, passGate } from '../support/gate.ts';
import { startProgram } from '../support/run-program.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { groupExecutor, type Subject } from './subject.ts';

const add = (x: number, y: number): number => x + y;
const increment = (x: number): number => x + 1;
const fail = (message: string): number => {
  throw new RangeError(message);
};

class Account {
  readonly #balance: number;
  constructor(balance: number) {
    this.#balance = balance;
  }
  get balance(): number {
    return this.#balance;
  }
}

/** Futures among the arguments of calls. */
export function dependencies(subject: Subject): void {
  describe('a future as an argument', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const { directory } = subject.options;
    const newGate = (): Gate => new Gate(directory);

    atOnce('stands for its value, wherever it is among the arguments', async () => {
      const one = executor().submit(increment, 0);
      const list = executor().submit(() => [1, 2]);
      const look = (
        x: number,
        pair: [number[], { deep: number }],
        map: Map<string, number>,
        set: Set<number>,
      ) => [x, pair, [...map], [...set]] as const;
      const future = executor().submit(
        look,
        one,
        [list, { deep: one }],
        new Map([['a', one]]),
        new Set([one]),
      );
      expect(await future).toEqual([1, [[1, 2], { deep: 1 }], [['a', 1]], [1]]);
    });

    atOnce('is one object, however often it is given', async () => {
      const list = executor().submit(() => [1]);
      const future = executor().submit((a: number[], b: { c: number[] }) => a === b.c, list, { c: list });
      expect(await future).toBe(true);
    });

    atOnce('gives each call a copy of its own, of what the job has returned', async () => {
      const list = executor().submit(() => [1]);
      const push = (numbers: number[]): number => numbers.push(0);
      const early = executor().submit(push, list);
      (await list).push(2, 3);
      expect(await Promise.all([early, executor().submit(push, list)])).toEqual([2, 2]);
    });

    atOnce("brings instances of the caller's classes, and functions", async () => {
      const account = executor().submit((balance: number) => new Account(balance), 7);
      const twice = executor().submit(() => (x: number) => x * 2);
      const look = (given: Account, fn: (x: number) => number): unknown => [
        given instanceof Account,
        fn(given.balance),
      ];
      expect(await executor().submit(look, account, twice)).toEqual([true, 14]);
    });

    atOnce('may have been given others in turn: chains and diamonds', async () => {
      let last = executor().submit(increment, 0);
      for (let length = 1; length < 5; length += 1) last = executor().submit(increment, last);
      const top = executor().submit(increment, 10);
      const [left, right] = [executor().submit(increment, top), executor().submit(add, top, 100)];
      expect(await Promise.all([last, executor().submit(add, left, right)])).toEqual([5, 123]);
    });

    atOnce('may be needed by many', async () => {
      const gate = newGate();
      const one = executor().submit(passGate<number>, gate.file, 1);
      const many = Array.from({ length: 40 }, (_, x) => executor().submit(add, one, x));
      await until(() => gate.reached);
      expect(many.every(({ jobId }) => jobId === undefined)).toBe(true);
      gate.open();
      expect(await Promise.all(many)).toEqual(Array.from({ length: 40 }, (_, x) => x + 1));
    });

    atOnce('lets the other arguments be copied before submit returns', async () => {
      const gate = newGate();
      const list = [1];
      const box: { list: number[]; self?: Future<unknown> } = { list };
      const given = executor().submit(passGate<number>, gate.file, 1);
      const future = executor().submit(
        (_x: number, b: { list: number[] }) => [b.list, Object.keys(b)],
        given,
        box,
      );
      list.push(2);
      box.self = future;
      gate.open();
      expect(await future).toEqual([[1], ['list']]);
    });

    atOnce('is done only when its call is tried no more', async () => {
      const file = join(directory, `tries-${randomUUID()}`);
      const unreliable = async (path: string): Promise<string> => {
        const fs = await import('node:fs');
        fs.appendFileSync(path, '.');
        const tries = fs.readFileSync(path, 'utf8');
        if (tries.length < 3) throw new Error(tries);
        return tries;
      };
      const given = executor().with({ retries: 2 }).submit(unreliable, file);
      expect(await executor().submit((tries: string) => tries.length, given)).toBe(3);
    });

    atOnce('does not keep the call from being cancelled at once', async () => {
      const gate = newGate();
      const given = executor().submit(passGate<number>, gate.file, 1);
      const future = executor().submit(increment, given);
      expect([future.cancel(), future.state]).toEqual([true, 'cancelled']);
      gate.open();
      expect(await given).toBe(1);
      expect(await executor().submit(increment, given)).toBe(2);
      expect([future.jobId, future.attempts]).toEqual([undefined, 0]);
    });

    it('may be long done, and its files gone', async () => {
      const own = subject.makeExecutor() as ReturnType<Subject['makeExecutor']> & {
        jobSetDirectory?: string;
      };
      const list = own.submit(() => ({ numbers: [1, 2] }));
      const bad = own.submit(fail, 'bad');
      (await list).numbers.push(3);
      await thrownBy(bad);
      const outcomes = outcomesDirectory(own.jobSetDirectory ?? '');
      await until(() => !readdirSync(outcomes).includes('1'));
      const count = ({ numbers }: { numbers: number[] }): number => numbers.length;
      expect(await Promise.all([own.submit(count, list), own.submit(count, list)])).toEqual([2, 2]);
      const results = resultsDirectory(own.jobSetDirectory ?? '');
      await until(() => readdirSync(results).length === 0);
      expect(await own.submit(count, list)).toBe(2);
      await own.shutdown();
    });

    it.each([false, true])(
      'keeps shutdown waiting for the call, with cancelFutures: %p',
      async (cancelFutures) => {
        const own = subject.makeExecutor();
        const gate = newGate();
        const given = own.submit(passGate<number>, gate.file, 1);
        const future = own.submit(increment, given);
        await until(() => gate.reached && given.running());
        const ending = own.shutdown({ cancelFutures });
        gate.open();
        await ending;
        expect([given.state, future.state]).toEqual(['finished', cancelFutures ? 'cancelled' : 'finished']);
      },
    );

    it('leaves the place in the queue to what it waits for, with maxInFlight: 1', async () => {
      const own = subject.makeExecutor({ maxInFlight: 1 });
      const gate = newGate();
      const first = own.submit(passGate<number>, gate.file, 1);
      const second = own.submit(increment, first);
      const third = own.submit(increment, second);
      const between = own.submit(increment, 10);
      gate.open();
      expect(await Promise.all([third, between])).toEqual([3, 11]);
      await own.shutdown();
    });

    it.each(['waiting', 'half done'])(
      'is waited for by attach, after the program was killed when it had said: %s',
      async (words) => {
        const gate = newGate();
        const runs = join(directory, `runs-${randomUUID()}`);
        appendFileSync(runs, '');
        const program = startProgram(`
          const executor = new condorFutures.${subject.name}(${JSON.stringify(subject.options)});
          const note = async (file, x) => {
            const { appendFileSync, existsSync } = await import('node:fs');
            appendFileSync(file, x + '\\n');
            while (x === 1 && !existsSync(${JSON.stringify(gate.file)})) await new Promise((go) => setTimeout(go, 20));
            return x;
          };
          const file = ${JSON.stringify(runs)};
          const zero = executor.submit(note, file, 0);
          const one = executor.submit(note, file, 1);
          const add = async (f, note, ...list) => note(f, 10 * list.flat().reduce((sum, x) => sum + x, 0));
          const both = executor.submit(add, file, note, one, [zero, one]);
          const last = executor.submit(add, file, note, both, zero);
          const bad = executor.submit(() => { throw new RangeError('bad'); });
          const never = executor.submit(note, file, bad);
          executor.map((x) => { if (x === 0) throw new Error('none'); return [x]; }, [0, 4], { chunkSize: 2 });
          console.log('id ' + executor.id + '.');
          await Promise.allSettled([zero, never]);
          // What is written down of them is what attach goes by.
          while (one.jobId === undefined) await new Promise((go) => setTimeout(go, 5));
          console.log('waiting');
          await both;
          console.log('half done');
          await last;
        `);
        if (words === 'half done') gate.open();
        await program.printed(words);
        program.signal('SIGKILL');
        const { stdout } = await program.ended;
        gate.open();
        const attached = await subject.attach(/id (.*)\./.exec(stdout)?.[1] as string);
        const outcomes = await Promise.allSettled(attached.futures);
        expect(outcomes.map((outcome) => (outcome as { value?: unknown }).value)).toEqual([
          0,
          1,
          20,
          200,
          undefined,
          undefined,
          undefined,
          [4],
        ]);
        expect(outcomes[5]).toMatchObject({ reason: { name: 'DependencyError', cause: { message: 'bad' } } });
        expect(
          readFileSync(runs, 'utf8')
            .trim()
            .split('\n')
            .map(Number)
            .toSorted((a, b) => a - b),
        ).toEqual([0, 1, 20, 200]);
        const [zero, one, , , , , none, four] = attached.futures as Future<never>[];
        expect(await attached.submit(add, zero as Future<number>, one as Future<number>)).toBe(1);
        expect(await attached.submit(([x]: number[]) => x, four as Future<number[]>)).toBe(4);
        expect(await thrownBy(attached.submit(increment, none as Future<number>))).toMatchObject({
          name: 'DependencyError',
          cause: { message: 'none' },
        });
        await attached.shutdown();
      },
    );
  });
}
