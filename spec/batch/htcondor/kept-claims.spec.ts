import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import type { SubmitOptions } from '../../../lib/batch/submit-options.ts';
import { KeptClaims, type KeptClaimsOptions } from '../../../lib/batch/htcondor/kept-claims.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

let done: string[];
let clusters: number;
function open(options: KeptClaimsOptions = {}): KeptClaims {
  done = [];
  clusters = 0;
  return new KeptClaims(options, {
    submit: async (description) => {
      const slots = [...description.matchAll(/"(slot\w+)"/g)].map(([, slot]) => slot);
      const memory = /request_memory = (\w+)/.exec(description)?.[1];
      done.push(`release ${slots.join(' ')} of ${memory}`);
    },
    reschedule: async () => void done.push('reschedule'),
  });
}

/** Submits jobs; resolves to their ids. */
async function submit(claims: KeptClaims, jobs: number, own: SubmitOptions = { request_memory: '1GB' }) {
  clusters += 1;
  const batch: JobBatch = {
    jobSet: { id: 'set', directory: '/shared/set' },
    submission: clusters,
    jobs: Array.from({ length: jobs }, (_, index) => ({ key: String(index), arguments: [] })),
    cwd: '/',
    avoid: [],
    submit: own,
  };
  return claims.during(batch, async () => batch.jobs.map((_, proc) => `${clusters}.${proc}`));
}

function run(claims: KeptClaims, jobId: string, slot: string): void {
  claims.onEvent({ kind: 'running', jobId, host: 'node7', slot });
  claims.onEvent({ kind: 'ended', jobId, exitCode: 0 });
}

describe('Kept claims', () => {
  it('are given back at the end, those that are idle', async () => {
    const claims = open();
    const [first, second, third] = (await submit(claims, 3)) as [string, string, string];
    run(claims, first, 'slot1_1');
    run(claims, second, 'slot1_2');
    claims.onEvent({ kind: 'running', jobId: third, slot: 'slot1_3' });
    await claims.close();
    expect(done).toEqual(['release slot1_1 slot1_2 of 1GB']);
  });

  it('are those of jobs that were suspended, and of those whose files have travelled', async () => {
    const claims = open();
    const [jobId] = (await submit(claims, 1)) as [string];
    claims.onEvent({ kind: 'running', jobId, host: 'node7', slot: 'slot1_1' });
    for (const kind of ['suspended', 'continued', 'measured'] as const) claims.onEvent({ kind, jobId });
    claims.onEvent({ kind: 'transferring', jobId, direction: 'output', phase: 'finished' });
    claims.onEvent({ kind: 'ended', jobId, exitCode: 0 });
    await claims.close();
    expect(done).toEqual(['release slot1_1 of 1GB']);
  });

  it('have no command under way any more when they are closed', async () => {
    let end = (): void => {};
    const claims = new KeptClaims(
      { keepClaimsFor: 1000 },
      {
        submit: async () => {},
        reschedule: async () => new Promise<void>((resolve) => (end = resolve)),
      },
    );
    const [id] = (await submit(claims, 1)) as [string];
    run(claims, id, 'slot1_1');
    jest.advanceTimersByTime(10_000);
    let isClosed = false;
    const closed = claims.close().then(() => (isClosed = true));
    await jest.advanceTimersByTimeAsync(1000);
    expect(isClosed).toBe(false);
    end();
    expect(await closed).toBe(true);
  });

  it('are those on which further jobs have followed, too', async () => {
    const claims = open();
    const ids = await submit(claims, 20);
    for (const id of ids) run(claims, id, `slot1_${Number(id.split('.')[1]) % 6}`);
    await claims.close();
    expect(done).toEqual(['release slot1_0 slot1_1 slot1_2 slot1_3 of 1GB']);
  });

  it('are those of jobs whose start was told before condor_submit had answered', async () => {
    const claims = open();
    claims.onEvent({ kind: 'running', jobId: '1.0', slot: 'slot1_1' });
    await submit(claims, 1);
    claims.onEvent({ kind: 'ended', jobId: '1.0', exitCode: 0 });
    await claims.close();
    expect(done).toEqual(['release slot1_1 of 1GB']);
  });

  it('are given back when calls ask for something else', async () => {
    const claims = open();
    const [first] = (await submit(claims, 1)) as [string];
    run(claims, first, 'slot1_1');
    const [second] = (await submit(claims, 1)) as [string];
    expect(done).toEqual([]);
    run(claims, second, 'slot1_1');
    await submit(claims, 1, { request_memory: '2GB' });
    jest.advanceTimersByTime(1000);
    expect(done).toEqual(['release slot1_1 of 1GB']);
  });

  it('are given back when a job ends of which another kind is asked for by now', async () => {
    const claims = open();
    const [first] = (await submit(claims, 1)) as [string];
    claims.onEvent({ kind: 'running', jobId: first, slot: 'slot1_1' });
    await submit(claims, 1, { request_memory: '2GB' });
    jest.advanceTimersByTime(10_000);
    expect(done).toEqual([]);
    claims.onEvent({ kind: 'ended', jobId: first, exitCode: 0 });
    jest.advanceTimersByTime(1000);
    expect(done).toEqual(['release slot1_1 of 1GB']);
  });

  it('are kept of two kinds where calls ask for one and the other in turn', async () => {
    const claims = open();
    for (let turn = 0; turn < 20; turn += 1) {
      const memory = turn % 2 === 0 ? '1GB' : '2GB';
      const [id] = (await submit(claims, 1, { request_memory: memory })) as [string];
      run(claims, id, `slot1_${memory}`);
      jest.advanceTimersByTime(300);
    }
    expect(done).toEqual([]);
    jest.advanceTimersByTime(2000);
    expect(done).toEqual(['release slot1_1GB of 1GB']);
  });

  it('are gone with a job that had to leave its machine', async () => {
    const claims = open();
    const [id] = (await submit(claims, 1)) as [string];
    run(claims, id, 'slot1_1');
    claims.onEvent({ kind: 'running', jobId: '9.0', slot: 'slot1_1' });
    claims.onEvent({ kind: 'evicted', jobId: '9.0' });
    await claims.close();
    expect(done).toEqual([]);
  });

  it('are looked at by the schedd when their time is over, once', async () => {
    const claims = open({ keepClaimsFor: 5000 });
    const ids = await submit(claims, 2);
    for (const id of ids) run(claims, id, 'slot1_1');
    jest.advanceTimersByTime(5000);
    expect(done).toEqual([]);
    jest.advanceTimersByTime(5000);
    expect(done).toEqual(['reschedule']);
    await claims.close();
    jest.advanceTimersByTime(60_000);
    expect(done).toEqual(['reschedule']);
  });

  it.each([{ keepClaims: 0 }, { keepClaimsFor: 0 }])('are none with %j', async (options) => {
    const claims = open(options);
    const [id] = (await submit(claims, 1)) as [string];
    run(claims, id, 'slot1_1');
    await claims.close();
    jest.advanceTimersByTime(60_000);
    expect(done).toEqual([]);
  });

  it('do no harm where nobody takes them back', async () => {
    const claims = new KeptClaims(
      {},
      {
        submit: async () => Promise.reject(new Error('no schedd')),
        reschedule: async () => Promise.reject(new Error('no schedd')),
      },
    );
    const [id] = (await submit(claims, 1)) as [string];
    run(claims, id, 'slot1_1');
    await expect(claims.close()).resolves.toBeUndefined();
  });
});
