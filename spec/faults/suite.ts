import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { until } from '../support/until.ts';
import { account, type Account, type JobRecord } from './account.ts';
import { Faults } from './faults.ts';
import { type FaultKind, makePlan, type Plan } from './plan.ts';
import { poolIsWhole } from './pool-state.ts';
import { Random } from './random.ts';
import { readRuns } from './runs.ts';
import { submitGroup, type Cancellable, type Settled } from './settled.ts';

const run = promisify(execFile);

export interface SuiteOptions {
  readonly calls: number;
  readonly seed: number;
  /** Where jobs see it. */
  readonly directory: string;
  /** What is not settled after this time hangs, in milliseconds. */
  readonly longest: number;
}

export interface Figures extends Account {
  readonly calls: number;
  readonly jobs: number;
  readonly runs: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Jobs that were left in the queue. */
  readonly left: number;
  readonly milliseconds: number;
}

/** So many groups wait at once: as calls are done, others are submitted, in the middle of all faults. */
const GROUPS_AT_ONCE = 100;

/** Submits calls, makes faults, and accounts for every call. */
export async function runSuite({ calls, seed, directory, longest }: SuiteOptions): Promise<Figures> {
  const begun = performance.now();
  const plan = makePlan(calls, new Random(seed));
  const own = mkdtempSync(join(directory, 'faults-'));
  const runsFile = join(own, 'runs');
  writeFileSync(runsFile, '');
  const executor = new HTCondorExecutor({
    directory: own,
    submit: { request_memory: 64, request_disk: 1024, job_lease_duration: 20 },
    keepFiles: 'none',
    commandTimeout: 30_000,
  });
  const faults = new Faults(new Random(seed + 1));
  const settled = await settleAll(plan, executor, runsFile, faults, longest);
  const hung = settled.some(({ outcomes }) => outcomes.length === 0);
  await poolIsWhole();
  await executor.shutdown({ wait: !hung, cancelFutures: true });
  const jobSetId = basename(executor.jobSetDirectory ?? '');
  const left = await leftInQueue(jobSetId);
  const [runs, jobs] = [readRuns(runsFile), await recordsOf(jobSetId)];
  const result = account({ settled, runs, jobs, faults: faults.done });
  rmSync(own, { recursive: true, force: true, maxRetries: 5 });
  const milliseconds = performance.now() - begun;
  return {
    ...result,
    calls: settled.length,
    jobs: new Set(jobs.map(({ jobId }) => jobId)).size,
    runs: runs.length,
    faults: faults.done.counts,
    left,
    milliseconds,
  };
}

async function settleAll(
  { groups, faults: planned }: Plan,
  executor: HTCondorExecutor,
  runsFile: string,
  faults: Faults,
  longest: number,
): Promise<Settled[]> {
  const deadline = performance.now() + longest;
  const settled = groups.map((group) => group.map((call): Settled => ({ call, outcomes: [] })));
  const all = settled.flat();
  const [waiting, coming] = [[...settled], [...planned]];
  const cancellable: Cancellable[] = [];
  let open = 0;
  const progress = (): number => all.filter(({ outcomes }) => outcomes.length > 0).length / all.length;
  while (progress() < 1 && performance.now() < deadline) {
    while (open < GROUPS_AT_ONCE && waiting.length > 0) {
      open += 1;
      const group = waiting.shift() as Settled[];
      void submitGroup(executor, runsFile, group, (one) => cancellable.push(one)).finally(() => (open -= 1));
    }
    const share = progress();
    for (const { call, future } of cancellable) if (call.cancelAt <= share) future.cancel();
    const { jobSetDirectory } = executor;
    if (jobSetDirectory !== undefined) {
      const due = coming.filter(({ at }) => at <= share).length;
      const target = { jobSetId: basename(jobSetDirectory), runsFile };
      for (const { kind } of coming.splice(0, due)) await faults.make(kind, target);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return all;
}

/** How many jobs are left when the pool has had time to clear up after its faults. */
async function leftInQueue(jobSetId: string): Promise<number> {
  let left = 0;
  const isEmpty = async (): Promise<boolean> => {
    const { stdout } = await run('condor_q', ['-constraint', constraintOf(jobSetId), '-af:j', 'JobStatus']);
    left = stdout.trim() === '' ? 0 : stdout.trim().split('\n').length;
    return left === 0;
  };
  await until(isEmpty, { timeout: 60_000, interval: 500 }).catch(() => {});
  return left;
}

async function recordsOf(jobSetId: string): Promise<JobRecord[]> {
  const attributes = ['ClusterId', 'ProcId', 'CondorFuturesCall', 'NumShadowStarts'];
  const { stdout } = await run(
    'condor_history',
    ['-constraint', constraintOf(jobSetId), '-json', '-attributes', attributes.join(',')],
    { maxBuffer: 100_000_000 },
  );
  const ads = JSON.parse(stdout) as Record<string, unknown>[];
  return ads.map((ad) => ({
    jobId: `${String(ad['ClusterId'])}.${String(ad['ProcId'])}`,
    key: String(ad['CondorFuturesCall']),
    shadows: Number(ad['NumShadowStarts'] ?? 0),
  }));
}

function constraintOf(jobSetId: string): string {
  return `CondorFuturesJobSet == "${jobSetId}"`;
}
