import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Removals } from '../../lib/cluster/removals.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';

let commands: string[][];
let failing: number;
let failures: { jobIds: readonly string[]; error: unknown }[];
let removals: Removals;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  [commands, failing, failures] = [[], 0, []];
  const system = new ScriptedSystem();
  system.remove = async (jobIds) => {
    commands.push([...jobIds]);
    failing -= 1;
    if (failing >= 0) throw new Error('schedd is busy');
  };
  removals = new Removals(system, (jobIds, error) => failures.push({ jobIds, error }));
});
afterEach(() => {
  jest.useRealTimers();
});

/** Until all is done, letting the pauses pass. */
async function idle(): Promise<void> {
  const state = { isDone: false };
  void removals.idle().then(() => (state.isDone = true));
  while (!state.isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(1000);
  }
}

describe('Removals', () => {
  it('of one tick are one command', async () => {
    for (let proc = 0; proc < 1000; proc += 1) removals.add(`1.${proc}`);
    await idle();
    expect(commands.map(({ length }) => length)).toEqual([1000]);
  });

  it('that fail are tried again, together with those that came meanwhile', async () => {
    failing = 2;
    removals.add('1.0');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    removals.add('2.0');
    await idle();
    expect(commands).toEqual([['1.0'], ['1.0', '2.0'], ['1.0', '2.0']]);
    expect(failures).toEqual([]);
  });

  it('that go on failing are told, with their ids', async () => {
    failing = Infinity;
    removals.add('1.0');
    await idle();
    expect(commands).toHaveLength(12);
    expect(failures).toEqual([{ jobIds: ['1.0'], error: new Error('schedd is busy') }]);
  });
});
