import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { countedCall, type CountedCall } from '../support/counted-call.ts';
import {
  assertPersonalPool,
  kill,
  restartPool,
  resume,
  shadowOf,
  starterOf,
  stop,
} from '../support/pool-control.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { Notes, walk } from '../support/walk.ts';
import { isGone, poolIsWhole } from './pool-state.ts';

// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => executor.shutdown({ cancelFutures: true }));

const directory = sharedTemporaryDirectory();
// A job whose machine does not answer goes elsewhere after this time, which HTCondor takes no shorter; as shipped, after 40 minutes.
const submit = { request_memory: 128, request_disk: 1024, job_lease_duration: 20 };
const executor = new HTCondorExecutor({ directory, submit });

assertPersonalPool();
afterEach(poolIsWhole);

async function runningCall(): Promise<CountedCall & { jobId: string }> {
  const call = countedCall(executor, directory);
  await until(() => call.gate.reached && call.future.running());
  return { ...call, jobId: call.future.jobId as string };
}

describe('A running call', () => {
  it('goes on while the schedd is killed and started again', async () => {
    const { gate, future, runs } = await runningCall();
    await kill('schedd');
    await poolIsWhole();
    gate.open();
    expect(await future).toBe('passed');
    expect(runs()).toHaveLength(1);
  });

  it('has its value though it returns while there is no schedd', async () => {
    const { gate, future, runs, jobId } = await runningCall();
    await stop('schedd');
    gate.open();
    expect(await future).toBe('passed');
    await resume('schedd');
    expect(runs()).toHaveLength(1);
    await until(() => isGone(jobId));
  });

  it('runs again when its starter is killed', async () => {
    const { gate, future, runs } = await runningCall();
    await kill(starterOf(runs()[0] as number) as number);
    await until(() => runs().length === 2);
    gate.open();
    expect(await future).toBe('passed');
    expect(runs()).toHaveLength(2);
    expect(future.attempts).toBe(1);
  });

  it('goes on after its checkpoint when its starter is killed', async () => {
    const notes = new Notes(directory);
    const future = executor.submit(walk, notes.file, 5, 'each step');
    await notes.untilHalted(1);
    await kill(starterOf(notes.lastPid) as number);
    expect(await future).toEqual([5, 2, 1]);
    expect(notes.all('step')).toEqual(['1', '2', '3', '4', '5']);
  });

  it('has its value when its shadow is killed, and does not run again once it has returned', async () => {
    const { gate, future, runs, jobId } = await runningCall();
    await kill(shadowOf(jobId) as number);
    gate.open();
    expect(await future).toBe('passed');
    await until(() => isGone(jobId));
    expect(runs().length).toBeLessThanOrEqual(2);
  });

  it('has its value when the startd is killed, which takes its processes with it', async () => {
    const { gate, future, runs, jobId } = await runningCall();
    await kill('startd');
    gate.open();
    expect(await future).toBe('passed');
    await until(() => isGone(jobId));
    expect(runs().length).toBeLessThanOrEqual(2);
  });

  it('has its value when all of HTCondor is killed and started again, and is not run again for want of its end', async () => {
    const { gate, future, runs, jobId } = await runningCall();
    await restartPool();
    gate.open();
    expect(await future).toBe('passed');
    await until(() => isGone(jobId));
    expect(runs()).toHaveLength(1);
  });

  it('is removed when it is cancelled while no schedd answers', async () => {
    const { future, jobId } = await runningCall();
    await kill('schedd');
    expect(future.cancel()).toBe(true);
    await until(() => isGone(jobId));
  });
});

describe('A waiting call', () => {
  it('begins when the negotiator goes on', async () => {
    // Else the schedd would give it the claim of a job before it.
    const fresh = executor.with({ submit: { request_memory: 130 } });
    await stop('negotiator');
    const future = fresh.submit(() => 'begun');
    await until(() => future.jobId !== undefined);
    expect(future.state).toBe('pending');
    await resume('negotiator');
    expect(await future).toBe('begun');
  });

  it.each(['negotiator', 'collector', 'shared_port'] as const)(
    'begins when the %s was killed',
    async (daemon) => {
      await kill(daemon);
      expect(await executor.submit(() => 'begun')).toBe('begun');
    },
  );
});
