import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterExecutor } from '../../../lib/cluster/cluster-executor.ts';
import { resolveOptions } from '../../../lib/cluster/cluster-options.ts';
import { InvalidStateError, JobControlError } from '../../../lib/base/errors.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { manualFuture } from '../../support/manual-future.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();
const ACTIONS = ['hold', 'release', 'vacate', 'suspend', 'continue'] as const;
const QUESTIONS = ['analyze', 'classAd'] as const;

let system: ScriptedSystem;
let executor: ClusterExecutor;
beforeEach(() => {
  system = new ScriptedSystem();
  executor = new ClusterExecutor(system, resolveOptions('it', { directory }, {}));
});
afterEach(async () => executor.shutdown({ cancelFutures: true }));

const submit = (count: number): Future<number>[] =>
  Array.from({ length: count }, () => executor.submit(() => 0));

describe('A future that is asked to control its job', () => {
  it('waits for the job to be submitted', async () => {
    const [future] = submit(1) as [Future<number>];
    expect(future.jobId).toBeUndefined();
    await future.hold('later');
    expect(system.actions).toEqual([{ action: { kind: 'hold', reason: 'later' }, jobIds: [future.jobId] }]);
  });

  it('waits for the next job while its call is tried again', async () => {
    const future = executor.with({ retries: 1 }).submit(() => 0);
    await until(() => future.jobId !== undefined);
    let submitAgain: (() => void) | undefined;
    system.beforeAnswer = async () => new Promise((resolve) => (submitAgain = resolve));
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 1 });
    await until(() => submitAgain !== undefined);
    expect(future.attempts).toBe(2);
    expect(future.jobId).toBeUndefined();
    const held = future.hold();
    submitAgain?.();
    await held;
    expect(system.actions).toEqual([{ action: { kind: 'hold' }, jobIds: [future.jobId] }]);
  });

  it.each(ACTIONS)('asks for %s of many jobs by one command', async (kind) => {
    const futures = submit(100);
    await Promise.all(futures.map(async (future) => future[kind]()));
    expect(system.actions).toEqual([{ action: { kind }, jobIds: futures.map(({ jobId }) => jobId) }]);
  });

  it('fails with what the batch system says against it', async () => {
    const [future] = submit(1) as [Future<number>];
    system.beforeAnswer = (_, ids) => void (system.refusals = new Map([[ids[0] as string, 'not running']]));
    const error = await thrownBy(future.suspend());
    expect(error).toBeInstanceOf(JobControlError);
    expect(error).toMatchObject({ action: 'suspend', jobId: future.jobId, reason: 'not running' });
    expect((error as Error).message).toBe(`suspend() of job ${future.jobId} was refused: not running`);
    expect(future.state).toBe('pending');
  });

  it.each([...ACTIONS, ...QUESTIONS])('fails if it ends before there is a job: %s()', async (kind) => {
    const [future] = submit(1) as [Future<number>];
    const asked = thrownBy(future[kind]());
    future.cancel();
    expect(await asked).toBeInstanceOf(InvalidStateError);
    expect(((await asked) as Error).message).toContain(
      `cancelled and has no job: there is nothing to ${kind}`,
    );
    expect(system.actions).toEqual([]);
  });

  it.each(ACTIONS)('fails if it is done: %s()', async (kind) => {
    const { controller, future } = manualFuture<number>();
    controller.resolve(1);
    const error = await thrownBy(future[kind]());
    expect(error).toBeInstanceOf(InvalidStateError);
    expect((error as Error).message).toBe(`The future is finished already: nothing to ${kind}`);
  });

  it.each([...ACTIONS, ...QUESTIONS])('fails if no batch system runs it: %s()', async (kind) => {
    expect(await thrownBy(manualFuture().future[kind]())).toMatchObject({
      name: 'JobControlError',
      jobId: undefined,
    });
  });

  it('refuses a reason that is no text', async () => {
    const [future] = submit(1) as [Future<number>];
    expect(await thrownBy(future.hold(7 as never))).toBeInstanceOf(TypeError);
  });
});

