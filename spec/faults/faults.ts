import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kill, runningShadows, starterOf } from '../support/pool-control.ts';
import type { FaultKind } from './plan.ts';
import type { Random } from './random.ts';
import { readRuns } from './runs.ts';

const run = promisify(execFile);

/** What was done, to be held against the errors of calls. */
export interface FaultsDone {
  readonly counts: Map<FaultKind, number>;
  /** Job processes that were killed. */
  readonly killedPids: Set<number>;
  readonly heldJobs: Set<string>;
  readonly removedJobs: Set<string>;
}

export interface FaultTarget {
  readonly jobSetId: string;
  /** Where calls note that they run. */
  readonly runsFile: string;
}

/** Makes faults; those that find nothing to hit are not counted. */
export class Faults {
  readonly done: FaultsDone = {
    counts: new Map(),
    killedPids: new Set(),
    heldJobs: new Set(),
    removedJobs: new Set(),
  };
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  async make(kind: FaultKind, target: FaultTarget): Promise<void> {
    // What it is to hit may be gone by the time: jobs are short.
    const hit = await this.#make(kind, target).catch(() => false);
    if (hit) this.done.counts.set(kind, (this.done.counts.get(kind) ?? 0) + 1);
  }

  /** Each is a line or two. The submitting process is killed in crashes.ts. */
  async #make(kind: FaultKind, target: FaultTarget): Promise<boolean> {
    switch (kind) {
      case 'schedd':
      case 'startd':
      case 'negotiator':
      case 'collector':
        await kill(kind);
        return true;
      case 'starter':
        return killIfThere(starterOf(this.#pickRunner(target) ?? 0));
      case 'shadow':
        return killIfThere(this.#random.pick(runningShadows())?.pid);
      case 'runner': {
        const pid = this.#pickRunner(target);
        if (pid === undefined) return false;
        this.done.killedPids.add(pid);
        return process.kill(pid, 'SIGKILL');
      }
      case 'hold':
        return this.#command('condor_hold', this.done.heldJobs, target);
      case 'remove':
        return this.#command('condor_rm', this.done.removedJobs, target);
    }
  }

  /** The pid of a call that runs now. */
  #pickRunner({ runsFile }: FaultTarget): number | undefined {
    return this.#random.pick(readRuns(runsFile).filter(({ pid }) => starterOf(pid) !== undefined))?.pid;
  }

  async #command(command: string, jobs: Set<string>, { jobSetId }: FaultTarget): Promise<boolean> {
    const constraint = `CondorFuturesJobSet == "${jobSetId}" && JobStatus <= 2`;
    const { stdout } = await run('condor_q', ['-constraint', constraint, '-af:j', 'JobStatus']);
    const jobId = this.#random.pick(stdout.trim().split('\n'))?.split(' ')[0];
    if (jobId === undefined || jobId === '') return false;
    // The job may be told, and the answer lost.
    jobs.add(jobId);
    await run(command, [jobId]);
    return true;
  }
}

async function killIfThere(pid: number | undefined): Promise<boolean> {
  if (pid === undefined) return false;
  await kill(pid);
  return true;
}
