import { describe, expect, it } from '@jest/globals';
import { type Consequence, consequenceForPending, consequenceForRunning } from '../../lib/workers/endings.ts';
import { Pool, WarmCall, Worker, type WorkerEnd } from '../../lib/workers/model.ts';

const jobId = '1.0';
const killed: WorkerEnd = { jobId, kind: 'ended', signal: 9 };
const exited: WorkerEnd = { jobId, kind: 'ended', exitCode: 127 };
const outOfMemory: WorkerEnd = { jobId, kind: 'held', reason: 'memory', code: 34 };

function consequence(end: WorkerEnd, workerDeaths: number, finished: number): Consequence {
  const pool = new Pool({});
  const worker = Object.assign(new Worker(1, pool), { finished });
  const call = Object.assign(new WarmCall('1', { batch: 1, offset: 0, length: 1, hash: '' }, pool), {
    workerDeaths,
  });
  return consequenceForRunning(end, worker, call);
}

describe('The end of a worker, for the call that it was making,', () => {
  it.each<[what: string, end: WorkerEnd, deaths: number, finished: number, consequence: Consequence]>([
    ['by eviction is not its fault', { jobId, kind: 'evicted' }, 9, 0, 'retry'],
    ['that nobody knows is not its fault', { jobId, kind: 'lost' }, 9, 0, 'retry'],
    ['by somebody who removed it is not its fault', { jobId, kind: 'removed', reason: 'rm' }, 9, 0, 'retry'],
    ['by a policy may be', { jobId, kind: 'removed', reason: 'rm', byPolicy: true }, 0, 0, 'count'],
    [
      'held by somebody is not its fault',
      { jobId, kind: 'held', reason: 'h', requested: true },
      9,
      0,
      'retry',
    ],
    ['by a signal may be', killed, 0, 0, 'count'],
    ['by a signal for the second time may be', killed, 1, 0, 'count'],
    ['by a signal for the third time is', killed, 2, 0, 'fail'],
    ['for its memory may be that of others before', outOfMemory, 0, 5, 'count'],
    ['for its memory is, where there were none before', outOfMemory, 0, 0, 'fail'],
  ])('%s', (_what, end, deaths, finished, expected) => {
    expect(consequence(end, deaths, finished)).toBe(expected);
  });
});

describe('The end of a worker that came to no call, for the one that waits,', () => {
  const pool = new Pool({});
  const call = new WarmCall('1', { batch: 1, offset: 0, length: 1, hash: '' }, pool);
  it.each<[what: string, end: WorkerEnd, hasStarted: boolean, consequence: Consequence]>([
    ['after a while of nothing to do means nothing', { jobId, kind: 'ended', exitCode: 0 }, true, 'retry'],
    ['before it started is that of a job that cannot start', exited, false, 'fail'],
    [
      'held before it started is that, too',
      { jobId, kind: 'held', reason: 'no file', code: 13 },
      false,
      'fail',
    ],
    ['killed before it started may mean anything', killed, false, 'count'],
    ['by a failure after it started may be', exited, true, 'count'],
    ['by eviction means nothing', { jobId, kind: 'evicted' }, false, 'retry'],
  ])('%s', (_what, end, hasStarted, expected) => {
    expect(consequenceForPending(end, hasStarted, call)).toBe(expected);
  });
});
