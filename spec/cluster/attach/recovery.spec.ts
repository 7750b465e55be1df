import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ClusterExecutor } from '../../../lib/cluster/cluster-executor.ts';
import { resolveOptions, type ClusterOptions } from '../../../lib/cluster/cluster-options.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { TURNED_AWAY } from '../../../lib/job-set/names.ts';
import {
  journalFile,
  ownerFile,
  revokedFile,
  stdoutFile,
  turnedAwayFile,
} from '../../../lib/job-set/names.ts';
import { ScriptedExecutor } from '../../support/scripted-executor.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();

class Attaching extends ClusterExecutor {
  async attach(id: string): Promise<void> {
    await this.attachTo(id, false);
  }
}

const open: { executor: Attaching; system: ScriptedSystem }[] = [];
afterEach(async () => {
  for (const { executor, system } of open.splice(0)) {
    const end = executor.shutdown({ cancelFutures: true });
    for (const jobId of ['9.1', '9.2']) system.emit({ jobId, kind: 'ended', exitCode: 0 });
    system.endAll();
    await end;
  }
});

interface Attached {
  readonly system: ScriptedSystem;
  readonly jobSet: string;
  readonly futures: readonly Future<number>[];
}

/** The jobs that the queue has, by key. */
type Queue = Readonly<Record<string, string>>;

/**
 * Attaches to two calls whose process was killed before it heard the ids of their jobs.
 * @param looks what the queue has at each look; only before the first, nothing is revoked
 * @param atLast what happens to the job set before the last answer
 */
async function attach(
  looks: readonly Queue[],
  { options = {}, atLast }: { options?: ClusterOptions; atLast?: (jobSet: string) => void } = {},
): Promise<Attached> {
  const run = new ScriptedExecutor(directory);
  const submitted = [run.executor.submit(() => 1), run.executor.submit(() => 2)];
  await until(() => submitted.every(({ jobId }) => jobId !== undefined));
  const parent = mkdtempSync(join(directory, 'killed-'));
  const from = run.executor.jobSetDirectory as string;
  const jobSet = join(parent, basename(from));
  cpSync(from, jobSet, { recursive: true });
  rmSync(ownerFile(jobSet));
  const lines = readFileSync(journalFile(jobSet), 'utf8').split('\n');
  writeFileSync(journalFile(jobSet), lines.filter((line) => !line.includes('"submitted"')).join('\n'));
  const system = new ScriptedSystem();
  const revoked: boolean[] = [];
  system.find = async ({ jobs }) => {
    const queue = looks[revoked.length];
    revoked.push(existsSync(revokedFile(jobSet, 1)));
    if (revoked.length === looks.length) atLast?.(jobSet);
    return jobs.map(({ key }) => queue?.[key]);
  };
  const all = { directory: parent, outcomeGrace: 50, ...options };
  const executor = new Attaching(system, resolveOptions('it', all, {}));
  await executor.attach(basename(from));
  open.push({ executor, system });
  expect(revoked).toEqual(looks.map((_, look) => look > 0));
  return { system, jobSet, futures: executor.futures as Future<number>[] };
}

const keysOf = ({ system }: Attached): string[] =>
  system.batches.flatMap(({ jobs }) => jobs.map(({ key }) => key));

const both: Queue = { '1': '9.1', '2': '9.2' };

describe('Calls whose process was killed while it submitted them', () => {
  it('keep the jobs that the queue has', async () => {
    const { futures, jobSet } = await attach([both]);
    expect(futures.map(({ jobId }) => jobId)).toEqual(['9.1', '9.2']);
    expect(existsSync(revokedFile(jobSet, 1))).toBe(false);
  });

  it('are submitted again if it has none, also after they were revoked', async () => {
    const attached = await attach([{}, {}]);
    await until(() => keysOf(attached).length === 2);
    expect(keysOf(attached)).toEqual(['1-2', '2-2']);
  });

  it('keep jobs that came meanwhile, as those may have begun before they were revoked', async () => {
    const attached = await attach([{}, both]);
    const { futures, system } = attached;
    expect(futures.map(({ jobId }) => jobId)).toEqual(['9.1', '9.2']);
    system.emit({ jobId: '9.1', kind: 'ended', exitCode: 3 });
    expect(await thrownBy(futures[0] as Future<number>)).toMatchObject({
      name: 'JobExitedError',
      attempts: 1,
    });
    expect(system.removed).toEqual([]);
    expect(keysOf(attached)).toEqual([]);
  });

  it('keep their jobs also where the first look found only some of them', async () => {
    const { futures } = await attach([{ '1': '9.1' }, both]);
    expect(futures.map(({ jobId }) => jobId)).toEqual(['9.1', '9.2']);
  });

  it('are not made again if their job has begun and left the queue meanwhile', async () => {
    const atLast = (jobSet: string): void => writeFileSync(stdoutFile(jobSet, '1'), '');
    const attached = await attach([{}, {}], { atLast });
    expect(await thrownBy(attached.futures[0] as Future<number>)).toMatchObject({ name: 'JobLostError' });
    await until(() => keysOf(attached).length === 1);
    expect(keysOf(attached)).toEqual(['2-2']);
  });

  it('get other jobs for those that were turned away, and have all their retries left', async () => {
    const attached = await attach([{}, both], { options: { retries: 1 } });
    const { system, jobSet } = attached;
    const first = attached.futures[0] as Future<number>;
    writeFileSync(turnedAwayFile(jobSet, 1, '1'), '');
    system.emit({ jobId: '9.1', kind: 'ended', exitCode: TURNED_AWAY });
    for (const attempt of [2, 3]) {
      await until(() => first.attempts === attempt && first.jobId !== undefined);
      system.emit({ jobId: first.jobId as string, kind: 'ended', exitCode: TURNED_AWAY });
    }
    expect(await thrownBy(first)).toMatchObject({ exitCode: TURNED_AWAY, attempts: 3 });
    expect(keysOf(attached)).toEqual(['1-2', '1-3']);
  });

  it('fail as ever if they end their process with the code of those', async () => {
    const { system, futures } = await attach([{}, both]);
    system.emit({ jobId: '9.1', kind: 'ended', exitCode: TURNED_AWAY });
    expect(await thrownBy(futures[0] as Future<number>)).toMatchObject({ name: 'JobExitedError' });
  });
});
