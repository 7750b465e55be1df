import { describe, expect, it } from '@jest/globals';
import type { JobEvent } from '../../lib/batch/batch-system.ts';
import { replayJournal } from '../../lib/job-set/journal.ts';
import { journalJob, type JournalEntry } from '../../lib/job-set/journal.ts';
import { isSettled, statusOf, type Circumstances } from '../../lib/map/read/component.ts';
import { CallRecords, type OutcomeSummary } from '../../lib/watch/call-records.ts';

const job = (key: string): string =>
  journalJob({ key, batch: 1, offset: 0, length: 1, hash: 'h', items: 0, growths: 0 });
const time = '2026-01-01T00:00:00.000Z';
const journal = (...entries: JournalEntry[]): ReturnType<typeof replayJournal> =>
  replayJournal(
    [{ event: 'components', count: 1 } as const, ...entries].map((entry) => ({ ...entry, time })),
  );
const submitting = (submission: number, ...keys: string[]): JournalEntry => ({
  event: 'submitting',
  submission,
  jobs: keys.map(job),
  submit: {},
});
const submitted = (submission: number, ...ids: string[]): JournalEntry => ({
  event: 'submitted',
  submission,
  ids,
});

/** A map of one component, whose job is 1.0. */
function oneComponent(): CallRecords {
  const state = new CallRecords();
  state.onJournal(journal(submitting(1, '1'), submitted(1, '1.0')));
  return state;
}

/** Long after everything that was told. */
const later = (): Circumstances => ({
  now: performance.now() + 60_000,
  isSupervised: false,
  hasOwner: true,
});
const status = (state: CallRecords, circumstances: Circumstances = later()): string =>
  statusOf(state.records[0] as never, circumstances);

const jobId = '1.0';
const running: JobEvent = { jobId, kind: 'running', host: 'node7' };
const held: JobEvent = { jobId, kind: 'held', reason: 'too large', code: 34, subCode: 1 };
const ended: JobEvent = { jobId, kind: 'ended', exitCode: 0 };
const removed: JobEvent = { jobId, kind: 'removed', reason: 'by hand' };
const summary = (failed: boolean): OutcomeSummary => ({ failed, host: 'node7' }) as OutcomeSummary;

describe('The state of a component', () => {
  it.each<[events: JobEvent[], status: string]>([
    [[], 'unmaterialized'],
    [[{ jobId, kind: 'queued' }], 'idle'],
    [[running], 'running'],
    [[running, running], 'running'],
    [[running, { jobId, kind: 'evicted' }], 'idle'],
    [[running, { jobId, kind: 'suspended' }], 'suspended'],
    [[running, { jobId, kind: 'suspended' }, { jobId, kind: 'continued' }], 'running'],
    [[running, { jobId, kind: 'measured', memoryUsed: 7 }], 'running'],
    [[running, held], 'held'],
    [[running, held, { jobId, kind: 'queued' }], 'idle'],
    [[running, removed], 'removed'],
    [[running, held, removed], 'removed'],
    [[running, ended], 'errored'],
    [[running, ended, ended], 'errored'],
    [[ended, { jobId: 'of.another', kind: 'queued' }], 'errored'],
  ])('after %j is %s', (events, expected) => {
    const state = oneComponent();
    for (const event of events) state.onEvent(event);
    expect(status(state)).toBe(expected);
  });

  it('knows of a hold only while its job is held', () => {
    const state = oneComponent();
    state.onEvent(held);
    expect(state.records[0]?.life.end).toEqual(held);
    state.onEvent(removed);
    expect(state.records[0]?.life.end).toEqual(removed);
  });

  it('is that of its outcome, whatever its job does', () => {
    for (const event of [running, held, removed, ended]) {
      const state = oneComponent();
      state.onEvent(event);
      state.onOutcome('1', summary(false));
      expect(status(state)).toBe('completed');
      state.onEvent(removed);
      expect(status(state)).toBe('completed');
    }
  });

  it('waits a while for the outcome of a job that has ended', () => {
    const state = oneComponent();
    state.onEvent(ended);
    expect(status(state, { ...later(), now: performance.now() })).toBe('running');
    expect(status(state)).toBe('errored');
    state.onOutcome('1', summary(true));
    expect(status(state)).toBe('errored');
  });

  it('may be tried again after a failure while somebody looks after it, until that one has had the last word', () => {
    const state = oneComponent();
    state.onOutcome('1', summary(true));
    expect(status(state, { ...later(), isSupervised: true })).toBe('idle');
    state.onArchive([{ call: 1, attempt: 1, kind: 'failed', bytes: new Uint8Array() }]);
    expect(status(state, { ...later(), isSupervised: true })).toBe('errored');
  });

  it('is that of its last attempt: what comes late of earlier ones does not count', () => {
    const state = oneComponent();
    state.onEvent({ ...running, memoryUsed: 100 });
    state.onOutcome('1', summary(true));
    state.onArchive([{ call: 1, attempt: 1, kind: 'failed', bytes: new Uint8Array() }]);
    state.onJournal(
      journal(submitting(1, '1'), submitted(1, '1.0'), submitting(2, '1-2'), submitted(2, '2.0')),
    );
    expect(status(state)).toBe('unmaterialized');
    state.onEvent({ jobId: '2.0', kind: 'running' });
    state.onEvent(ended);
    state.onOutcome('1', summary(false));
    expect(status(state)).toBe('running');
    state.onEvent({ ...ended, memoryUsed: 200 });
    expect(state.records[0]?.life.memoryUsed).toBe(200);
    state.onOutcome('1-2', summary(false));
    expect(status(state)).toBe('completed');
  });

  it('is errored if a schedd that was made anew has given the id of its job to a later one', () => {
    const state = oneComponent();
    const two = { event: 'components', count: 2 } as const;
    state.onEvent(running);
    state.onJournal(
      journal(two, submitting(1, '1'), submitted(1, '1.0'), submitting(2, '2'), submitted(2, '1.0')),
    );
    state.onEvent(held);
    const statuses = state.records.map((record) => statusOf(record, later()));
    expect(statuses).toEqual(['errored', 'held']);
    expect(state.records[0]?.life.end).toMatchObject({
      kind: 'lost',
      reason: 'the batch system has given its id to another job',
    });
  });

  it('takes in what was told of its job before its id was known', () => {
    const state = new CallRecords();
    state.onJournal(journal(submitting(1, '1')));
    state.onEvent(running);
    expect(status(state)).toBe('unmaterialized');
    state.onJournal(journal(submitting(1, '1'), submitted(1, '1.0')));
    expect(status(state)).toBe('running');
  });

  it('is errored if the batch system has refused its job', () => {
    const state = new CallRecords();
    state.onJournal(journal(submitting(1, '1'), { event: 'refused', submission: 1, error: 'no' }));
    expect(status(state)).toBe('errored');
  });

  it('is none before all of its map is on the disk', () => {
    const state = new CallRecords();
    state.onJournal(replayJournal([{ ...submitting(1, '1'), time }]));
    expect(state.records).toEqual([]);
  });

  it('is settled when nothing more comes of it by itself', () => {
    const settled = ['completed', 'errored', 'removed', 'held'] as const;
    for (const one of settled) expect(isSettled(one, false)).toBe(true);
    expect(isSettled('held', true)).toBe(false);
    for (const one of ['unmaterialized', 'idle', 'running', 'transferring', 'suspended'] as const)
      expect(isSettled(one, false)).toBe(false);
  });
});
