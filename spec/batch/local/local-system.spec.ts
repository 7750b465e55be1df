import { describe, expect, it } from '@jest/globals';
import type { JobBatch, JobEvent } from '../../../lib/batch/batch-system.ts';
import { LocalSystem } from '../../../lib/batch/local/local-system.ts';
import { until } from '../../support/until.ts';

const batch: JobBatch = {
  jobSet: { id: 'set', directory: '/nonesuch/set' },
  submission: 1,
  jobs: [{ key: '1', arguments: ['1'] }],
  cwd: '/nonesuch',
  avoid: [],
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
    expect(await system.analyze(jobId)).toMatch(
      /^Job local\.[0-9a-f]+\.1 is held: the job's process cannot be started/,
    );
    expect((await system.describe([jobId])).get(jobId)).toMatchObject({ JobStatus: 5, Iwd: '/nonesuch' });
    await system.remove([jobId]);
    await system.remove([jobId]);
    expect(events.slice(1)).toEqual([{ jobId, kind: 'removed', reason: 'removed before it started' }]);
  });

  it('tells what a job waits for', async () => {
    const system = new LocalSystem(2);
    const [first, second] = (await system.submit({ ...batch, jobs: [...batch.jobs, ...batch.jobs] })) as [
      string,
      string,
    ];
    expect(await system.analyze(second)).toBe(
      `Job ${second} waits for one of 2 workers (\`maxWorkers\`); before it wait: 1`,
    );
    await system.remove([first, second]);
    expect(await system.analyze(first)).toBe(`Job ${first} has ended: removed before it started`);
    expect((await system.describe([first])).get(first)).toMatchObject({ JobStatus: 3, Args: '1' });
  });

  it.each(['hold', 'release', 'vacate'] as const)('refuses %s, with the remedy', async (kind) => {
    const refusals = await new LocalSystem(1).act({ kind }, ['local.1']);
    expect(refusals.get('local.1')).toMatch(
      /no queue .* Remedy: suspend\(\) and continue\(\) it, or use HTCondorExecutor/,
    );
  });

  it('knows nothing of other jobs', async () => {
    const system = new LocalSystem(1);
    expect(await system.analyze('local.7')).toBeUndefined();
    expect((await system.describe(['local.7'])).size).toBe(0);
  });
});
