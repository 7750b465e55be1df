import { describe, expect, it } from '@jest/globals';
import { Departures } from '../../lib/workers/endings.ts';
import { newCall } from '../../lib/workers/model.ts';
import { Warm } from '../../lib/workers/warm-calls.ts';
import type { WorkerFiles } from '../../lib/workers/worker-files.ts';
import { newWorker } from '../../lib/workers/model.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';

/** Files whose answers come when the spec says so, and then all that were asked for by then. */
class SlowFiles implements Pick<WorkerFiles, 'takeBack' | 'hasOutcome'> {
  readonly #answers: (() => void)[] = [];

  async takeBack(): Promise<boolean> {
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

function play(): { warm: Warm; files: SlowFiles; departures: Departures } {
  const warm = new Warm(() => {});
  const files = new SlowFiles();
  const departures = new Departures({
    warm,
    files: files as unknown as WorkerFiles,
    inner: new ScriptedSystem(),
    grace: 0,
    isStopped: () => false,
    onChange: () => {},
  });
  return { warm, files, departures };
}

describe('Departures', () => {
  it.each([
    ['for its outcome', [2, 2, 1, 1, 1, 1, 1]],
    ['for another call', [2, 1, 2, 1, 1, 1, 1]],
  ])(
    'take a call back once that is taken back twice, and was given on while one asked %s',
    async (_what, order) => {
      const { warm, files, departures } = play();
      const pool = warm.poolOf({});
      const [first, second] = [newWorker(1, pool), newWorker(2, pool)];
      const calls = ['1', '2'].map((key) => newCall(`call.${key}`, key, location, pool));
      for (const call of calls) warm.add(call);
      pool.take(2).forEach((call, index) => warm.assign(call, first, index + 1));
      const both = [departures.takeBack(first, calls), departures.takeBack(first, calls)];
      for (const count of order) {
        await files.answer(count);
        // Those that wait are given on at once.
        for (const call of pool.take(2)) {
          second.lastAssignment += 1;
          warm.assign(call, second, second.lastAssignment);
        }
      }
      await Promise.all(both);
      expect(pool.waiting).toBe(0);
      expect([...second.assigned.keys()]).toEqual([1, 2]);
      expect(second.lastAssignment).toBe(2);
    },
  );
});
