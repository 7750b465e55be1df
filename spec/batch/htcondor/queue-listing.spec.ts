import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseQueueListing } from '../../../lib/batch/htcondor/queue.ts';

function recorded(name: string): string {
  const file = new URL(`../../fixtures/htcondor/cli/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { stdout: string }).stdout;
}

const eventsOf = (name: string): unknown[] => [...parseQueueListing(recorded(name)).values()];

describe('a recorded listing', () => {
  it('of jobs in the queue tells what they do', () => {
    expect(eventsOf('q-idle-running-held-gone')).toEqual([
      {
        jobId: '900.0',
        kind: 'held',
        code: 7,
        subCode: 2,
        reason: expect.stringContaining('/shared/nonesuch/out'),
      },
      {
        jobId: '900.1',
        kind: 'held',
        code: 7,
        subCode: 2,
        reason: expect.stringContaining('/shared/nonesuch/out'),
      },
      { jobId: '903.0', kind: 'running', host: undefined },
      { jobId: '904.0', kind: 'queued' },
      { jobId: '904.1', kind: 'queued' },
      { jobId: '904.2', kind: 'queued' },
    ]);
  });

  it('of jobs that have left it tells how they ended', () => {
    expect(eventsOf('history-several')).toEqual([
      { jobId: '902.0', kind: 'ended', exitCode: 3 },
      { jobId: '901.0', kind: 'ended', signal: 9 },
      { jobId: '905.0', kind: 'removed', reason: 'via condor_rm (by user condor-user)', byPolicy: false },
    ]);
  });

  it.each(['q-none', 'history-none'])('of no jobs is empty: %s', (name) => {
    expect(eventsOf(name)).toEqual([]);
  });
});

describe('a listing that is none', () => {
  it.each(['-- Failed to fetch ads', '{}', '[{'])('is no answer, rather than no jobs: %p', (text) => {
    expect(() => parseQueueListing(text)).toThrow(/JSON|Expected a list/);
  });
});
