import { afterEach } from '@jest/globals';
import type { JobEvent } from '../../lib/batch/batch-system.ts';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { resolveOptions, type ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { logsDirectory, outcomeFile } from '../../lib/job-set/names.ts';
import { writeWhole } from '../../lib/job-set/whole-files.ts';
import { encodeOutcome, type ItemOutcome } from '../../lib/payload/call.ts';
import { serialize } from '../../lib/payload/serialize.ts';
import { ScriptedSystem } from './scripted-system.ts';
import { until } from './until.ts';

type Told<Event> = Event extends JobEvent ? Omit<Event, 'jobId'> : never;

/** An executor whose jobs do nothing by themselves: the spec tells what becomes of them. */
export class ScriptedExecutor {
  readonly system: ScriptedSystem = new ScriptedSystem();
  readonly executor: ClusterExecutor;

  constructor(directory: string, options: ClusterOptions = {}) {
    const all = { directory, outcomeGrace: 50, ...options };
    this.executor = new ClusterExecutor(this.system, resolveOptions('it', all, {}));
    open.push(this);
  }

  /** A future whose job is in the queue; in an object, because a promise of a future is one of its value. */
  async submitted(executor: Executor = this.executor): Promise<{ future: Future<number> }> {
    const future = executor.submit(() => 0);
    await until(() => future.jobId !== undefined);
    return { future };
  }

  /** Tells what happens to the job of a future's present attempt. */
  tell(future: Future<unknown>, event: Told<JobEvent>): void {
    this.system.emit({ jobId: future.jobId as string, ...event });
  }

  async return(future: Pick<Future<unknown>, 'jobId'>, value: unknown): Promise<void> {
    await this.writeOutcome(future, { value: serialize(value) });
  }

  async writeOutcome(future: Pick<Future<unknown>, 'jobId'>, item: ItemOutcome): Promise<void> {
    const outcome = {
      items: [item],
      host: 'node7.local',
      pid: 5,
      nodeVersion: process.version,
      startedAt: 1,
      endedAt: 2,
      userCpuMs: 3,
      systemCpuMs: 4,
      peakMemoryBytes: 6,
    };
    await writeWhole(outcomeFile(this.#directory, keyOf(future)), encodeOutcome(outcome));
  }

  /** What a job says on its stderr. */
  async say(future: Future<unknown>, words: string): Promise<void> {
    await writeWhole(`${logsDirectory(this.#directory)}/${keyOf(future)}.err`, words);
  }

  /** The future's next job, which follows one that failed. */
  async nextAttempt(future: Future<unknown>, attempt: number): Promise<void> {
    await until(() => future.attempts === attempt && future.jobId !== undefined);
  }

  get #directory(): string {
    return this.executor.jobSetDirectory as string;
  }

  async end(): Promise<void> {
    const end = this.executor.shutdown({ cancelFutures: true });
    this.system.endAll();
    await end;
  }
}

function keyOf({ jobId }: Pick<Future<unknown>, 'jobId'>): string {
  return jobId?.split('.')[1] as string;
}

const open: ScriptedExecutor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (one) => one.end()));
});
