import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseClusterEvents } from '../../../lib/batch/htcondor/late-materialization.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/htcondor/event-log/${name}`, import.meta.url), 'utf8');

const reason = 'via condor_hold (by user condor-user)';

describe('The events of clusters in a recorded log', () => {
  it.each([
    ['removed-cluster.log', []],
    [
      'late-materialization.log',
      [
        { cluster: '907', kind: 'submitted' },
        { cluster: '907', kind: 'removed', jobs: 4 },
      ],
    ],
    [
      'late-removed-cluster.log',
      [
        { cluster: '50', kind: 'submitted' },
        { cluster: '50', kind: 'removed', jobs: 2 },
      ],
    ],
    [
      'late-removed-while-paused.log',
      [
        { cluster: '49', kind: 'submitted' },
        { cluster: '49', kind: 'paused', reason, code: 1 },
        { cluster: '49', kind: 'removed', jobs: 5 },
      ],
    ],
    [
      'late-paused-and-resumed.log',
      [
        { cluster: '2', kind: 'submitted' },
        { cluster: '2', kind: 'paused', reason, code: 1 },
        { cluster: '2', kind: 'paused', reason, code: 1 },
        { cluster: '2', kind: 'resumed' },
      ],
    ],
  ])('%s', (name, events) => {
    expect(parseClusterEvents(read(name))).toEqual(events);
  });

  it('are not told before they are whole', () => {
    const log = read('late-removed-cluster.log');
    expect(parseClusterEvents(log.slice(0, log.lastIndexOf('...')))).toHaveLength(1);
  });
});
