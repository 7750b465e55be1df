import { describe, expect, it } from '@jest/globals';
import { createJobError } from '../../../lib/cluster/track/job-end-error.ts';
import type { JobEnd } from '../../../lib/batch/job-life.ts';
import { JobDiedError, JobError, JobRemovedError, type JobFailure } from '../../../lib/base/job-errors.ts';

const MIB = 1024 * 1024;
const failure: JobFailure = {
  jobId: '7.3',
  host: 'node7',
  attempts: 2,
  memoryUsed: undefined,
  memoryRequested: undefined,
  stderrTail: 'last words',
  stderrFile: '/jobs/3.err',
};
type End<Event> = Event extends JobEnd ? Omit<Event, 'jobId'> : never;

function errorAfter(end: End<JobEnd>, more: Partial<JobFailure> = {}, hints = {}): JobError {
  const verdict = { couldNotStart: false, heapFull: false, evicted: false, ...hints };
  return createJobError({ end: { jobId: '7.3', ...end }, ...verdict }, { ...failure, ...more });
}

describe('The error of a job', () => {
  it.each<[End<JobEnd>, string, object]>([
    [{ kind: 'ended', exitCode: 3 }, 'JobExitedError', { exitCode: 3, signal: undefined }],
    [{ kind: 'ended', signal: 11 }, 'JobKilledError', { exitCode: undefined, signal: 11 }],
    [
      { kind: 'held', reason: 'too greedy', code: 3, subCode: 42 },
      'JobHeldError',
      { holdReason: 'too greedy', holdReasonCode: 3, holdReasonSubCode: 42 },
    ],
    [{ kind: 'removed', reason: 'via condor_rm' }, 'JobRemovedError', { removeReason: 'via condor_rm' }],
    [
      { kind: 'removed', reason: 'PeriodicRemove', byPolicy: true },
      'JobRemovedByPolicyError',
      { removeReason: 'PeriodicRemove' },
    ],
    [{ kind: 'lost' }, 'JobLostError', {}],
  ])('that %o is of a class of its own, with fields', (end, name, fields) => {
    const error = errorAfter(end);
    expect(error).toBeInstanceOf(JobError);
    expect(error).toMatchObject({ name, ...failure, ...fields });
    expect(error.message).toMatch(
      /^Job 7\.3 on node7 .*\nThe end of its stderr:\nlast words\n.*\/jobs\/3\.err$/s,
    );
  });

  it('tells one whose machine had no node, in its words', () => {
    const said = ['none usable', 'machine: node7', 'PATH: /bin', 'found: /bin/node', 'version: v18.0.0'];
    const stderrTail = said.join('\n').replace('none usable', 'condor-futures: no usable node');
    const error = errorAfter({ kind: 'ended', exitCode: 69 }, { stderrTail });
    expect(error).toMatchObject({
      name: 'NodeUnavailableError',
      exitCode: 69,
      found: '/bin/node',
      version: 'v18.0.0',
    });
    expect(error.message).toMatch(
      /^Job 7\.3 on node7 found \/bin\/node, which is node v18\.0\.0, .* Remedy: `setup` lines/,
    );
    expect(errorAfter({ kind: 'ended', exitCode: 69 })).toMatchObject({ name: 'JobExitedError' });
  });

  it('tells one that was evicted and removed before it ran again', () => {
    const error = errorAfter({ kind: 'removed', reason: 'x', byPolicy: true }, {}, { evicted: true });
    expect(error).toMatchObject({ name: 'JobEvictedError' });
    expect(error).toBeInstanceOf(JobRemovedError);
    const byHand = errorAfter({ kind: 'removed', reason: 'via condor_rm' }, {}, { evicted: true });
    expect(byHand).toMatchObject({ name: 'JobRemovedError' });
  });

  it.each([
    [34, 'Job has gone over cgroup memory limit of 128 megabytes.'],
    [26, 'Job used 300 MB of memory'],
    [3, "The job attribute PeriodicHold expression 'MemoryUsage > RequestMemory' evaluated to TRUE"],
  ])('tells a hold for memory: code %p', (code, reason) => {
    expect(errorAfter({ kind: 'held', reason, code, subCode: 0 })).toMatchObject({
      name: 'JobOutOfMemoryError',
      limit: 'job',
      holdReason: reason,
      holdReasonCode: code,
    });
  });

  it('tells a hold for other reasons that speak of memory', () => {
    const reason = 'via condor_hold (by user memory)';
    expect(errorAfter({ kind: 'held', reason, code: 1 })).toMatchObject({ name: 'JobHeldError' });
  });

  it.each([
    [95, 100, 'JobOutOfMemoryError'],
    [20, 100, 'JobKilledError'],
    [undefined, undefined, 'JobKilledError'],
  ])('after SIGKILL with %p of %p MiB used is a %s', (used, requested, name) => {
    const memory = {
      memoryUsed: used === undefined ? undefined : used * MIB,
      memoryRequested: requested === undefined ? undefined : requested * MIB,
    };
    const error = errorAfter({ kind: 'ended', signal: 9 }, memory);
    expect(error).toMatchObject({ name, signal: 9 });
    expect(error.message).toContain('request_memory');
  });

  it('tells a full heap from other aborts', () => {
    const heap = errorAfter({ kind: 'ended', signal: 6 }, {}, { heapFull: true });
    expect(heap).toMatchObject({ name: 'JobOutOfMemoryError', limit: 'heap', signal: 6 });
    expect(errorAfter({ kind: 'ended', signal: 6 })).toBeInstanceOf(JobDiedError);
  });

  it.each([
    ['/bin/sh: 0: cannot open /shared/set/run.sh: No such file', 'Remedy: name a `directory`'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: No space left on device', 'Remedy: see whether'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: Disk quota exceeded', 'Remedy: see whether'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: Read-only file system', 'Remedy: see whether'],
  ])('has the remedy for what its shell said when it could not begin: %s', (stderrTail, remedy) => {
    const end = { kind: 'ended', exitCode: 2 } as const;
    const { message } = errorAfter(end, { stderrTail }, { couldNotStart: true });
    expect(message).toContain(remedy);
    expect(message).toContain(stderrTail);
  });
});
