import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Future } from '../../../lib/futures/future.ts';
import { HTCondorExecutor } from '../../../lib/executors/htcondor-executor.ts';
import { sharedTemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

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
