import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JobCommands } from '../../lib/cluster/job-commands.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';

let commands: string[][];
let failing: number;
let failures: { jobIds: readonly string[]; error: unknown }[];
let jobCommands: JobCommands;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  [commands, failing, failures] = [[], 0, []];
  const system = new ScriptedSystem();
  system.remove = async (jobIds) => {
    commands.push([...jobIds]);
    failing -= 1;
    if (failing >= 0) throw new Error('schedd is busy');
  };
  jobCommands = new JobCommands(system, (jobIds, error) => failures.push({ jobIds, error }));
});
afterEach(() => {
  jest.useRealTimers();
});

/** Until all is done, letting the pauses pass. */
async function idle(): Promise<void> {
  const state = { isDone: false };
  void jobCommands.idle().then(() => (state.isDone = true));
  while (!state.isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(1000);
  }
}

describe('Removals of jobs', () => {
  it('of one tick are one command', async () => {
    for (let proc = 0; proc < 1000; proc += 1) jobCommands.remove(`1.${proc}`);
    await idle();
    expect(commands.map(({ length }) => length)).toEqual([1000]);
  });

  it('that fail are tried again, together with those that came meanwhile', async () => {
    failing = 2;
    jobCommands.remove('1.0');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    jobCommands.remove('2.0');
    await idle();
    expect(commands).toEqual([['1.0'], ['1.0', '2.0'], ['1.0', '2.0']]);
    expect(failures).toEqual([]);
  });

  it('that go on failing are told, with their ids', async () => {
    failing = Infinity;
    jobCommands.remove('1.0');
    await idle();
    expect(commands).toHaveLength(4);
    expect(failures).toEqual([{ jobIds: ['1.0'], error: new Error('schedd is busy') }]);
  });
});
