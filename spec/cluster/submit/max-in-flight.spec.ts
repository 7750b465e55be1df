import { readdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JobSetRemoval } from '../../../lib/batch/batch-system.ts';
import { replayJournal } from '../../../lib/job-set/journal.ts';
import { CancelledError, DetachedError, DirectoryError, SubmitError } from '../../../lib/base/errors.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { readJournal } from '../../../lib/job-set/journal.ts';
import { inputsDirectory } from '../../../lib/job-set/names.ts';
import { CountedTimers } from '../../support/count-timers.ts';
import { ScriptedExecutor } from '../../support/scripted-executor.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { turn } from '../../support/turn.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();

const submitMany = ({ executor }: ScriptedExecutor, count: number): Future<number>[] =>
  Array.from({ length: count }, (_, index) => executor.submit((x: number) => x, index));

const keys = ({ system }: ScriptedExecutor): string[][] =>
  system.batches.map(({ jobs }) => jobs.map(({ key }) => key));

/** Its job returns, and leaves the queue. */
async function end(scripted: ScriptedExecutor, future: Future<number>): Promise<void> {
  await scripted.return(future, 7);
  scripted.tell(future, { kind: 'ended', exitCode: 0 });
  await future;
}

const limitError = (limit: 'submission' | 'queue'): SubmitError =>
  new SubmitError('too many', { command: 'condor_submit', exitCode: 1, stderr: '', limit });

describe('maxInFlight', () => {
  it('keeps calls in the process, in their order, until jobs have left the queue', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 2 });
    const futures = submitMany(scripted, 5);
    const [first, second] = futures as [Future<number>, Future<number>];
    await until(() => second.jobId !== undefined);
    await scripted.return(first, 7);
    await first;
    await turn();
    expect(keys(scripted)).toEqual([['1', '2']]);
    scripted.tell(first, { kind: 'ended', exitCode: 0 });
    await until(() => keys(scripted).length === 2);
    await end(scripted, second);
    await until(() => keys(scripted).length === 3);
    expect(keys(scripted)).toEqual([['1', '2'], ['3'], ['4']]);
    expect(futures.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 0]);
  });

  it('lets a call that waits be cancelled at once, and it never gets a job', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1 });
    const [first, second, third] = submitMany(scripted, 3) as [
      Future<number>,
      Future<number>,
      Future<number>,
    ];
    await until(() => first.jobId !== undefined);
    expect(second.cancel()).toBe(true);
    expect(await thrownBy(second)).toBeInstanceOf(CancelledError);
    await end(scripted, first);
    await until(() => third.jobId !== undefined);
    expect(keys(scripted)).toEqual([['1'], ['3']]);
  });

  it('lets shutdown() wait for the calls in line, or cancel them', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1 });
    const [first, second] = submitMany(scripted, 2) as [Future<number>, Future<number>];
    await until(() => first.jobId !== undefined);
    const down = scripted.executor.shutdown();
    await end(scripted, first);
    await until(() => second.jobId !== undefined);
    await end(scripted, second);
    await down;
    const other = new ScriptedExecutor(directory, { maxInFlight: 1, keepFiles: 'all' });
    const [running, ...waiting] = submitMany(other, 3) as [Future<number>, Future<number>];
    await until(() => running.jobId !== undefined);
    other.tell(running, { kind: 'running', host: 'a' });
    const cancelled = other.executor.shutdown({ cancelFutures: true });
    expect(waiting.map((future) => future.cancelled())).toEqual([true, true]);
    await end(other, running);
    await cancelled;
    expect(keys(other)).toEqual([['1']]);
  });

  it('counts calls that are tried again, which go to the end of the line', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1, retries: 1 });
    const [first] = submitMany(scripted, 2) as [Future<number>];
    await until(() => first.jobId !== undefined);
    scripted.tell(first, { kind: 'ended', exitCode: 1 });
    await until(() => keys(scripted).length === 2);
    scripted.system.emit({ jobId: '2.2', kind: 'removed', reason: 'by hand' });
    await until(() => keys(scripted).length === 3);
    expect(keys(scripted)).toEqual([['1'], ['2'], ['1-2']]);
  });

  it('keeps the calls in line for a process that attaches after detach()', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1 });
    Object.assign(scripted.system, { jobSetRemoval: NO_REMOVAL });
    const futures = submitMany(scripted, 3);
    await until(() => futures[0]?.jobId !== undefined);
    const path = scripted.executor.jobSetDirectory as string;
    await scripted.executor.detach();
    for (const future of futures) expect(await thrownBy(future)).toBeInstanceOf(DetachedError);
    const { calls } = replayJournal(await readJournal(path));
    const waits = [...calls.values()].filter(({ submission }) => submission.waits);
    expect([calls.size, waits.map(({ index }) => index)]).toEqual([3, [2, 3]]);
    expect(readdirSync(inputsDirectory(path))).toEqual(['1']);
  });

  it('fails the calls in line with their job set, and harms none of those that come after', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1, watch: 'sweep' });
    const [first, second] = submitMany(scripted, 2) as [Future<number>, Future<number>];
    await until(() => first.jobId !== undefined);
    let next: Future<number> | undefined;
    first.addDoneCallback(() => {
      next = scripted.executor.submit(() => 0);
    });
    const lost = scripted.executor.jobSetDirectory as string;
    rmSync(lost, { recursive: true });
    for (const future of [first, second]) expect(await thrownBy(future)).toBeInstanceOf(DirectoryError);
    await until(() => next?.jobId !== undefined);
    const path = scripted.executor.jobSetDirectory as string;
    expect(path).not.toBe(lost);
    expect(readdirSync(inputsDirectory(path))).toEqual(['1']);
  });

  it('takes no more from an endless source than can be submitted, and keeps the order of the results', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 2 });
    let taken = 0;
    function* numbers(): Generator<number> {
      for (;;) yield (taken += 1);
    }
    const results = scripted.executor.map((x) => x, numbers());
    const finish = async (call: number): Promise<void> => {
      const jobId = `${keys(scripted).findIndex((batch) => batch.includes(String(call))) + 1}.${call}`;
      await scripted.return({ jobId }, call);
      scripted.system.emit({ jobId, kind: 'ended', exitCode: 0 });
    };
    await until(() => keys(scripted).flat().length === 2);
    expect(taken).toBe(4);
    await finish(2);
    await finish(1);
    expect(await results.next()).toEqual({ value: 1, done: false });
    expect(await results.next()).toEqual({ value: 2, done: false });
    await until(() => keys(scripted).flat().length === 4);
    expect(taken).toBe(6);
    await results.return();
  });
});

