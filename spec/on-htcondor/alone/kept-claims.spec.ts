import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor, type HTCondorExecutorOptions } from '../../../lib/executors/htcondor-executor.ts';
import { sharedTemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const executors: HTCondorExecutor[] = [];
// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => {
  await Promise.all(executors.map(async (executor) => executor.shutdown({ cancelFutures: true })));
});

const directory = sharedTemporaryDirectory();

/** Longer than any spec here. */
const LONG = 600_000;

/** With a request of its own, so that no other spec here has such slots; jobs of others at the same time would take what is kept. */
function open(memory: number, options: HTCondorExecutorOptions = {}): HTCondorExecutor {
  const submit = { request_memory: memory, request_disk: 1024, ...options.submit };
  const executor = new HTCondorExecutor({ directory, ...options, submit });
  executors.push(executor);
  return executor;
}

/** To be submitted: the line of the job's own ClassAd that sets an attribute. */
async function attribute(name: string): Promise<string | undefined> {
  const { readFileSync: read } = await import('node:fs');
  const ad = read(process.env['_CONDOR_JOB_AD'] as string, 'utf8');
  return ad.split('\n').find((text) => text.startsWith(`${name} = `));
}

const claimed = (memory: number): string[] =>
  execFileSync('condor_status', ['-constraint', `State == "Claimed" && Memory == ${memory}`, '-af', 'Name'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((name) => name !== '');

describe('One call after another', () => {
  it('runs on the same claim, which the schedd has kept', async () => {
    const executor = open(640, { keepClaimsFor: LONG });
    const first = await executor.submit(attribute, 'PublicClaimId');
    expect(first).toMatch(/^PublicClaimId = ".+"/);
    const others = [];
    for (let count = 0; count < 3; count += 1) others.push(await executor.submit(attribute, 'PublicClaimId'));
    expect(others).toEqual([first, first, first]);
    const log = readFileSync(join(executor.jobSetDirectory as string, 'events.log'), 'utf8');
    const slots = log.match(/SlotName: \S+/g);
    expect(slots).toHaveLength(4);
    expect(new Set(slots).size).toBe(1);
  });
});

describe('The claims that are kept', () => {
  it('are few after many jobs, and leave the other slots to jobs of another kind', async () => {
    const many = open(768, { keepClaimsFor: LONG });
    await Promise.all(Array.from({ length: 50 }, () => many.submit(() => {})));
    const others = open(896, { keepClaims: 0 });
    await Promise.all(Array.from({ length: 20 }, () => others.submit(() => {})));
    await until(() => claimed(896).length === 0);
    // The collector hears of a claim's end a little later.
    await until(() => claimed(768).length <= 4);
    expect(claimed(896)).toEqual([]);
  });

  it('are given back at shutdown, long before their time', async () => {
    const executor = open(1024, { keepClaimsFor: LONG });
    await Promise.all([1, 2, 3].map((x) => executor.submit((y: number) => y, x)));
    await until(() => claimed(1024).length > 0);
    await executor.shutdown();
    await until(() => claimed(1024).length === 0);
    expect(claimed(1024)).toEqual([]);
  });

  it('are given back when calls ask for something else', async () => {
    const executor = open(1152, { keepClaimsFor: LONG });
    await executor.submit(() => {});
    await until(() => claimed(1152).length > 0);
    await executor.with({ submit: { request_memory: 1280 } }).submit(() => {});
    await until(() => claimed(1152).length === 0 && claimed(1280).length > 0);
    expect(claimed(1280)).toHaveLength(1);
  });

  it('are none, or kept as long as the user says, by the submit command', async () => {
    const ask = async (options: HTCondorExecutorOptions): Promise<string | undefined> =>
      open(1408, options).submit(attribute, 'KeepClaimIdle');
    expect(await ask({})).toBe('KeepClaimIdle = 20');
    expect(await ask({ keepClaimsFor: 7000 })).toBe('KeepClaimIdle = 7');
    expect(await ask({ keepClaims: 0 })).toBeUndefined();
    expect(await ask({ submit: { keep_claim_idle: 0 } })).toBe('KeepClaimIdle = 0');
    expect(await ask({ submit: { Keep_Claim_Idle: 3 } })).toBe('KeepClaimIdle = 3');
    expect(await ask({ submit: { '+KeepClaimIdle': 3 } })).toBe('KeepClaimIdle = 3');
  });
});
