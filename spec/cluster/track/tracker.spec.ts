import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobEvent } from '../../../lib/batch/batch-system.ts';
import { ClusterExecutor } from '../../../lib/cluster/cluster-executor.ts';
import { resolveOptions, type ClusterOptions } from '../../../lib/cluster/cluster-options.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { outcomeFile } from '../../../lib/job-set/names.ts';
import { writeWhole } from '../../../lib/job-set/whole-files.ts';
import { encodeOutcome } from '../../../lib/payload/call.ts';
import { seal } from '../../../lib/payload/call.ts';
import { serialize } from '../../../lib/payload/serialize.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();
let system: ScriptedSystem;
let executor: ClusterExecutor;
beforeEach(() => open({}));
afterEach(async () => {
  const end = executor.shutdown({ cancelFutures: true });
  endAll();
  await end;
});

function open(options: ClusterOptions): void {
  system = new ScriptedSystem();
  executor = new ClusterExecutor(
    system,
    resolveOptions('it', { directory, outcomeGrace: 200, ...options }, {}),
  );
}

/** All jobs leave the queue. */
function endAll(): void {
  for (const id of system.batches.flatMap((batch, index) =>
    batch.jobs.map((job) => `${index + 1}.${job.key}`),
  )) {
    system.emit({ jobId: id, kind: 'ended', exitCode: 0 });
  }
}

/** A future whose job is in the queue; in an object, because a promise of a future is one of its value. */
async function submitted(): Promise<{ future: Future<number> }> {
  const future = executor.submit(() => 0);
  await until(() => future.jobId !== undefined);
  return { future };
}

const keyOf = ({ jobId }: Future<unknown>): string => jobId?.split('.')[1] as string;
const fileOf = (key: string): string => outcomeFile(system.batches[0]?.jobSet.directory as string, key);

function outcomeOf(value: unknown): Parameters<typeof encodeOutcome>[0] {
  return {
    items: [{ value: serialize(value) }],
    host: 'node7',
    pid: 5,
    nodeVersion: process.version,
    startedAt: 1,
    endedAt: 2,
    userCpuMs: 3,
    systemCpuMs: 4,
    peakMemoryBytes: 6,
  };
}

async function writeOutcome(key: string, value: unknown): Promise<void> {
  await writeWhole(fileOf(key), encodeOutcome(outcomeOf(value)));
}

