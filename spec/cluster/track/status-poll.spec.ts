import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobEvent } from '../../../lib/batch/batch-system.ts';
import type { Call } from '../../../lib/cluster/calls/call.ts';
import { newJob, type Job } from '../../../lib/cluster/track/job.ts';
import { StatusPoll } from '../../../lib/cluster/track/status-poll.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';

const MINUTE = 60_000;

let system: ScriptedSystem;
let asked: number;
let heard: JobEvent[];
let lost: Job[];
let check: StatusPoll;
const job = newJob({ key: '1' } as Call, '1.1');
beforeEach(() => {
  jest.useFakeTimers();
  system = new ScriptedSystem();
  asked = 0;
  const status = system.status.bind(system);
  system.status = async () => {
    asked += 1;
    return status();
  };
  [heard, lost] = [[], []];
  job.missing = 0;
  job.phase = 'open';
  check = new StatusPoll(system, (event) => heard.push(event), (missing) => lost.push(missing)); // prettier-ignore
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

  it('takes a job for lost when it is missing twice', async () => {
    await pass(MINUTE + 1000);
    expect(lost).toEqual([]);
    await pass(3 * MINUTE);
    expect(lost).toEqual([job]);
  });

  it('asks for jobs that are held on request, and not for those that are ending', async () => {
    const held = { jobId: '1.1', kind: 'held', reason: 'by hand' } as const;
    job.end = held;
    await pass(MINUTE + 1000);
    expect(asked).toBe(0);
    job.end = { ...held, requested: true };
    await pass(MINUTE + 1000);
    job.end = undefined;
    expect(asked).toBe(1);
  });

  it('asks for jobs whose calls are done, too, until they are gone', async () => {
    job.phase = 'settled';
    await pass(MINUTE + 1000);
    expect(asked).toBe(1);
    job.phase = 'gone';
    await pass(10 * MINUTE);
    expect(asked).toBe(1);
  });

  it('asks for jobs that are removed while they are held, until they are gone', async () => {
    job.phase = 'settled';
    job.end = { jobId: '1.1', kind: 'held', reason: 'by hand' };
    await pass(4 * MINUTE);
    job.end = undefined;
    expect(lost).toEqual([job]);
  });

  it('concludes nothing from no answer', async () => {
    system.status = async () => {
      asked += 1;
      throw new Error('schedd is down');
    };
    await pass(60 * MINUTE);
    expect(asked).toBeGreaterThan(2);
    expect([heard, lost]).toEqual([[], []]);
  });
});