describe('A future whose job is to ask for something else', () => {
  const GIB = 1024;

  it('changes that with others by one command, one for each amount', async () => {
    const futures = submit(4) as [Future<number>, Future<number>, Future<number>, Future<number>];
    await Promise.all([
      ...futures.slice(0, 3).map(async (future) => future.setMemory('1GB')),
      futures[3].setMemory(100),
      futures[3].setDisk('1MB'),
    ]);
    const edit = (attribute: string, value: number): object => ({ kind: 'edit', attribute, value });
    const ids = futures.map(({ jobId }) => jobId);
    expect(system.actions).toEqual([
      { action: edit('RequestMemory', GIB), jobIds: ids.slice(0, 3) },
      { action: edit('RequestMemory', 100), jobIds: ids.slice(3) },
      { action: edit('RequestDisk', 1024), jobIds: ids.slice(3) },
    ]);
  });

  it('goes on asking for it when its call is tried again, and grows from there', async () => {
    const growMemory = { limit: '8GB' };
    const future = executor
      .with({ submit: { request_memory: 1, rank: 'x' }, retries: 1, growMemory })
      .submit(() => 0);
    await future.setMemory('1GB');
    await future.setDisk('2MB');
    const again = async (attempts: number): Promise<void> => {
      await until(() => future.attempts === attempts && future.jobId !== undefined);
    };
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 1 });
    await again(2);
    expect(system.batches[1]?.submit).toEqual({ request_memory: GIB, request_disk: 2048, rank: 'x' });
    system.emit({ jobId: future.jobId as string, kind: 'held', reason: 'memory', code: 34, subCode: 0 });
    await again(3);
    expect(system.batches[2]?.submit).toMatchObject({ request_memory: 2 * GIB });
  });

  it('asks for what it did before if that was refused', async () => {
    const future = executor.with({ retries: 1, submit: { request_memory: 1 } }).submit(() => 0);
    await until(() => future.jobId !== undefined);
    system.refusals = new Map([[future.jobId as string, 'no']]);
    expect(await thrownBy(future.setMemory(5))).toMatchObject({
      name: 'JobControlError',
      action: 'setMemory',
      reason: 'no',
      message: `setMemory() of job ${future.jobId} was refused: no`,
    });
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 1 });
    await until(() => system.batches.length === 2);
    expect(system.batches[1]?.submit).toEqual({ request_memory: 1 });
  });

  it('has what it wants if its call has gone on to another attempt meanwhile', async () => {
    const future = executor.with({ retries: 1 }).submit(() => 0);
    await until(() => future.jobId !== undefined);
    const jobId = future.jobId as string;
    system.act = async () => {
      system.emit({ jobId, kind: 'ended', exitCode: 1 });
      await until(() => system.batches.length === 2);
      return new Map([[jobId, 'the job is not in the queue']]);
    };
    await future.setMemory(5);
    expect(system.batches[1]?.submit).toEqual({ request_memory: 5 });
  });

  it('must be pending or running, and the amount be one', async () => {
    const [future] = submit(1) as [Future<number>];
    expect(await thrownBy(future.setMemory('much'))).toBeInstanceOf(TypeError);
    expect(await thrownBy(future.setDisk(0))).toBeInstanceOf(TypeError);
    future.cancel();
    const error = await thrownBy(future.setDisk(1));
    expect(error).toBeInstanceOf(InvalidStateError);
    expect(String(error)).toContain('nothing to setDisk');
  });
});

describe('A future that is asked about its job', () => {
  it('tells what the batch system knows, also when it is done', async () => {
    const [future] = submit(1) as [Future<number>];
    const [id] = await new Promise<string[]>((resolve) => (system.beforeAnswer = (_, ids) => resolve(ids)));
    system.analyses.set(id as string, 'no machine');
    system.ads.set(id as string, { JobStatus: 1 });
    expect(await future.analyze()).toBe('no machine');
    expect(await future.classAd()).toEqual({ JobStatus: 1 });
    future.cancel();
    expect(await future.analyze()).toBe('no machine');
    expect(await future.classAd()).toEqual({ JobStatus: 1 });
  });

  it('fails if the batch system knows nothing', async () => {
    const [future] = submit(1) as [Future<number>];
    for (const kind of QUESTIONS) {
      const error = await thrownBy(future[kind]());
      expect(error).toBeInstanceOf(JobControlError);
      expect((error as Error).message).toMatch(/knows nothing of this job any more/);
    }
  });

  it('asks with those of the same tick', async () => {
    const futures = submit(100);
    system.beforeAnswer = (_, ids) => void (system.ads = new Map(ids.map((id) => [id, { GlobalJobId: id }])));
    const ads = await Promise.all(futures.map(async (future) => future.classAd()));
    expect(ads).toEqual(futures.map(({ jobId }) => ({ GlobalJobId: jobId })));
    expect(system.described.map(({ length }) => length)).toEqual([100]);
  });
});
