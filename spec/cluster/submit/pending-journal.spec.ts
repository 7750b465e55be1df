import { expect, it } from '@jest/globals';
import type { Call } from '../../../lib/cluster/calls/call.ts';
import { PendingJournal } from '../../../lib/cluster/submit/submission-groups.ts';
import type { JobSet } from '../../../lib/job-set/job-set.ts';
import { untilCollected } from '../../support/collect-garbage.ts';

/** Calls whose first attempts have failed, and what is noted of them. */
function failedCalls(count: number): { calls: Call[]; noted: string[]; jobSet: { note: unknown } } {
  const noted: string[] = [];
  const jobSet = { id: 'set', note: async ({ jobs }: { jobs: string[] }) => void noted.push(...jobs) };
  const calls = Array.from({ length: count }, (_, index) => ({
    index: index + 1,
    attempts: 1,
    growths: 0,
    items: 0,
    dependencies: [],
    givenResults: [],
    done: false,
    options: { submit: { request_memory: index } },
    avoided: new Map(),
    payloadHash: 'hash',
    input: { batch: 1, offset: 0, length: 5 },
    jobSet: jobSet as unknown as JobSet,
  }));
  return { calls: calls as unknown as Call[], noted, jobSet };
}

it('Calls that are to be tried again are noted, but none that has been cancelled since', async () => {
  const { calls, noted } = failedCalls(3);
  const notes = new PendingJournal({ common: {}, system: {} });
  const all = Promise.all(calls.map(async (call) => notes.noteRetry(call)));
  // As one that is cancelled does.
  Object.assign(calls[1] as Call, { done: true, input: undefined });
  await all;
  expect(noted).toEqual(['1-2 1 0 5 hash 0 0', '3-2 1 0 5 hash 0 0']);
});

it('Calls whose options differ are noted with them in one line, where the batch system lets them vary', async () => {
  const { calls, jobSet } = failedCalls(3);
  const entries: unknown[] = [];
  jobSet.note = async (entry: unknown) => void entries.push(entry);
  const notes = new PendingJournal({ common: { rank: 'x' }, system: { canVary: () => true } });
  await notes.note(calls);
  expect(entries).toEqual([
    {
      event: 'waiting',
      jobs: [1, 2, 3].map((index) => `${index}-2 1 0 5 hash 0 0`),
      submit: { rank: 'x' },
      varied: { request_memory: [0, 1, 2] },
    },
  ]);
});

it.each([
  ['is done', { done: true }],
  ['is submitted', { attempts: 2 }],
])('A call that %s while it is noted is not held on to', async (_, change) => {
  const notes = new PendingJournal({ common: {}, system: {} });
  const reference = await noteOne(notes, change);
  await untilCollected(reference);
  expect(notes).toBeInstanceOf(PendingJournal);
});

async function noteOne(notes: PendingJournal, change: object): Promise<WeakRef<Call>> {
  const { calls, jobSet } = failedCalls(1);
  const [call] = calls as [Call];
  jobSet.note = async () => {
    Object.assign(call, change);
    notes.forget(call);
  };
  await notes.noteRetry(call);
  return new WeakRef(call);
}
