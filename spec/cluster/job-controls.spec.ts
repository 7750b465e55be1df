import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ClusterExecutor } from '../../lib/cluster-executor.ts';
import { resolveOptions } from '../../lib/cluster-options.ts';
import { InvalidStateError, JobControlError } from '../../lib/errors.ts';
import type { Future } from '../../lib/future.ts';
import { manualFuture } from '../support/manual-future.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

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
