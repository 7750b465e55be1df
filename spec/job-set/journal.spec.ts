import { describe, expect, it } from '@jest/globals';
import { optionsOfJob } from '../../lib/batch/submit-options.ts';
import { replayJournal } from '../../lib/job-set/journal.ts';
import { journalJob, type JournalEntry } from '../../lib/job-set/journal.ts';

const job = (key: string, items = 0): string =>
  journalJob({ key, batch: 1, offset: 2, length: 3, hash: 'abc', items, growths: 1 });
const time = '2026-11-21T12:00:00.000Z';
const journal = (...entries: JournalEntry[]): ReturnType<typeof replayJournal> =>
  replayJournal(entries.map((entry) => ({ time, ...entry })));

describe('The calls of a journal', () => {
  it('have their last attempt, and the ids that the batch system told', () => {
    const { calls, earlier, submissions, closed } = journal(
      { event: 'submitting', submission: 1, jobs: [job('1'), job('2', 4)], submit: { request_memory: 1 } },
      { event: 'submitted', submission: 1, ids: ['7.0', '7.1'] },
      { event: 'submitting', submission: 2, jobs: [job('1-2')], submit: {} },
    );
    expect([...calls.values()]).toMatchObject([
      { index: 1, attempt: 2, position: 0, submission: { submission: 2, ids: undefined } },
      {
        index: 2,
        attempt: 1,
        position: 1,
        job: { key: '2', batch: 1, offset: 2, length: 3, hash: 'abc', items: 4, growths: 1 },
        submission: {
          submission: 1,
          ids: ['7.0', '7.1'],
          submit: { request_memory: 1 },
          time: new Date(time),
        },
      },
    ]);
    expect(earlier).toMatchObject([{ index: 1, attempt: 1, position: 0, submission: { submission: 1 } }]);
    expect([submissions.length, closed]).toEqual([2, false]);
  });

  it('know what was refused, and that the executor was shut down', () => {
    const { calls, closed } = journal(
      { event: 'submitting', submission: 1, jobs: [job('1')], submit: {} },
      { event: 'refused', submission: 1, error: 'SubmitError: no' },
      { event: 'closed' },
    );
    expect([...calls.values()]).toMatchObject([{ submission: { refusal: 'SubmitError: no' } }]);
    expect(closed).toBe(true);
  });

  it('have the options that each job had of its own', () => {
    const varied = { request_memory: [1, 2] };
    const { calls } = journal(
      { event: 'submitting', submission: 1, jobs: [job('1'), job('2')], submit: { rank: 'x' }, varied },
      { event: 'waiting', jobs: [job('3'), job('2-2')], submit: {}, varied: { rank: ['a', 'b'] } },
    );
    const options = [...calls.values()].map(({ submission, position }) => optionsOfJob(submission, position));
    expect(options).toEqual([{ rank: 'x', request_memory: 1 }, { rank: 'b' }, { rank: 'a' }]);
  });

  it('wait again after a submission that was postponed', () => {
    const { calls } = journal(
      { event: 'submitting', submission: 1, jobs: [job('1'), job('2-2')], submit: { request_memory: 1 } },
      { event: 'postponed', submission: 1 },
    );
    const submission = { waits: true, submit: { request_memory: 1 } };
    expect([...calls.values()]).toMatchObject([
      { index: 1, attempt: 0, submission },
      { index: 2, attempt: 1, submission },
    ]);
  });

  it('bear entries of submissions that are not there', () => {
    expect(journal({ event: 'submitted', submission: 9, ids: [] }).calls.size).toBe(0);
  });
});
