import { describe, expect, it } from '@jest/globals';
import { Endings } from '../../lib/workers/endings.ts';
import { WarmCall, Worker } from '../../lib/workers/model.ts';
import { WarmCalls } from '../../lib/workers/warm-calls.ts';
import type { WorkerFiles } from '../../lib/workers/worker-files.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';

/** Files whose answers come when the spec says so, and then all that were asked for by then. */
class SlowFiles implements Pick<WorkerFiles, 'withdraw' | 'hasOutcome'> {
  readonly #answers: (() => void)[] = [];

  async withdraw(): Promise<boolean> {
    return this.#later(true);
  }

  async hasOutcome(): Promise<boolean> {
    return this.#later(false);
  }

  /** Gives so many answers, in the order of the questions. */
  async answer(count: number): Promise<void> {
    for (const give of this.#answers.splice(0, count)) give();
    await new Promise(setImmediate);
  }

  async #later<T>(value: T): Promise<T> {
    return new Promise((resolve) => this.#answers.push(() => resolve(value)));
  }
}

const location = { batch: 1, offset: 0, length: 1, hash: '' };

function play(): { warmCalls: WarmCalls; files: SlowFiles; endings: Endings } {
  const warmCalls = new WarmCalls(() => {});
  const files = new SlowFiles();
  const setup = { inner: new ScriptedSystem(), jobSet: { id: 'set', directory: '/set' }, grace: 0 };
  const endings = new Endings(setup, warmCalls, files as unknown as WorkerFiles, () => {});
  return { warmCalls, files, endings };
}

describe('Departures', () => {
  it.each([
    ['for its outcome', [2, 2, 1, 1, 1, 1, 1]],
    ['for another call', [2, 1, 2, 1, 1, 1, 1]],
  ])(
    'take a call back once that is taken back twice, and was given on while one asked %s',
    async (_what, order) => {
      const { warmCalls, files, endings } = play();
      const pool = warmCalls.poolFor({});
      const [first, second] = [new Worker(1, pool), new Worker(2, pool)];
      const calls = ['1', '2'].map((key) => new WarmCall(key, location, pool));
      for (const call of calls) warmCalls.add(call);
      pool.take(2).forEach((call, index) => warmCalls.assign(call, first, index + 1));
      const both = [endings.withdraw(first, calls), endings.withdraw(first, calls)];
      for (const count of order) {
        await files.answer(count);
        // Those that wait are given on at once.
        for (const call of pool.take(2)) {
          second.lastAssignment += 1;
          warmCalls.assign(call, second, second.lastAssignment);
        }
      }
      await Promise.all(both);
      expect(pool.pending).toBe(0);
      expect([...second.assigned.keys()]).toEqual([1, 2]);
      expect(second.lastAssignment).toBe(2);
    },
  );
});
