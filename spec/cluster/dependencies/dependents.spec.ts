import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DependencyError } from '../../../lib/base/errors.ts';
import { DetachedError, DirectoryError } from '../../../lib/base/errors.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { readJournal } from '../../../lib/job-set/journal.ts';
import {
  inputsDirectory,
  outcomesDirectory,
  resultFile,
  resultsDirectory,
} from '../../../lib/job-set/names.ts';
import { decodeOutcome } from '../../../lib/payload/call.ts';
import { ScriptedExecutor } from '../../support/scripted-executor.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { turn } from '../../support/turn.ts';
import { until } from '../../support/until.ts';
const directory = temporaryDirectory();
const increment = (x: number): number => x + 1;

const keys = ({ system }: ScriptedExecutor): string[] =>
  system.batches.flatMap(({ jobs }) => jobs.map(({ key }) => key));

const pathOf = ({ executor }: ScriptedExecutor): string => executor.jobSetDirectory ?? directory;

/** The journal's words on each call that waits: its key, and what it needs. */
const waiting = async (scripted: ScriptedExecutor): Promise<(string | undefined)[][]> =>
  (await readJournal(pathOf(scripted))).flatMap((entry) =>
    entry.event === 'waiting' ? entry.jobs.map((job) => [job.split(' ')[0], job.split(' ')[7]]) : [],
  );

/** Its job returns, and leaves the queue. */
async function end(scripted: ScriptedExecutor, future: Future<unknown>, value: unknown): Promise<void> {
  await until(() => future.jobId !== undefined);
  await scripted.return(future, value);
  scripted.tell(future, { kind: 'ended', exitCode: 0 });
  await future;
}

