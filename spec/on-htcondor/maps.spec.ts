import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { mapContract } from '../contract/map-contract.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const options = {
  directory: sharedTemporaryDirectory(),
  submit: { request_memory: 128, request_disk: 1024 },
};

mapContract('HTCondorExecutor', (more) => new HTCondorExecutor({ ...options, ...more }), options);

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });

describe('A map on HTCondor', () => {
  const executor = new HTCondorExecutor(options);
  afterAll(async () => executor.shutdown());

  it('goes by its tag in the queue, all components in one cluster, and runs on without its executor', async () => {
    const gate = new Gate(options.directory);
    const lists = [1, 2, 3].map((value): [string, number] => [gate.file, value]);
    const own = new HTCondorExecutor(options);
    await own.createStarmap(passGate<number>, lists, {
      tag: 'sweep',
      submit: { request_memory: ([, value]) => 100 + value },
    });
    await own.shutdown();
    const rows = condor(
      'condor_q',
      '-af',
      'ClusterId',
      'RequestMemory',
      '-constraint',
      'JobBatchName == "sweep"',
    );
    const jobs = rows
      .trim()
      .split('\n')
      .map((row) => row.split(' '));
    expect(new Set(jobs.map(([cluster]) => cluster)).size).toBe(1);
    expect(jobs.map(([, memory]) => memory)).toEqual(['101', '102', '103']);
    gate.open();
    const map = await executor.loadMap('sweep');
    expect(await map.get(2)).toBe(3);
    await map.wait();
  });

  it('holds components, which fail whoever waits, and go on when they are released', async () => {
    const gate = new Gate(options.directory);
    const map = await executor.createStarmap(passGate<number>, [
      [gate.file, 1],
      [gate.file, 2],
    ]);
    await until(async () => (await map.statuses()).every((status) => status === 'running'));
    expect(await map.hold([1], 'for lunch')).toEqual([1]);
    await until(async () => (await map.statuses())[1] === 'held');
    expect(await map.holds()).toEqual(
      new Map([[1, { reason: expect.stringContaining('for lunch'), code: 1, subCode: expect.any(Number) }]]),
    );
    expect(await thrownBy(map.get(1))).toMatchObject({
      name: 'JobHeldError',
      message: expect.stringContaining('is held, until it is released or run again'),
    });
    expect(await thrownBy(map.wait())).toMatchObject({
      name: 'MapComponentError',
      status: 'held',
      component: 1,
    });
    expect(await thrownBy(map.release([0]))).toMatchObject({ name: 'ComponentStateError', components: [0] });
    gate.open();
    await map.wait({ holdsOk: true });
    expect(await map.release()).toEqual([1]);
    expect(await map.get(1)).toBe(2);
    expect(await map.holds()).toEqual(new Map());
    expect(await map.release()).toEqual([]);
  });

  it('suspends and vacates components', async () => {
    const gate = new Gate(options.directory);
    const map = await executor.createStarmap(passGate<number>, [[gate.file, 1]]);
    await until(async () => (await map.statuses())[0] === 'running');
    expect(await map.suspend()).toEqual([0]);
    await until(async () => (await map.statuses())[0] === 'suspended');
    expect(await map.continue()).toEqual([0]);
    await until(async () => (await map.statuses())[0] === 'running');
    expect(await map.vacate()).toEqual([0]);
    gate.open();
    expect(await map.get(0)).toBe(1);
  });

  it('runs held components again, and those that others have removed', async () => {
    const gate = new Gate(options.directory);
    const map = await executor.createStarmap(passGate<number>, [
      [gate.file, 1],
      [gate.file, 2],
    ]);
    await until(async () => (await map.statuses()).every((status) => status === 'running'));
    await map.hold([0]);
    condor('condor_rm', map.future(1).jobId as string);
    await until(async () => (await map.statuses()).join() === 'held,removed');
    expect(await thrownBy(map.get(1))).toMatchObject({ name: 'JobRemovedError' });
    gate.open();
    expect(await map.rerun()).toEqual([0, 1]);
    await map.wait();
    // Outcomes may be there before their jobs have left the queue.
    const inQueue = (): string =>
      condor('condor_q', '-af', 'ClusterId', '-constraint', `JobBatchName == "${map.tag}"`).trim();
    await until(() => inQueue() === '');
  });

  it('has components that come into the queue one after the other, with max_materialize', async () => {
    const gate = new Gate(options.directory);
    const map = await executor.createStarmap(
      passGate<number>,
      [1, 2, 3].map((value): [string, number] => [gate.file, value]),
      { submit: { max_materialize: 1 } },
    );
    await until(async () => (await map.statuses()).join() === 'running,unmaterialized,unmaterialized');
    gate.open();
    await map.wait();
    expect(await map.get(2)).toBe(3);
  });
});
