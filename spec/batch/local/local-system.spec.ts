import { describe, expect, it } from '@jest/globals';
import type { JobBatch, JobEvent } from '../../../lib/batch/batch-system.ts';
import { LocalSystem } from '../../../lib/batch/local/local-system.ts';
import { until } from '../../support/until.ts';

const batch: JobBatch = {
  jobSet: { id: 'set', directory: '/nonesuch/set' },
  submission: 1,
  jobs: [{ key: '1', arguments: ['1'] }],
  cwd: '/nonesuch',
  submit: {},
};

describe('LocalSystem', () => {
  it('holds a job whose process cannot be started, until it is removed', async () => {
    const system = new LocalSystem(1);
    const events: JobEvent[] = [];
    if (system.events.kind === 'callback') system.events.subscribe((event) => events.push(event));
    const [jobId] = (await system.submit(batch)) as [string];
    await until(() => events.length === 1);
    expect(events).toEqual([{ jobId, kind: 'held', reason: expect.stringContaining('cannot be started: ') }]);
    await system.remove([jobId]);
    await system.remove([jobId]);
    expect(events.slice(1)).toEqual([{ jobId, kind: 'removed', reason: 'removed before it started' }]);
  });
});
