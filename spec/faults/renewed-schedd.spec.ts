import { execFileSync } from 'node:child_process';
import { afterAll, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { assertPersonalPool, renewSchedd } from '../support/pool-control.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { poolIsWhole } from './pool-state.ts';

const directory = sharedTemporaryDirectory();
const options = { directory, submit: { requirements: 'false' } };

assertPersonalPool();
afterAll(async () => {
  execFileSync('condor_rm', ['-all']);
  await poolIsWhole();
});

/** Submits jobs that are none of this product, and wait in the queue. */
function submitStrangers(count: number): string[] {
  const description = `executable = /bin/sleep\narguments = 900\nrequirements = false\nqueue ${count}\n`;
  const answer = execFileSync('condor_submit', ['-terse'], { input: description, encoding: 'utf8' });
  const [cluster] = answer.split('.');
  return Array.from({ length: count }, (_, proc) => `${cluster}.${proc}`);
}

/** JobStatus of each job of the queue. */
const queue = (): string[] =>
  execFileSync('condor_q', ['-allusers', '-af', 'ClusterId', 'ProcId', 'JobStatus'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();

async function renew(): Promise<void> {
  await renewSchedd();
  await poolIsWhole();
}

const LOST = {
  name: 'JobLostError',
  message: expect.stringContaining('the batch system has given its id to another job'),
};

it('Calls whose ids a new schedd gives to jobs of others are lost with that reason, and those jobs are left alone', async () => {
  await renew();
  const executor = new HTCondorExecutor(options);
  const kept = new HTCondorExecutor(options);
  const futures = [0, 1, 2, 3].map((x) => executor.submit((n: number) => n, x));
  await until(() => futures.every(({ jobId }) => jobId !== undefined));
  const attached = [0, 1].map((x) => kept.submit((n: number) => n, x));
  await until(() => attached.every(({ jobId }) => jobId !== undefined));
  const ours = [...futures, ...attached].map(({ jobId }) => jobId as string);
  const id = await kept.detach();
  await renew();
  const strangers = [...submitStrangers(4), ...submitStrangers(2)];
  expect(strangers.toSorted()).toEqual(ours.toSorted());
  execFileSync('condor_hold', [strangers[3] as string]);
  const before = queue();

  const [cancelled, held, ...others] = futures as [(typeof futures)[0], (typeof futures)[0]];
  expect(cancelled.cancel()).toBe(true);
  expect(await thrownBy(held.hold())).toMatchObject({ name: 'JobControlError' });
  expect(await thrownBy(held.classAd())).toMatchObject({ name: 'JobControlError' });
  const second = await HTCondorExecutor.attach(id, options);
  const lost = [held, ...others, ...(second.futures as typeof futures)];
  for (const future of lost) expect(await thrownBy(future)).toMatchObject(LOST);
  await Promise.all([executor.shutdown(), second.shutdown()]);
  expect(queue()).toEqual(before);
}, 300_000);
