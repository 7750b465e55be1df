import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HTCondorSystem } from '../../lib/batch/htcondor/htcondor-system.ts';
import { memoryEdit } from '../../lib/batch/job-actions.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { journalFile } from '../../lib/job-set/names.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const directory = temporaryDirectory();

/** Submits a job that is none of this product, and waits in the queue. */
function submitStranger(): string {
  const description = 'executable = /bin/sleep\narguments = 900\nrequirements = false\nqueue\n';
  const answer = execFileSync('condor_submit', ['-terse'], { input: description, encoding: 'utf8' });
  return answer.split(' ')[0] as string;
}

/** JobStatus of a job, as condor_q has it. */
const stateOf = (jobId: string): string =>
  execFileSync('condor_q', [jobId, '-af', 'JobStatus'], { encoding: 'utf8' }).trim();

describe('A job that has the id of one of ours, as of a schedd that was set up anew,', () => {
  it('is neither touched nor told of', async () => {
    const jobId = submitStranger();
    const system = new HTCondorSystem({});
    try {
      await system.remove([jobId], 'our-job-set');
      for (const kind of ['hold', 'release', 'vacate', 'suspend', 'continue'] as const)
        expect([...(await system.act({ kind }, [jobId], 'our-job-set')).keys()]).toEqual([jobId]);
      expect([...(await system.act(memoryEdit(300), [jobId], 'our-job-set')).keys()]).toEqual([jobId]);
      expect((await system.describe([jobId], 'our-job-set')).size).toBe(0);
      const reason = 'the batch system has given its id to another job';
      expect(await system.analyze(jobId, 'our-job-set')).toContain(reason);
      expect(await system.status([jobId], 'our-job-set')).toEqual(
        new Map([[jobId, { kind: 'lost', jobId, reason }]]),
      );
      expect(stateOf(jobId)).toBe('1');
    } finally {
      execFileSync('condor_rm', [jobId]);
      await system.close();
    }
  });

  it('is not waited for after attach, and stays in the queue', async () => {
    const options = { directory, submit: { requirements: 'false' } };
    const first = new HTCondorExecutor(options);
    const submitted = first.submit(() => 1);
    while (submitted.jobId === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    const path = first.jobSetDirectory as string;
    const ours = submitted.jobId;
    const id = await first.detach();
    const jobId = submitStranger();
    // The journal says that our job has the id that the other job has got.
    const journal = readFileSync(journalFile(path), 'utf8');
    writeFileSync(journalFile(path), journal.replace(`["${ours}"]`, `["${jobId}"]`));
    const second = await HTCondorExecutor.attach(id, options);
    try {
      const [future] = second.futures;
      expect(await thrownBy(future as Promise<unknown>)).toMatchObject({
        name: 'JobLostError',
        message: expect.stringContaining('the batch system has given its id to another job'),
      });
      await second.shutdown();
      expect(stateOf(jobId)).toBe('1');
    } finally {
      execFileSync('condor_rm', [jobId, ours]);
    }
  });
});