const NO_REMOVAL: JobSetRemoval = {
  remove: async () => {},
  removeNow: () => {},
  removeUnseen: () => {},
  commandFor: () => '',
};

describe('A submission with more jobs than the schedd allows', () => {
  it('at once is split, and those that follow are no larger', async () => {
    const scripted = new ScriptedExecutor(directory);
    scripted.system.beforeAnswer = ({ jobs }) => {
      if (jobs.length > 3) throw limitError('submission');
    };
    const futures = submitMany(scripted, 10);
    await until(() => futures.at(-1)?.jobId !== undefined);
    expect(keys(scripted).map(({ length }) => length)).toEqual([10, 5, 2, 2, 2, 2, 2]);
    expect(futures.every(({ attempts }) => attempts === 1)).toBe(true);
    const { calls } = replayJournal(await readJournal(scripted.executor.jobSetDirectory as string));
    expect([...calls.values()].map(({ attempt, submission }) => [attempt, submission.waits])).toEqual(
      futures.map(() => [1, false]),
    );
  });

  it('at once fails if it has but one', async () => {
    const scripted = new ScriptedExecutor(directory);
    scripted.system.beforeAnswer = () => {
      throw limitError('submission');
    };
    expect(await thrownBy(scripted.executor.submit(() => 1))).toMatchObject({ limit: 'submission' });
  });

  it('in the queue waits for places, for as long as it takes, and no call is submitted twice', async () => {
    const scripted = new ScriptedExecutor(directory);
    const queue = new Set<string>();
    const accepted: string[] = [];
    scripted.system.beforeAnswer = ({ jobs }, ids) => {
      if (queue.size + jobs.length > 3) throw limitError('queue');
      for (const id of ids) queue.add(id);
      accepted.push(...jobs.map(({ key }) => key));
    };
    const futures = submitMany(scripted, 8);
    for (let done = 0; done < futures.length; done += 1) {
      const future = futures[done] as Future<number>;
      await until(() => future.jobId !== undefined);
      queue.delete(future.jobId as string);
      await end(scripted, future);
    }
    expect(accepted).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(futures.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('in the queue keeps no process alive once nobody waits', async () => {
    const timers = new CountedTimers();
    const scripted = timers.count(() => new ScriptedExecutor(directory));
    scripted.system.beforeAnswer = () => {
      throw limitError('queue');
    };
    const future = timers.count(() => scripted.executor.submit(() => 1));
    await until(() => keys(scripted).length === 1);
    await turn();
    expect(timers.active).toBeGreaterThan(0);
    await timers.count(async () => scripted.executor.shutdown({ cancelFutures: true }));
    expect(future.cancelled()).toBe(true);
    await turn();
    expect(timers.active).toBe(0);
  });
});