describe('A call', () => {
  it('has its value when the outcome is there, though no event was ever heard', async () => {
    const { future } = await submitted();
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
    expect(future.host).toBe('node7');
    expect(future.usage).toMatchObject({ startedAt: new Date(1), userCpuMs: 3, peakMemoryBytes: 6 });
  });

  it('has its value though the outcome comes after the end of the job', async () => {
    open({ outcomeGrace: 60_000 });
    const { future } = await submitted();
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 0 });
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('has its value though its job has begun and ended before the batch system told its id', async () => {
    system.beforeAnswer = async ({ jobs }, ids) => {
      system.emit({ jobId: ids[0] as string, kind: 'running', host: 'node7' });
      await writeOutcome(jobs[0]?.key as string, 7);
      system.emit({ jobId: ids[0] as string, kind: 'ended', exitCode: 0 });
    };
    expect(await executor.submit(() => 0)).toBe(7);
  });

  it('settles once, whatever is told twice or in another order', async () => {
    const { future } = await submitted();
    const settled: string[] = [];
    future.addDoneCallback(() => settled.push('settled'));
    const jobId = future.jobId as string;
    const events: JobEvent[] = [
      { jobId, kind: 'ended', exitCode: 0 },
      { jobId, kind: 'running' },
      { jobId, kind: 'queued' },
      { jobId, kind: 'ended', exitCode: 0 },
      { jobId, kind: 'ended', exitCode: 1 },
      { jobId, kind: 'removed', reason: 'late' },
    ];
    await writeOutcome(keyOf(future), 7);
    for (const event of events) system.emit(event);
    expect(await future).toBe(7);
    for (const event of events) system.emit(event);
    await writeOutcome(keyOf(future), 8);
    expect(await future).toBe(7);
    expect(settled).toEqual(['settled']);
  });

  it('is as it was while its files travel, and while its processes are stopped', async () => {
    const { future } = await submitted();
    const jobId = future.jobId as string;
    const states: string[] = [];
    const tell = (event: JobEvent): void => {
      system.emit(event);
      states.push(future.state);
    };
    tell({ jobId, kind: 'transferring', direction: 'input', phase: 'started' });
    tell({ jobId, kind: 'running', host: 'node1' });
    for (const kind of ['suspended', 'continued', 'measured'] as const) tell({ jobId, kind });
    tell({ jobId, kind: 'transferring', direction: 'output', phase: 'finished' });
    expect(states).toEqual(['pending', ...Array.from({ length: 5 }, () => 'running')]);
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('runs again after an eviction, and may be on another machine', async () => {
    const { future } = await submitted();
    const jobId = future.jobId as string;
    system.emit({ jobId, kind: 'running', host: 'node1' });
    expect([future.state, future.host]).toEqual(['running', 'node1']);
    system.emit({ jobId, kind: 'queued' });
    expect(future.state).toBe('pending');
    system.emit({ jobId, kind: 'running', host: 'node2' });
    expect([future.state, future.host]).toEqual(['running', 'node2']);
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('that was held and released in time goes on', async () => {
    open({ outcomeGrace: 60_000 });
    const { future } = await submitted();
    const jobId = future.jobId as string;
    system.emit({ jobId, kind: 'held', reason: 'a moment, please', code: 1, subCode: 0 });
    system.emit({ jobId, kind: 'queued' });
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
    expect(system.removed).toEqual([]);
  });

  it('is pending while its job is held on request, and goes on when that is released', async () => {
    const { future } = await submitted();
    const jobId = future.jobId as string;
    const held = { jobId, kind: 'held', reason: 'asked for', requested: true } as const;
    system.emit({ jobId, kind: 'running', host: 'node1' });
    for (const event of [held, held]) system.emit(event);
    expect(future.state).toBe('pending');
    // Longer than the grace of an outcome, which is 200 ms here.
    await thrownBy(future.result(700));
    expect([future.state, system.removed]).toEqual(['pending', []]);
    system.emit({ jobId, kind: 'queued' });
    system.emit({ jobId, kind: 'running', host: 'node2' });
    expect(future.state).toBe('running');
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('has its value though its job is held on request before the outcome is seen, and the job is removed', async () => {
    const { future } = await submitted();
    const jobId = future.jobId as string;
    system.emit({ jobId, kind: 'held', reason: 'asked for', requested: true });
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
    await until(() => system.removed.length === 1);
    expect(system.removed).toEqual([jobId]);
  });

  it.each(['held', 'removed', 'ended'] as const)(
    'fails when its job was held on request, and later is %s otherwise',
    async (kind) => {
      const { future } = await submitted();
      const jobId = future.jobId as string;
      system.emit({ jobId, kind: 'held', reason: 'asked for', requested: true });
      if (kind === 'held') system.emit({ jobId, kind: 'queued' });
      system.emit({ jobId, kind, reason: 'by hand' });
      expect(await thrownBy(future)).toMatchObject({
        name: { held: 'JobHeldError', removed: 'JobRemovedError', ended: 'JobExitedError' }[kind],
      });
    },
  );

  it('fails with the reason when its job is held, and the job is removed', async () => {
    const { future } = await submitted();
    system.emit({
      jobId: future.jobId as string,
      kind: 'held',
      reason: 'no such file',
      code: 13,
      subCode: 2,
    });
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobHeldError',
      holdReason: 'no such file',
      holdReasonCode: 13,
      holdReasonSubCode: 2,
    });
    await until(() => system.removed.length === 1);
    expect(system.removed).toEqual([future.jobId]);
  });

  it.each(['before', 'after'])(
    'keeps its value when its job is held %s the outcome is seen, and the job is removed',
    async (when) => {
      open({ outcomeGrace: 60_000 });
      const { future } = await submitted();
      const held = { jobId: future.jobId as string, kind: 'held', reason: 'output transfer failed' } as const;
      if (when === 'before') system.emit(held);
      await writeOutcome(keyOf(future), 7);
      expect(await future).toBe(7);
      if (when === 'after') system.emit(held);
      await until(() => system.removed.length === 1);
      expect(system.removed).toEqual([future.jobId]);
    },
  );

  it.each([
    [{ exitCode: 3 }, 'JobExitedError', 'ended with exit code 3'],
    [{ signal: 11 }, 'JobKilledError', 'ended by signal 11'],
    [{ signal: 9 }, 'JobKilledError', 'ran out of memory'],
    [{}, 'JobExitedError', 'ended with exit code unknown'],
  ])('fails with how its job ended without an outcome: %p', async (how, name, message) => {
    const { future } = await submitted();
    system.emit({ jobId: future.jobId as string, kind: 'ended', ...how });
    const error = await thrownBy(future);
    expect(error).toMatchObject({ name, message: expect.stringContaining(message), ...how });
  });

  it('fails when its outcome is not of this format, or could be of another user', async () => {
    const [{ future: torn }, { future: foreign }] = [await submitted(), await submitted()];
    await writeWhole(fileOf(keyOf(torn)), seal(Buffer.from('no outcome')));
    expect(await thrownBy(torn)).toMatchObject({ name: 'PayloadError' });
    const file = fileOf(keyOf(foreign));
    writeFileSync(`${file}.x.tmp`, '');
    chmodSync(`${file}.x.tmp`, 0o666);
    renameSync(`${file}.x.tmp`, file);
    expect(await thrownBy(foreign)).toMatchObject({ name: 'OwnershipError' });
  });

  it('waits for a torn outcome to become whole, as of a job that runs again after a crash', async () => {
    const { future } = await submitted();
    const whole = encodeOutcome(outcomeOf(7));
    await writeWhole(fileOf(keyOf(future)), whole.subarray(0, -1));
    await until(async () => (await thrownBy(future.result(700))) !== undefined);
    expect(future.done()).toBe(false);
    await writeWhole(fileOf(keyOf(future)), whole);
    expect(await future).toBe(7);
  });

  it('fails when its job has ended and the outcome stays torn', async () => {
    const { future } = await submitted();
    await writeWhole(fileOf(keyOf(future)), Buffer.alloc(300));
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 0 });
    expect(await thrownBy(future)).toMatchObject({
      name: 'PayloadError',
      message: expect.stringContaining(`${fileOf(keyOf(future))} cannot be read: it is torn`),
    });
  });

  it('waits while its whole job set is away, as on a network filesystem that is mounted anew', async () => {
    open({ outcomeGrace: 1000 });
    const { future } = await submitted();
    const jobSet = executor.jobSetDirectory as string;
    renameSync(jobSet, `${jobSet}.away`);
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 0 });
    expect(await thrownBy(future.result(2500))).toMatchObject({ name: 'TimeoutError' });
    renameSync(`${jobSet}.away`, jobSet);
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('is not given up by a process that was stopped for longer than the grace', async () => {
    open({ outcomeGrace: 3000 });
    const { future } = await submitted();
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 0 });
    // It looks at once, and finds nothing.
    expect(await thrownBy(future.result(100))).toMatchObject({ name: 'TimeoutError' });
    // Nothing runs here meanwhile, as while a process is stopped.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
    // The next look comes at once, and finds nothing yet.
    expect(await thrownBy(future.result(300))).toMatchObject({ name: 'TimeoutError' });
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('is not touched by jumps of the date', async () => {
    const { future } = await submitted();
    const jump = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * 365 * 86_400_000);
    try {
      await until(async () => (await thrownBy(future.result(1500))) !== undefined);
      expect(future.state).toBe('pending');
    } finally {
      jump.mockRestore();
    }
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('is not touched by events of other jobs in the same log', async () => {
    const { future } = await submitted();
    for (const jobId of ['99.0', '1.99', `${String(future.jobId)}0`]) {
      system.emit({ jobId, kind: 'running', host: 'elsewhere' });
      system.emit({ jobId, kind: 'ended', exitCode: 1 });
    }
    expect([future.state, future.host]).toEqual(['pending', undefined]);
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('stays removed when its job is told to have ended besides, in either order', async () => {
    for (const order of ['removed first', 'ended first']) {
      const { future } = await submitted();
      const jobId = future.jobId as string;
      const events: JobEvent[] = [
        { jobId, kind: 'removed', reason: 'via condor_rm' },
        { jobId, kind: 'ended', signal: 9 },
      ];
      for (const event of order === 'removed first' ? events : events.toReversed()) system.emit(event);
      expect(await thrownBy(future)).toMatchObject({ name: 'JobRemovedError' });
    }
  });

  it('waits while its outcome is there and cannot be read, instead of inventing a death', async () => {
    const { future } = await submitted();
    const file = fileOf(keyOf(future));
    mkdirSync(file); // Reading a directory gives an error.
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 0 });
    await until(async () => (await thrownBy(future.result(700))) !== undefined);
    expect(future.done()).toBe(false);
    rmSync(file, { recursive: true });
    await writeOutcome(keyOf(future), 7);
    expect(await future).toBe(7);
  });

  it('is lost, and the job of its id is left alone, when the batch system has given that to another one', async () => {
    const { future } = await submitted();
    const jobId = future.jobId as string;
    system.emit({ jobId, kind: 'running', host: 'node7' });
    // The next job gets the same id, as from a schedd that was set up anew.
    system.beforeAnswer = (_batch, ids) => void ids.splice(0, 1, jobId);
    const { future: next } = await submitted();
    expect(next.jobId).toBe(jobId);
    expect(await thrownBy(future)).toMatchObject({
      name: 'JobLostError',
      message: expect.stringContaining('the batch system has given its id to another job'),
    });
    expect(system.removed).toEqual([]);
    system.emit({ jobId, kind: 'running', host: 'node8' });
    await writeWhole(
      outcomeFile(system.batches[0]?.jobSet.directory as string, '2'),
      encodeOutcome(outcomeOf(8)),
    );
    expect(await next).toBe(8);
    system.emit({ jobId, kind: 'ended', exitCode: 0 });
  });

  it('fails when the job set is removed under it, and those after it get another', async () => {
    open({ watch: 'sweep' });
    const { future } = await submitted();
    rmSync(system.batches[0]?.jobSet.directory as string, { recursive: true });
    expect(await thrownBy(future)).toMatchObject({ name: 'DirectoryError' });
    await until(() => system.removed.length === 1);
    expect(system.removed).toEqual([future.jobId]);
    const { future: next } = await submitted();
    await writeWhole(
      outcomeFile(system.batches[1]?.jobSet.directory as string, keyOf(next)),
      encodeOutcome(outcomeOf(8)),
    );
    expect(await next).toBe(8);
  });

  it('that is cancelled while it is being submitted has its job removed', async () => {
    let future!: Future<number>;
    system.beforeAnswer = () => void future.cancel();
    future = executor.submit(() => 0);
    expect(await thrownBy(future)).toMatchObject({ name: 'CancelledError' });
    await until(() => system.removed.length === 1);
    expect(system.removed).toEqual(['1.1']);
  });

  it('is tried again as a new job, whose outcome alone counts', async () => {
    const future = executor.with({ retries: 1 }).submit(() => 0);
    await until(() => future.jobId !== undefined);
    const first = keyOf(future);
    system.emit({ jobId: future.jobId as string, kind: 'ended', exitCode: 1 });
    await until(() => future.attempts === 2 && future.jobId !== undefined);
    await writeOutcome(first, 'late');
    await writeOutcome(`${first}-2`, 7);
    expect(await future).toBe(7);
  });
});

describe('A submission', () => {
  it('of very many calls is made in parts, in their order', async () => {
    const fn = (): number => 0; // one for all, which is captured once
    const futures = Array.from({ length: 10_100 }, () => executor.submit(fn));
    await until(() => futures.at(-1)?.jobId !== undefined);
    expect(system.batches.map(({ jobs }) => jobs.length)).toEqual([10_000, 100]);
    expect(system.batches.map(({ submission }) => submission)).toEqual([1, 2]);
    expect(system.batches.flatMap(({ jobs }) => jobs.map(({ key }) => Number(key)))).toEqual(
      futures.map((_, index) => index + 1),
    );
  });
});

describe('The files of calls', () => {
  it('go once, though the end of the job is told again while they go', async () => {
    open({ directory: join(directory, 'own') });
    const { future } = await submitted();
    await writeOutcome(keyOf(future), 7);
    await future;
    endAll();
    endAll();
    await executor.shutdown();
    endAll();
    expect(existsSync(join(directory, 'own'))).toBe(false);
  });

  it('go as their jobs leave the queue', async () => {
    const futures = [(await submitted()).future, (await submitted()).future];
    for (const future of futures) await writeOutcome(keyOf(future), 7);
    await Promise.all(futures);
    endAll();
    const jobSet = system.batches[0]?.jobSet.directory as string;
    const left = (): string[] =>
      ['inputs', 'outcomes', 'logs'].flatMap((name) => readdirSync(join(jobSet, name)));
    await until(() => left().length === 0);
    expect(left()).toEqual([]);
  });
});
