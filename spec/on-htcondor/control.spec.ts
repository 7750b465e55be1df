import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Future } from '../../lib/future.ts';
import { HTCondorExecutor } from '../../lib/htcondor-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

jest.setTimeout(180_000);

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };
/** No machine is like that. */
const unmatched = { ...submit, requirements: 'TARGET.CondorFuturesSpec is 7' };
const HELD = 5;

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });

/** How many jobs of the executor HTCondor has. */
const queued = (executor: HTCondorExecutor): number => {
  const constraint = `JobBatchName == "${(executor.jobSetDirectory as string).split('/').at(-1)}"`;
  return condor('condor_q', '-constraint', constraint, '-af', 'ProcId').split('\n').length - 1;
};

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
    const states: string[] = [];
    await future.vacate();
    await until(() => {
      if (future.state !== states.at(-1)) states.push(future.state);
      return states.includes('pending');
    });
    await until(() => future.running());
    gate.open();
    expect(await future).toBe('passed');
    expect(await future.classAd()).toMatchObject({ NumJobStarts: 2 });
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

describe('Many futures on HTCondor', () => {
  const log = join(directory, 'commands');
  const bin = sharedTemporaryDirectory();
  const path = process.env['PATH'];
  beforeAll(() => {
    for (const command of ['condor_rm', 'condor_hold', 'condor_release']) {
      const real = condor('/bin/sh', '-c', `command -v ${command}`).trim();
      writeFileSync(join(bin, command), `#!/bin/sh\necho ${command} >>'${log}'\nexec ${real} "$@"\n`);
      chmodSync(join(bin, command), 0o755);
    }
    process.env['PATH'] = [bin, path].join(delimiter);
  });
  afterAll(() => {
    process.env['PATH'] = path;
  });

  /** How often each command has been run since this was asked last. */
  function commandsRun(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of readFileSync(log, { encoding: 'utf8', flag: 'a+' }).trim().split('\n'))
      counts[name] = (counts[name] ?? 0) + 1;
    writeFileSync(log, '');
    return counts;
  }

  const submitMany = (executor: HTCondorExecutor): Future<number>[] =>
    Array.from({ length: 2000 }, (_, index) => executor.submit((x: number) => x, index));

  it('are held and released by a few commands', async () => {
    const executor = new HTCondorExecutor({ directory, submit: unmatched });
    const futures = submitMany(executor);
    commandsRun();
    await Promise.all(futures.map(async (future) => future.hold()));
    expect(commandsRun()).toEqual({ condor_hold: 1 });
    const ads = await Promise.all(futures.map(async (future) => future.classAd()));
    expect(ads.every((ad) => ad['JobStatus'] === HELD)).toBe(true);
    await Promise.all(futures.map(async (future) => future.release()));
    expect(commandsRun()).toEqual({ condor_release: 1 });
    for (const future of futures) future.cancel();
    await executor.shutdown();
    expect(commandsRun()).toEqual({ condor_rm: 1 });
  });

  it.each<[when: string, moment: (future: Future<number>) => unknown, removals: number[]]>([
    ['in the tick of their submission', () => true, [0]],
    ['while they are being submitted', (future) => future.attempts === 1, [1, 2]],
    ['as soon as they have jobs', (future) => future.jobId !== undefined, [1, 2]],
  ])('are cancelled by a few commands %s, and the queue is empty then', async (_, moment, removals) => {
    const executor = new HTCondorExecutor({ directory, submit });
    // So that there is a job set, whatever comes of the others.
    await executor.submit(() => 1);
    const futures = submitMany(executor);
    commandsRun();
    await until(() => moment(futures.at(-1) as Future<number>), { interval: 1 });
    for (const future of futures) expect(future.cancel()).toBe(true);
    await executor.shutdown();
    expect(removals).toContain(commandsRun()['condor_rm'] ?? 0);
    await until(() => queued(executor) === 0);
  });
});
