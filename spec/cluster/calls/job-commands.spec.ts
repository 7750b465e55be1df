import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JobCommands } from '../../../lib/cluster/calls/job-commands.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { thrownBy } from '../../support/thrown-by.ts';

let commands: string[][];
let failing: number;
let failures: { jobIds: readonly string[]; error: unknown }[];
let system: ScriptedSystem;
let jobCommands: JobCommands;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  [commands, failing, failures] = [[], 0, []];
  system = new ScriptedSystem();
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
    for (let proc = 0; proc < 1000; proc += 1) jobCommands.remove(`1.${proc}`, 'set');
    await idle();
    expect(commands.map(({ length }) => length)).toEqual([1000]);
  });

  it('that fail are tried again, together with those that came meanwhile', async () => {
    failing = 2;
    jobCommands.remove('1.0', 'set');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    jobCommands.remove('2.0', 'set');
    await idle();
    expect(commands).toEqual([['1.0'], ['1.0', '2.0'], ['1.0', '2.0']]);
    expect(failures).toEqual([]);
  });

  it('that go on failing are told, with their ids', async () => {
    failing = Infinity;
    jobCommands.remove('1.0', 'set');
    await idle();
    expect(commands).toHaveLength(12);
    expect(failures).toEqual([{ jobIds: ['1.0'], error: new Error('schedd is busy') }]);
  });
});

describe('Actions on jobs', () => {
  it('of one tick are one command for each action', async () => {
    const jobIds = Array.from({ length: 1000 }, (_, proc) => `1.${proc}`);
    const done = Promise.all(
      jobIds.flatMap((jobId) => [
        jobCommands.act(jobId, { kind: 'hold', reason: 'wait' }, 'set'),
        jobCommands.act(jobId, { kind: 'release' }, 'set'),
      ]),
    );
    await idle();
    await done;
    expect(system.actions).toEqual([
      { action: { kind: 'hold', reason: 'wait' }, jobIds },
      { action: { kind: 'release' }, jobIds },
    ]);
  });

  it('are done in the order in which they were asked for one job', async () => {
    const hold = { kind: 'hold' } as const;
    const release = { kind: 'release' } as const;
    for (const [jobId, action] of [
      ['a', hold],
      ['b', release],
      ['a', release],
      ['b', hold],
    ] as const)
      // prettier-ignore
      void jobCommands.act(jobId, action, 'set');
    jobCommands.remove('a', 'set');
    await idle();
    expect(system.actions).toEqual([
      { action: hold, jobIds: ['a'] },
      { action: release, jobIds: ['b', 'a'] },
      { action: hold, jobIds: ['b'] },
    ]);
    expect(commands).toEqual([['a']]);
  });

  it('with different reasons are different', async () => {
    void jobCommands.act('a', { kind: 'hold', reason: 'one' }, 'set');
    void jobCommands.act('b', { kind: 'hold', reason: 'other' }, 'set');
    await idle();
    expect(system.actions.map(({ jobIds }) => jobIds)).toEqual([['a'], ['b']]);
  });

  it('of different job sets are different', async () => {
    for (const [jobId, jobSetId] of Object.entries({ a: 'one', b: 'other', c: 'one' })) {
      void jobCommands.act(jobId, { kind: 'hold' }, jobSetId);
      jobCommands.remove(jobId, jobSetId);
    }
    await idle();
    expect(system.actions.map(({ jobIds }) => jobIds)).toEqual([['a', 'c'], ['b']]);
    expect(commands).toEqual([['a', 'c'], ['b']]);
  });

  it('fail for the jobs that were refused alone', async () => {
    system.refusals = new Map([['b', 'it is not running']]);
    const done = Promise.allSettled(
      ['a', 'b'].map(async (id) => jobCommands.act(id, { kind: 'suspend' }, 'set')),
    );
    await idle();
    const [accepted, refused] = await done;
    expect(accepted?.status).toBe('fulfilled');
    expect(refused).toMatchObject({
      reason: { name: 'JobControlError', action: 'suspend', jobId: 'b', reason: 'it is not running' },
    });
  });

  it('are tried again when there is no answer, and fail with it in the end', async () => {
    let tries = 0;
    system.act = async () => {
      tries += 1;
      throw new Error('schedd is busy');
    };
    const done = thrownBy(jobCommands.act('a', { kind: 'hold' }, 'set'));
    await idle();
    expect(await done).toEqual(new Error('schedd is busy'));
    expect([tries, failures]).toEqual([12, []]);
  });
});
