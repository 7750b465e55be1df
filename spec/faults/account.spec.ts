import { describe, expect, it } from '@jest/globals';
import { CancelledError } from '../../lib/base/errors.ts';
import { JobHeldError, JobKilledError, JobLostError } from '../../lib/base/job-errors.ts';
import { account, type Evidence } from './account.ts';
import type { CallKind, PlannedCall } from './plan.ts';
import type { Settled } from './settled.ts';

const call = (id: number, kind: CallKind): PlannedCall => ({
  id,
  kind,
  milliseconds: 1,
  job: id,
  cancelAt: 0,
});
const failure = {
  jobId: '1.0',
  host: undefined,
  attempts: 1,
  memoryUsed: undefined,
  memoryRequested: undefined,
  stderrTail: '',
  stderrFile: undefined,
};
const died = new JobKilledError('died', { ...failure, signal: 9 });
const held = new JobHeldError('held', { ...failure, holdReason: 'by hand' });

/** One call with one job, one run, and no faults, but for what is given. */
function evidence(kind: CallKind, outcomes: Settled['outcomes'], more: Partial<Evidence> = {}): Evidence {
  return {
    settled: [{ call: call(1, kind), outcomes }],
    runs: [{ id: 1, pid: 77, key: '1' }],
    jobs: [{ jobId: '1.0', key: '1', shadows: 1 }],
    faults: { counts: new Map(), killedPids: new Set(), heldJobs: new Set(), removedJobs: new Set() },
    ...more,
  };
}

const faults = {
  counts: new Map(),
  killedPids: new Set([77]),
  heldJobs: new Set(['1.0']),
  removedJobs: new Set<string>(),
};

describe('The account', () => {
  it.each<[string, Evidence]>([
    ['a value', evidence('quick', [{ value: 2 }])],
    ['what the call threw', evidence('throwing', [{ error: new RangeError('call 1') }])],
    ['a cancelled call', evidence('cancelled', [{ error: new CancelledError('cancelled') }])],
    ['a call that killed itself', evidence('killed', [{ error: died }])],
    ['a call that was killed', evidence('quick', [{ error: died }], { faults })],
    ['a job that was held', evidence('quick', [{ error: held }], { faults })],
    [
      'a job that stands in the history twice',
      evidence('quick', [{ value: 2 }], {
        jobs: [1, 2].map(() => ({ jobId: '1.0', key: '1', shadows: 1 })),
      }),
    ],
    [
      'two runs by two shadows',
      evidence('quick', [{ value: 2 }], {
        runs: [1, 2].map((pid) => ({ id: 1, pid, key: '1' })),
        jobs: [{ jobId: '1.0', key: '1', shadows: 2 }],
      }),
    ],
  ])('is content with %s', (_, given) => {
    expect(account(given)).toEqual({ hung: [], lost: [], doubled: [] });
  });

  it.each<[string, 'hung' | 'lost' | 'doubled', Evidence]>([
    ['a call that is not settled', 'hung', evidence('quick', [])],
    ['a call that is settled twice', 'doubled', evidence('quick', [{ value: 2 }, { value: 2 }])],
    ['a wrong value', 'lost', evidence('quick', [{ value: 3 }])],
    ['a value where an error is due', 'lost', evidence('throwing', [{ value: 2 }])],
    ['a value of nothing that ran', 'lost', evidence('quick', [{ value: 2 }], { runs: [] })],
    ['a death that nobody caused', 'lost', evidence('quick', [{ error: died }])],
    ['a hold that nobody asked for', 'lost', evidence('quick', [{ error: held }])],
    [
      'a job that was lost',
      'lost',
      evidence('quick', [{ error: new JobLostError('lost', failure) }], { faults }),
    ],
    [
      'a call that ran more often than HTCondor has started it',
      'doubled',
      evidence('quick', [{ value: 2 }], { runs: [1, 2].map((pid) => ({ id: 1, pid, key: '1' })) }),
    ],
    [
      'a call with two jobs',
      'doubled',
      evidence('quick', [{ value: 2 }], {
        jobs: ['1.0', '2.0'].map((jobId) => ({ jobId, key: '1', shadows: 1 })),
      }),
    ],
  ])('finds %s', (_, where, given) => {
    const found = account(given);
    expect(found[where]).toHaveLength(1);
    expect(found[where][0]).toMatch(/1/);
  });
});
