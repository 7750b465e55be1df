import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ClusterExecutor } from '../../../lib/cluster/cluster-executor.ts';
import { resolveOptions, type ClusterOptions } from '../../../lib/cluster/cluster-options.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { Archive, repairArchive } from '../../../lib/job-set/archive.ts';
import { journalFile, ownerFile } from '../../../lib/job-set/names.ts';
import { readJournal } from '../../../lib/job-set/journal.ts';
import { seal } from '../../../lib/payload/call.ts';
import { encodeThrown } from '../../../lib/payload/thrown-values.ts';
import { collect } from '../../support/collect-garbage.ts';
import { ScriptedExecutor } from '../../support/scripted-executor.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { turn } from '../../support/turn.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();

/** What a job set would be had its process been killed just now, in a directory of its own. */
function killed({ executor }: ScriptedExecutor): { parent: string; id: string; jobSet: string } {
  const parent = mkdtempSync(join(directory, 'killed-'));
  const from = executor.jobSetDirectory as string;
  const id = basename(from);
  const jobSet = join(parent, id);
  cpSync(from, jobSet, { recursive: true });
  rmSync(ownerFile(jobSet));
  return { parent, id, jobSet };
}

class Attaching extends ClusterExecutor {
  async attach(id: string): Promise<void> {
    await this.attachTo(id, false);
  }
}

const open: { executor: Attaching; system: ScriptedSystem }[] = [];
afterEach(async () => {
  for (const { executor, system } of open.splice(0)) {
    const end = executor.shutdown({ cancelFutures: true });
    for (const { jobId } of executor.futures) {
      if (jobId !== undefined) system.emit({ jobId, kind: 'ended', exitCode: 0 });
    }
    system.endAll();
    await end;
  }
});

async function attach(
  { parent, id }: { parent: string; id: string },
  found: Record<string, string> = {},
  options: ClusterOptions = {},
): Promise<{ executor: Attaching; system: ScriptedSystem }> {
  const system = new ScriptedSystem();
  system.found = new Map(Object.entries(found));
  const all = { directory: parent, outcomeGrace: 50, ...options };
  const executor = new Attaching(system, resolveOptions('it', all, {}));
  await executor.attach(id);
  open.push({ executor, system });
  return { executor, system };
}

const archived = async (jobSet: string, count: number): Promise<void> =>
  until(async () => (await repairArchive(jobSet)).length === count);

/** Drops the ids that the batch system has told. */
function forgetIds(jobSet: string): void {
  const lines = readFileSync(journalFile(jobSet), 'utf8').split('\n');
  writeFileSync(journalFile(jobSet), lines.filter((line) => !line.includes('"submitted"')).join('\n'));
}