describe('A call that was given futures', () => {
  it('is written down at once, with what it needs, and has no job before all of that is done', async () => {
    const scripted = new ScriptedExecutor(directory);
    const { executor } = scripted;
    const [one, two] = [executor.submit(increment, 0), executor.submit(increment, 1)];
    const sum = executor.submit((x: number, y: number[]) => [x, ...y], one, [two, one]);
    const next = executor.submit((list: number[]) => list.length, sum);
    await until(async () => (await waiting(scripted)).length === 2);
    expect(await waiting(scripted)).toEqual([
      ['3', 'needs:1,2'],
      ['4', 'needs:3'],
    ]);
    expect(readdirSync(inputsDirectory(pathOf(scripted)))).toEqual(['1']);
    await end(scripted, one, 1);
    await turn();
    expect(keys(scripted)).toEqual(['1', '2']);
    await end(scripted, two, 2);
    await until(() => keys(scripted).length === 3);
    expect(readdirSync(resultsDirectory(pathOf(scripted))).toSorted()).toEqual(['1', '2']);
    await end(scripted, sum, [1, 2]);
    await until(() => keys(scripted).length === 4);
    await until(() => readdirSync(resultsDirectory(pathOf(scripted))).join() === '3');
    await end(scripted, next, 2);
    await until(() => readdirSync(resultsDirectory(pathOf(scripted))).length === 0);
    expect(keys(scripted)).toEqual(['1', '2', '3', '4']);
  });

  it('finds the outcome as it was, from the archive too, whatever became of the value here', async () => {
    const scripted = new ScriptedExecutor(directory);
    const { executor } = scripted;
    const list = executor.submit(() => [1]);
    await end(scripted, list, [1]);
    (await list).push(2);
    await until(() => readdirSync(outcomesDirectory(pathOf(scripted))).length === 0);
    const futures = [0, 1].map(() => executor.submit((given: number[]) => given.length, list));
    await until(() => keys(scripted).length === 3);
    const outcome = decodeOutcome(readFileSync(resultFile(pathOf(scripted), 1)));
    expect(outcome).toMatchObject({ host: 'node7.local', startedAt: 1 });
    await end(scripted, futures[0] as Future<number>, 1);
    expect(existsSync(resultFile(pathOf(scripted), 1))).toBe(true);
    await end(scripted, futures[1] as Future<number>, 1);
    await until(() => !existsSync(resultFile(pathOf(scripted), 1)));
  });

  it('may be one of a thousand that are given the same', async () => {
    const scripted = new ScriptedExecutor(directory);
    const one = scripted.executor.submit(increment, 0);
    const futures = Array.from({ length: 1000 }, () => scripted.executor.submit(increment, one));
    await until(async () => (await waiting(scripted)).length === 1000);
    await end(scripted, one, 1);
    await until(() => futures.every(({ jobId }) => jobId !== undefined));
    expect(scripted.system.batches.map(({ jobs }) => jobs.length)).toEqual([1, 1000]);
    expect(readdirSync(resultsDirectory(pathOf(scripted)))).toEqual(['1']);
  });

  it('fails with a chain of thousands, each with the error of the first', async () => {
    const scripted = new ScriptedExecutor(directory, { keepFiles: 'none' });
    const chain = [scripted.executor.submit(increment, 0)];
    for (let length = 0; length < 2000; length += 1)
      chain.push(scripted.executor.submit(increment, chain.at(-1) as Future<number>));
    const [first, last] = [chain[0] as Future<number>, chain.at(-1) as Future<number>];
    await until(() => first.jobId !== undefined);
    scripted.tell(first, { kind: 'removed', reason: 'by hand' });
    const error = (await thrownBy(last)) as DependencyError;
    expect(error).toBeInstanceOf(DependencyError);
    expect([error.future, error.cause, error.jobId]).toEqual([first, await first.exception(), first.jobId]);
    expect(keys(scripted)).toEqual(['1']);
    await until(() => readdirSync(inputsDirectory(pathOf(scripted))).length === 0);
  });

  it('is tried again with what it was given still there', async () => {
    const scripted = new ScriptedExecutor(directory, { retries: 1 });
    const one = scripted.executor.submit(increment, 0);
    const two = scripted.executor.submit(increment, one);
    await end(scripted, one, 1);
    await until(() => two.jobId !== undefined);
    scripted.tell(two, { kind: 'ended', exitCode: 1 });
    await scripted.nextAttempt(two, 2);
    expect(existsSync(resultFile(pathOf(scripted), 1))).toBe(true);
    await end(scripted, two, 2);
    await until(() => !existsSync(resultFile(pathOf(scripted), 1)));
  });

  it('waits for the last attempt of another one', async () => {
    const scripted = new ScriptedExecutor(directory, { retries: 1 });
    const one = scripted.executor.submit(increment, 0);
    const two = scripted.executor.submit(increment, one);
    await until(() => one.jobId !== undefined);
    scripted.tell(one, { kind: 'ended', exitCode: 1 });
    await scripted.nextAttempt(one, 2);
    expect(keys(scripted)).toEqual(['1', '1-2']);
    await end(scripted, one, 1);
    await until(() => two.jobId !== undefined);
    expect(keys(scripted)).toEqual(['1', '1-2', '2']);
  });

  it('keeps what it was given where its own files stay', async () => {
    const scripted = new ScriptedExecutor(directory);
    const one = scripted.executor.submit(increment, 0);
    const two = scripted.executor.submit(increment, one);
    await end(scripted, one, 1);
    await until(() => two.jobId !== undefined);
    scripted.tell(two, { kind: 'ended', exitCode: 1 });
    await thrownBy(two);
    await scripted.executor.shutdown();
    expect(existsSync(resultFile(pathOf(scripted), 1))).toBe(true);
  });

  it('takes no room that others need, and none while it waits', async () => {
    const scripted = new ScriptedExecutor(directory, { maxInFlight: 1 });
    const one = scripted.executor.submit(increment, 0);
    const two = scripted.executor.submit(increment, one);
    const three = scripted.executor.submit(increment, 2);
    await end(scripted, one, 1);
    await until(() => keys(scripted).length === 2);
    await end(scripted, keys(scripted)[1] === '2' ? two : three, 2);
    await until(() => keys(scripted).length === 3);
    expect(keys(scripted).toSorted()).toEqual(['1', '2', '3']);
  });

  it('fails with the reason if the result is nowhere any more', async () => {
    const scripted = new ScriptedExecutor(directory, { watch: 'sweep' });
    const one = scripted.executor.submit(increment, 0);
    await end(scripted, one, 1);
    const { rmSync } = await import('node:fs');
    const path = pathOf(scripted);
    await until(() => readdirSync(outcomesDirectory(path)).length === 0);
    rmSync(`${path}/settled`);
    const error = await thrownBy(scripted.executor.submit(increment, one));
    expect(error).toBeInstanceOf(DirectoryError);
    expect((error as Error).message).toContain('settled');
    expect(keys(scripted)).toEqual(['1']);
  });

  it('is left on the disk by detach(), with all that it needs', async () => {
    const scripted = new ScriptedExecutor(directory);
    Object.assign(scripted.system, { jobSetRemoval: {} });
    const [one, two] = [0, 1].map((x) => scripted.executor.submit(increment, x)) as [
      Future<number>,
      Future<number>,
    ];
    const ready = scripted.executor.submit(increment, one);
    const sum = scripted.executor.submit((x: number, y: number) => x + y, one, two);
    await end(scripted, one, 1);
    await until(() => ready.jobId !== undefined);
    const path = pathOf(scripted);
    await scripted.executor.detach();
    expect(await thrownBy(sum)).toBeInstanceOf(DetachedError);
    expect(await waiting(scripted)).toContainEqual(['4', 'needs:1,2']);
    expect([readdirSync(resultsDirectory(path)), readdirSync(inputsDirectory(path))]).toEqual([['1'], ['1']]);
  });
});
