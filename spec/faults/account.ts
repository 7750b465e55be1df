import { CancelledError, ProcessExitError } from '../../lib/base/errors.ts';
import { JobHeldError, JobKilledError, JobRemovedError } from '../../lib/base/job-errors.ts';
import type { FaultsDone } from './faults.ts';
import type { PlannedCall } from './plan.ts';
import type { Run } from './runs.ts';
import type { Settled } from './settled.ts';

/** A job as HTCondor remembers it. */
export interface JobRecord {
  readonly jobId: string;
  /** Of the job in the job set. */
  readonly key: string;
  /** How many shadows it has had: HTCondor cannot have run it more often. */
  readonly shadows: number;
}

export interface Evidence {
  readonly settled: readonly Settled[];
  readonly runs: readonly Run[];
  readonly jobs: readonly JobRecord[];
  readonly faults: FaultsDone;
}

/** What is wrong, call by call; all empty if every promise was kept. */
export interface Account {
  /** Never settled. */
  readonly hung: string[];
  /** Settled with an error or a value that nothing accounts for. */
  readonly lost: string[];
  /** Settled or run more often than HTCondor itself has started it. */
  readonly doubled: string[];
}

export function account({ settled, runs, jobs, faults }: Evidence): Account {
  const result: Account = { hung: [], lost: [], doubled: [] };
  const runsOf = groupBy(runs, ({ id }) => id);
  const pidsOf = pidsByJob(settled, runsOf);
  for (const { call, outcomes } of settled) {
    const own = runsOf.get(call.id) ?? [];
    const [outcome] = outcomes;
    const name = `call ${call.id} (${call.kind})`;
    if (outcome === undefined) {
      result.hung.push(name);
      continue;
    }
    if (outcomes.length > 1) result.doubled.push(`${name} was settled ${outcomes.length} times`);
    const wrong =
      'value' in outcome
        ? troubleWithValue(call, outcome.value, own)
        : troubleWithError(call, outcome.error, pidsOf.get(call.job) ?? [], faults);
    if (wrong !== undefined) result.lost.push(`${name} ${wrong}`);
  }
  for (const [key, ofKey] of groupBy(jobs, (job) => job.key)) {
    // A schedd that is killed at the wrong instant writes the same job into its history again.
    const jobIds = [...new Set(ofKey.map(({ jobId }) => jobId))];
    if (jobIds.length > 1) result.doubled.push(`key ${key} is ${jobIds.join(' and ')}`);
  }
  const shadowsOf = new Map<string, number>();
  for (const { key, shadows } of jobs) shadowsOf.set(key, Math.max(shadows, shadowsOf.get(key) ?? 0));
  for (const [name, ofCall] of groupBy(runs, ({ id, key }) => `call ${id} of key ${key}`)) {
    const shadows = shadowsOf.get(ofCall[0]?.key ?? '') ?? 0;
    if (ofCall.length > shadows)
      result.doubled.push(`${name} was run ${ofCall.length} times by ${shadows} shadows`);
  }
  return result;
}

/** A value is right, and something has run to give it. */
function troubleWithValue(
  { id, kind }: PlannedCall,
  value: unknown,
  runs: readonly Run[],
): string | undefined {
  if (kind === 'throwing' || kind === 'exiting' || kind === 'killed') return `has the value ${String(value)}`;
  if (value !== id * 2) return `has the wrong value ${String(value)}`;
  return runs.length === 0 ? 'has a value, and was never run' : undefined;
}

/** An error is the call's own, or fits what was done to its job. */
function troubleWithError(
  { id, kind }: PlannedCall,
  error: unknown,
  pids: readonly number[],
  faults: FaultsDone,
): string | undefined {
  const isOwn =
    (kind === 'throwing' && error instanceof RangeError && error.message === `call ${id}`) ||
    (kind === 'exiting' && error instanceof ProcessExitError && error.exitCode === 3) ||
    (kind === 'cancelled' && error instanceof CancelledError);
  const isOurs =
    (error instanceof JobHeldError && faults.heldJobs.has(error.jobId)) ||
    (error instanceof JobRemovedError && faults.removedJobs.has(error.jobId)) ||
    (error instanceof JobKilledError &&
      error.signal === 9 &&
      (kind === 'killed' || pids.some((pid) => faults.killedPids.has(pid))));
  return isOwn || isOurs ? undefined : `failed with ${String(error)}`;
}

/** The processes of each job: a fault hits all calls of a chunk. */
function pidsByJob(settled: readonly Settled[], runsOf: Map<number, Run[]>): Map<number, number[]> {
  const pids = new Map<number, number[]>();
  for (const { call } of settled) {
    const own = (runsOf.get(call.id) ?? []).map(({ pid }) => pid);
    pids.set(call.job, [...(pids.get(call.job) ?? []), ...own]);
  }
  return pids;
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