describe('Calls of a job set that is attached to', () => {
  it('are submitted once the others are restored, also those that take their time', async () => {
    const run = new ScriptedExecutor(directory);
    const [first, second] = [run.executor.submit(() => 1), run.executor.submit(() => 2)];
    await until(() => second.jobId !== undefined);
    await run.return(first, killed);
    await first;
    await archived(run.executor.jobSetDirectory as string, 1);
    const set = killed(run);
    forgetIds(set.jobSet);
    const { executor, system } = await attach(set);
    await until(() => executor.futures[1]?.done() === true || executor.futures[1]?.jobId !== undefined);
    expect(executor.futures.map(({ state }) => state)).toEqual(['finished', 'pending']);
    expect(system.batches).toMatchObject([{ submission: 2, jobs: [{ key: '2-2' }] }]);
    expect(system.batches[0]?.jobSet.directory).toBe(set.jobSet);
  });

  it('are submitted with the options that each had of its own', async () => {
    const run = new ScriptedExecutor(directory, { submit: { rank: 'x' } });
    run.system.canVary = () => true;
    const futures = [1, 2, 3].map((priority) => run.executor.with({ submit: { priority } }).submit(() => 0));
    await until(() => futures[2]?.jobId !== undefined);
    expect(run.system.batches).toMatchObject([{ submit: { rank: 'x' }, varied: { priority: [1, 2, 3] } }]);
    const set = killed(run);
    forgetIds(set.jobSet);
    const { executor, system } = await attach(set, { 2: futures[1]?.jobId as string });
    await until(() => executor.futures[2]?.jobId !== undefined);
    expect(system.batches.map(({ submit, jobs }) => [submit, jobs.map(({ key }) => key)])).toEqual([
      [{ rank: 'x', priority: 1 }, ['1-2']],
      [{ rank: 'x', priority: 3 }, ['3-2']],
    ]);
  });

  it('fail alone when what came of them cannot be read any more', async () => {
    const run = new ScriptedExecutor(directory);
    const { future } = await run.submitted();
    const { jobSetDirectory } = run.executor as { jobSetDirectory: string };
    const archive = new Archive(jobSetDirectory);
    await archive.add({ call: 2, kind: 'outcome', bytes: seal(Buffer.from('of another version')) });
    await archive.add({ call: 3, kind: 'failed', bytes: Buffer.from('nothing') });
    const { executor } = await attach(killed(run), { 1: future.jobId as string });
    expect(executor.futures.map(({ state }) => state)).toEqual(['pending', 'failed', 'failed']);
    for (const failed of executor.futures.slice(1)) {
      expect(await thrownBy(failed)).toMatchObject({ name: 'PayloadError' });
    }
  });

  it('that were done without a job are as they were, and no later call is taken for them', async () => {
    const run = new ScriptedExecutor(directory);
    const { future } = await run.submitted();
    run.executor.submit(() => 2).cancel();
    run.system.submit = async () => {
      throw new RangeError('no room');
    };
    const refused = run.executor.submit(() => 3);
    await thrownBy(refused);
    const last = run.executor.submit(() => 4);
    last.cancel();
    await archived(run.executor.jobSetDirectory as string, 3);
    const set = killed(run);
    const { executor, system } = await attach(set, { 1: future.jobId as string });
    expect(executor.futures.map(({ state }) => state)).toEqual([
      'pending',
      'cancelled',
      'failed',
      'cancelled',
    ]);
    const next = executor.submit(() => 5);
    await until(() => next.jobId !== undefined);
    expect(system.batches[0]?.jobs.map(({ key }) => key)).toEqual(['5']);
  });

  it('are lost if a batch system that was set up anew has given their ids to later calls, which keep their jobs', async () => {
    const run = new ScriptedExecutor(directory, { outcomeGrace: 60_000 });
    const { future: first } = await run.submitted();
    const { future: retried } = await run.submitted(run.executor.with({ retries: 1 }));
    const ids = [first.jobId as string, retried.jobId as string];
    run.system.beforeAnswer = (_batch, answer) => void answer.splice(0, 1, ids.shift() as string);
    await run.writeOutcome(retried, { thrown: encodeThrown(new Error('try again')) });
    await run.nextAttempt(retried, 2);
    await run.submitted();
    const set = killed(run);
    const { executor, system } = await attach(set, { '1': '1.1', '2-2': '1.1', '3': '2.2' });
    const [lost, again, last] = executor.futures as [Future<number>, Future<number>, Future<number>];
    expect(await thrownBy(lost)).toMatchObject({
      name: 'JobLostError',
      message: expect.stringContaining('has given its id to another job'),
    });
    for (const jobId of ['1.1', '2.2']) system.emit({ jobId, kind: 'running', host: 'node7' });
    await until(() => again.running() && last.running());
    expect(system.removed).toEqual([]);
  });

  it('have their jobs removed if nobody waited for them any more', async () => {
    const run = new ScriptedExecutor(directory);
    const [{ future: cancelled }, { future: held }, { future: pending }] = [
      await run.submitted(),
      await run.submitted(),
      await run.submitted(),
    ];
    let end = (): void => {};
    run.system.remove = async () => new Promise((resolve) => (end = resolve));
    cancelled.cancel();
    run.tell(held, { kind: 'held', reason: 'no', code: 3 });
    await thrownBy(held);
    await archived(run.executor.jobSetDirectory as string, 2);
    const ids = [cancelled, held, pending].map(({ jobId }) => jobId as string);
    const { system } = await attach(killed(run), Object.fromEntries(ids.map((id, n) => [n + 1, id])));
    await until(() => system.removed.length > 0);
    expect(system.removed).toEqual(ids.slice(0, 2));
    run.system.remove = async () => {};
    end();
  });

  it('have the job of an earlier attempt removed, which the process before did not come to', async () => {
    const run = new ScriptedExecutor(directory, { retries: 1 });
    const { future } = await run.submitted();
    const held = future.jobId as string;
    let end = (): void => {};
    run.system.remove = async () => new Promise((resolve) => (end = resolve));
    run.tell(future, { kind: 'held', reason: 'no', code: 3 });
    await run.nextAttempt(future, 2);
    const { system } = await attach(killed(run), { '1-2': future.jobId as string }, { retries: 1 });
    await until(() => system.removed.length > 0);
    expect(system.removed).toEqual([held]);
    run.system.remove = async () => {};
    end();
  });

  it('have as many retries left as before, whatever was tried for more memory', async () => {
    const options: ClusterOptions = { retries: 1, growMemory: { limit: '300 MB' } };
    const run = new ScriptedExecutor(directory, options);
    const { future } = await run.submitted();
    run.tell(future, {
      kind: 'held',
      reason: 'memory',
      code: 34,
      memoryUsed: 120 * 2 ** 20,
      memoryRequested: 100 * 2 ** 20,
    });
    await run.nextAttempt(future, 2);
    const { executor, system } = await attach(killed(run), { '1-2': future.jobId as string }, options);
    const [attached] = executor.futures as [Future<unknown>];
    system.emit({ jobId: attached.jobId as string, kind: 'ended', exitCode: 1 });
    await until(() => attached.attempts === 3 && attached.jobId !== undefined);
    expect(attached.state).toBe('pending');
  });

  it('that waited for others with other terms to be submitted are not lost', async () => {
    const run = new ScriptedExecutor(directory);
    let answer = (): void => {};
    run.system.beforeAnswer = async () => new Promise((resolve) => (answer = resolve));
    const futures: Future<number>[] = [{}, { request_memory: 2 }, {}].map((submit) =>
      run.executor.with({ submit }).submit(() => 0),
    );
    await until(() => run.system.batches.length === 1);
    const set = killed(run);
    run.system.beforeAnswer = () => {};
    answer();
    const { executor, system } = await attach(set, { 1: '1.1', 3: '1.3' });
    await until(() => executor.futures[1]?.jobId !== undefined);
    expect(executor.futures.map(({ jobId }) => jobId)).toEqual(['1.1', '1.2', '1.3']);
    expect(system.batches).toMatchObject([{ jobs: [{ key: '2' }], submit: { request_memory: 2 } }]);
    await until(() => futures.every(({ jobId }) => jobId !== undefined));
  });

  it('that waited for places in the queue are submitted, in their order, as there are some', async () => {
    const run = new ScriptedExecutor(directory, { maxInFlight: 1 });
    const [first] = Array.from({ length: 4 }, () => run.executor.submit(() => 0)) as [Future<number>];
    await until(() => first.jobId !== undefined);
    const { executor, system } = await attach(killed(run), { 1: '1.1' }, { maxInFlight: 2 });
    await until(() => executor.futures[1]?.jobId !== undefined);
    for (const jobId of ['1.1', '1.2']) system.emit({ jobId, kind: 'removed', reason: 'by hand' });
    await until(() => executor.futures[3]?.jobId !== undefined);
    expect(system.batches.flatMap(({ jobs }) => jobs.map(({ key }) => key))).toEqual(['2', '3', '4']);
    await Promise.allSettled(executor.futures.slice(0, 2));
  });

  it('that waited to be tried again are tried again, though nothing is left of the attempt before', async () => {
    const run = new ScriptedExecutor(directory, { retries: { limit: 1, delay: 100_000 } });
    const { future } = await run.submitted();
    const before = future.jobId as string;
    const file = join(run.executor.jobSetDirectory as string, 'outcomes', '1');
    await run.writeOutcome(future, { thrown: encodeThrown(new RangeError('no')) });
    // By now the future may have no job.
    run.system.emit({ jobId: before, kind: 'ended', exitCode: 0 });
    await until(() => !existsSync(file));
    const { executor, system } = await attach(killed(run), { 1: before });
    await until(() => executor.futures[0]?.jobId !== undefined);
    expect(system.batches).toMatchObject([{ jobs: [{ key: '1-2' }] }]);
    expect(executor.futures[0]?.attempts).toBe(2);
    future.cancel();
  });

  it('that were cancelled with their whole chunk are cancelled, each of them', async () => {
    const run = new ScriptedExecutor(directory);
    const chunk = run.executor.schedule({ fn: () => 0, items: [[1], [2]], options: {} });
    await until(() => chunk.jobId !== undefined);
    chunk.cancel();
    await archived(run.executor.jobSetDirectory as string, 1);
    const { executor } = await attach(killed(run));
    await Promise.allSettled(executor.futures);
    expect(executor.futures.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });

  it('that shared a job can be asked about it when they are done', async () => {
    const run = new ScriptedExecutor(directory);
    const chunk = run.executor.schedule({ fn: () => 0, items: [[1], [2]], options: {} });
    await until(() => chunk.jobId !== undefined);
    const { executor, system } = await attach(killed(run), { '1': chunk.jobId as string });
    system.emit({ jobId: chunk.jobId as string, kind: 'removed', reason: 'by hand' });
    await Promise.allSettled(executor.futures);
    // The future of the job itself is nobody's.
    await archived(executor.jobSetDirectory as string, 1);
    await turn();
    collect();
    system.ads.set(chunk.jobId as string, { JobStatus: 3 });
    expect(await executor.futures[1]?.classAd()).toEqual({ JobStatus: 3 });
  });

  it('that are being tried again are not submitted once more', async () => {
    const run = new ScriptedExecutor(directory, { retries: 3 });
    const { future } = await run.submitted();
    for (const attempt of [2, 3]) {
      run.tell(future, { kind: 'ended', exitCode: 1 });
      await run.nextAttempt(future, attempt);
    }
    const { jobSetDirectory } = run.executor as { jobSetDirectory: string };
    const events = async (): Promise<string[]> =>
      (await readJournal(jobSetDirectory)).map(({ event }) => event);
    await until(async () => (await events()).filter((event) => event === 'submitted').length === 3);
    expect((await events()).filter((event) => event === 'waiting').length).toBe(2);
    const { executor, system } = await attach(killed(run), { '1-3': future.jobId as string });
    expect(executor.futures[0]).toMatchObject({ attempts: 3, jobId: future.jobId });
    const marker = executor.submit(() => 1);
    await until(() => marker.jobId !== undefined);
    expect(system.batches.flatMap(({ jobs }) => jobs.map(({ key }) => key))).toEqual(['2']);
  });
});

it('A job set that another process has taken over is left to it', async () => {
  const run = new ScriptedExecutor(directory);
  const { future } = await run.submitted();
  const { jobSetDirectory } = run.executor as { jobSetDirectory: string };
  writeFileSync(ownerFile(jobSetDirectory), JSON.stringify({ host: 'elsewhere', pid: 1, id: 'other' }));
  await run.return(future, 7);
  expect(await future).toBe(7);
  await run.end();
  expect(existsSync(journalFile(jobSetDirectory))).toBe(true);
  expect((await readJournal(jobSetDirectory)).at(-1)).not.toMatchObject({ event: 'closed' });
});
