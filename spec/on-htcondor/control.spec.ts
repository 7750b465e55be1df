import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorSystem } from '../../lib/batch/htcondor/htcondor-system.ts';
import { observe } from '../../lib/base/diagnostics.ts';
import type { Future } from '../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { memoryEdit } from '../../lib/batch/job-actions.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };
/** No machine is like that. */
const unmatched = { ...submit, requirements: 'TARGET.CondorFuturesSpec is 7' };
const HELD = 5;

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });

describe('A future on HTCondor', () => {
  const executor = new HTCondorExecutor({ directory, submit });
  afterAll(async () => executor.shutdown({ cancelFutures: true }));

  /** A call that runs until its gate opens. */
  async function runningCall(): Promise<{ gate: Gate; future: Future<string> }> {
    const gate = new Gate(directory);
    const future = executor.submit(passGate<string>, gate.file, 'passed');
    await until(() => gate.reached && future.running());
    return { gate, future };
  }

  it('that is held while it runs is pending until it is released, and then runs again', async () => {
    const { gate, future } = await runningCall();
    await future.hold('after "lunch"\\,\nplease');
    await until(() => future.state === 'pending');
    expect(await future.classAd()).toMatchObject({ JobStatus: HELD, HoldReasonCode: 1 });
    expect((await future.classAd())['HoldReason']).toMatch(/^after "lunch"\\+, please \(by user /);
    expect(await future.analyze()).toMatch(/is held.*after "lunch"/s);
    await future.hold('already');
    // Longer than the grace that a job held by others gets.
    await thrownBy(future.result(3000));
    expect(future.state).toBe('pending');
    gate.open();
    await future.release();
    await future.release();
    expect(await future).toBe('passed');
    expect(future.attempts).toBe(1);
  });

  it('asks for other memory and disk, those of jobs that wait and of one that runs', async () => {
    const { gate, future: running } = await runningCall();
    const waiting = Array.from({ length: 10 }, () => executor.with({ submit: unmatched }).submit(() => 1));
    const futures = [running, ...waiting];
    await Promise.all([
      ...futures.map(async (future) => future.setMemory('200MB')),
      ...waiting.map(async (future) => future.setDisk(3000)),
    ]);
    const asked = async (future: Future<unknown>): Promise<unknown[]> => {
      const { RequestMemory, RequestDisk } = await future.classAd();
      return [RequestMemory, RequestDisk];
    };
    expect(await asked(running)).toEqual([200, 1024]);
    for (const each of await Promise.all(waiting.map(asked))) expect(each).toEqual([200, 3000]);
    for (const future of waiting) future.cancel();
    gate.open();
    expect(await running).toBe('passed');
  });

  it('cannot ask for more when its job is gone, beside others that can', async () => {
    const others = Array.from({ length: 3 }, () => executor.with({ submit: unmatched }).submit(() => 1));
    await Promise.all(others.map(async (future) => future.hold()));
    const [gone, ...left] = others as [Future<number>, Future<number>, Future<number>];
    const system = new HTCondorSystem({});
    condor('condor_rm', gone.jobId as string);
    await thrownBy(gone);
    const jobIds = others.map(({ jobId }) => jobId as string);
    await until(() => condor('condor_q', gone.jobId as string, '-af', 'ProcId') === '');
    expect([...(await system.act(memoryEdit(300), jobIds)).keys()]).toEqual([gone.jobId]);
    expect([...(await system.act(memoryEdit(300), jobIds.slice(0, 1))).keys()]).toEqual([gone.jobId]);
    for (const future of left) expect(await future.classAd()).toMatchObject({ RequestMemory: 300 });
    for (const future of left) future.cancel();
  });

  it('can be held before it is submitted, and released in the same breath', async () => {
    const held = executor.with({ submit: unmatched }).submit(() => 1);
    await held.hold();
    await until(async () => (await held.classAd())['JobStatus'] === HELD);
    expect((await held.classAd())['HoldReason']).toMatch(/^via condor_hold/);
    held.cancel();
    const future = executor.submit(() => 2);
    await Promise.all([future.hold(), future.release(), future.hold(), future.release()]);
    expect(await future).toBe(2);
  });

  it('that is held is not spared from what others do to its job', async () => {
    const [byHand, removed] = [executor.submit(() => 1), executor.submit(() => 2)];
    await Promise.all([byHand.hold(), removed.hold()]);
    condor('condor_rm', removed.jobId as string);
    expect(await thrownBy(removed)).toMatchObject({ name: 'JobRemovedError' });
    condor('condor_release', byHand.jobId as string);
    condor('condor_hold', byHand.jobId as string);
    expect(await thrownBy(byHand)).toMatchObject({ name: 'JobHeldError', holdReasonCode: 1 });
  });

  it('that is vacated gives up its machine, and begins anew', async () => {
    const { gate, future } = await runningCall();
    // A free machine may take the job in the same moment: to look at the state now and then would miss that it was pending.
    const states: string[] = [];
    const leave = observe('state', ({ jobId, to }) => {
      if (jobId === future.jobId) states.push(to);
    });
    await future.vacate();
    await until(() => states.includes('pending') && future.running());
    gate.open();
    expect(await future).toBe('passed');
    leave();
    expect(states).toEqual(['pending', 'running', 'finished']);
    // The queue hears of it when the job has ended, and not before its outcome is here.
    await until(async () => (await future.classAd())['NumJobStarts'] === 2);
  });

  it('says why its job does not run, and what cannot be asked of it then', async () => {
    const future = executor.with({ submit: unmatched }).submit(() => 1);
    expect(await future.analyze()).toMatch(/CondorFuturesSpec is 7.*No machines matched/s);
    for (const kind of ['vacate', 'suspend', 'continue'] as const) {
      expect(await thrownBy(future[kind]())).toMatchObject({
        name: 'JobControlError',
        reason: expect.stringMatching(`Job ${future.jobId} not running to be ${kind}`),
      });
    }
    future.cancel();
    await until(async () => /it was removed: via condor_rm/.test(await future.analyze()));
  });

  it('that is held ends with its executor', async () => {
    const own = new HTCondorExecutor({ directory, submit: unmatched });
    const future = own.submit(() => 1);
    await future.hold();
    await own.shutdown({ cancelFutures: true });
    expect(future.state).toBe('cancelled');
    await until(() => condor('condor_q', future.jobId as string, '-af', 'JobStatus').trim() === '');
  });
});
