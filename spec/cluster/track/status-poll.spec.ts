import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { NEW_LIFE } from '../../../lib/batch/job-life.ts';
import { type PolledJob, StatusPoll } from '../../../lib/cluster/track/status-poll.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';

const MINUTE = 60_000;

let system: ScriptedSystem;
let asked: number;
let heard: unknown[];
let missing: PolledJob[];
let check: StatusPoll<PolledJob>;
const job = { jobId: '1.1', life: NEW_LIFE };
beforeEach(() => {
  jest.useFakeTimers();
  system = new ScriptedSystem();
  asked = 0;
  const status = system.status.bind(system);
  system.status = async () => {
    asked += 1;
    return status();
  };
  [heard, missing] = [[], []];
  job.life = NEW_LIFE;
  check = new StatusPoll(system, 'set', (event) => heard.push(event), (one) => missing.push(one)); // prettier-ignore
});
afterEach(() => {
  jest.useRealTimers();
});

/** Lets time pass, with a tick in each second. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 1000) {
    await jest.advanceTimersByTimeAsync(1000);
    check.onTick([job]);
  }
  await jest.advanceTimersByTimeAsync(0);
}

describe('StatusPoll', () => {
  it('asks after a minute of silence, and tells what it hears', async () => {
    const event = { jobId: '1.1', kind: 'held', reason: 'why not' } as const;
    system.known = new Map([['1.1', event]]);
    await pass(MINUTE - 2000);
    expect(asked).toBe(0);
    await pass(3000);
    expect([asked, heard]).toEqual([1, [event]]);
  });

  it('asks nothing while something is heard', async () => {
    for (let minute = 0; minute < 10; minute += 1) {
      await pass(MINUTE - 2000);
      check.onHeard();
    }
    expect(asked).toBe(0);
  });

  it('asks now and then though something is heard, as the end of one job may have been lost', async () => {
    for (let minute = 0; minute < 21; minute += 1) {
      await pass(MINUTE - 2000);
      check.onHeard();
    }
    expect(asked).toBe(2);
  });

  it('asks at once if it is told to', async () => {
    check.pollSoon();
    check.onHeard();
    await pass(1000);
    expect(asked).toBe(1);
  });

  it('asks ever less often while nothing is heard', async () => {
    system.known = new Map([['1.1', { jobId: '1.1', kind: 'queued' }]]);
    await pass(60 * MINUTE);
    expect(asked).toBeGreaterThan(4);
    expect(asked).toBeLessThan(12);
  });

  it('tells which jobs are missing in each answer', async () => {
    await pass(MINUTE + 1000);
    expect(missing).toEqual([job]);
    await pass(3 * MINUTE);
    expect(missing).toEqual([job, job]);
  });

  it('asks for jobs that are held on request, and not for those that are ending', async () => {
    const held = { jobId: '1.1', kind: 'held', reason: 'by hand' } as const;
    job.life = { ...NEW_LIFE, state: 'held', end: held, deadline: 0 };
    await pass(MINUTE + 1000);
    expect(asked).toBe(0);
    job.life = { ...job.life, deadline: Infinity };
    await pass(MINUTE + 1000);
    expect(asked).toBe(1);
  });

  it('asks for jobs whose calls are done, too, until they are gone', async () => {
    job.life = { ...NEW_LIFE, state: 'settled' };
    await pass(MINUTE + 1000);
    expect(asked).toBe(1);
    job.life = { ...job.life, end: { jobId: '1.1', kind: 'ended' } };
    await pass(10 * MINUTE);
    expect(asked).toBe(1);
  });

  it('asks for jobs that are removed while they are held, until they are gone', async () => {
    job.life = { ...NEW_LIFE, state: 'settled', end: { jobId: '1.1', kind: 'held', reason: 'by hand' } };
    await pass(MINUTE + 1000);
    expect(missing).toEqual([job]);
  });

  it('concludes nothing from no answer', async () => {
    system.status = async () => {
      asked += 1;
      throw new Error('schedd is down');
    };
    await pass(60 * MINUTE);
    expect(asked).toBeGreaterThan(2);
    expect([heard, missing]).toEqual([[], []]);
  });
});
