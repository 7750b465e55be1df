import { SubmitError } from '../base/errors.ts';
import type { BatchSystem, JobBatch, JobEvent } from '../batch/batch-system.ts';
import { workerKey } from '../job-set/names.ts';
import { newWorker, type Pool, type Worker } from './model.ts';
import type { Warm } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';
import type { ResolvedWorkers } from './worker-options.ts';

/** How long nothing is submitted after a submission that may succeed later. */
const PAUSE_MS = 10_000;

interface StartsHost {
  readonly warm: Warm;
  readonly files: WorkerFiles;
  readonly inner: BatchSystem;
  readonly jobSet: JobBatch['jobSet'];
  readonly cwd: string;
  readonly options: ResolvedWorkers;
  onEvent(event: JobEvent): void;
}

/** Submits workers. */
export class Starts {
  readonly #host: StartsHost;
  #lastWorker = 0;
  /** Counted downwards, and so never that of a submission of calls. */
  #lastSubmission = 0;
  #submitting = 0;
  #warned = false;
  /** Events of workers whose ids are not known yet. */
  readonly #early = new Map<string, JobEvent[]>();

  constructor(host: StartsHost) {
    this.#host = host;
  }

  startAfter(worker: number, submission: number): void {
    this.#lastWorker = worker;
    this.#lastSubmission = submission;
  }

  /**
   * Submits so many workers, or fewer if that is too many for the batch system.
   * @throws what its submit throws; {@link DirectoryError} and the like
   */
  async start(pool: Pool, wanted: number, signal?: AbortSignal): Promise<void> {
    let count = Math.min(wanted, pool.atOnce);
    for (;;) {
      try {
        await this.#start(pool, count, signal);
        pool.atOnce = Math.max(pool.atOnce, count * 2);
        return;
      } catch (error) {
        if (!(error instanceof SubmitError) || error.limit === undefined || count === 1) throw error;
        count = Math.floor(count / 2);
        pool.atOnce = count;
      }
    }
  }

  async #start(pool: Pool, count: number, signal: AbortSignal | undefined): Promise<void> {
    const { warm, files } = this.#host;
    this.#lastSubmission -= 1;
    const submission = this.#lastSubmission;
    const workers = Array.from({ length: count }, () => {
      this.#lastWorker += 1;
      return newWorker(this.#lastWorker, pool);
    });
    // They count from now on.
    for (const worker of workers) {
      warm.workers.add(worker);
      pool.workers.add(worker);
    }
    this.#submitting += 1;
    try {
      const note = { submission, since: Date.now(), submit: pool.submit };
      for (const { number } of workers) await files.make(number, note);
      const ids = await this.#submit(pool, submission, workers, signal);
      workers.forEach((worker, index) => this.know(worker, ids[index] as string));
    } catch (error) {
      for (const worker of workers) {
        worker.phase = 'ended';
        warm.workers.delete(worker);
        pool.workers.delete(worker);
        void files.remove(worker.number);
      }
      throw error;
    } finally {
      this.#submitting -= 1;
      if (this.#submitting === 0) this.#early.clear();
    }
  }

  /** The id of a worker's job is known, and with it what has happened to it. */
  know(worker: Worker, jobId: string): void {
    worker.jobId = jobId;
    this.#host.warm.byJob.set(jobId, worker);
    const early = this.#early.get(jobId) ?? [];
    this.#early.delete(jobId);
    for (const event of early) this.#host.onEvent(event);
    // It was dismissed before it could be removed.
    if (worker.phase === 'closing') this.#host.inner.remove([jobId]).catch(() => {});
  }

  /** An event of a job that is gone, or whose id is not known yet. */
  onEarly(event: JobEvent): void {
    if (this.#submitting > 0) this.#early.set(event.jobId, [...(this.#early.get(event.jobId) ?? []), event]);
  }

  /** Workers could not be submitted, while calls wait whose submission is long over. */
  onFailed(pool: Pool, error: unknown): void {
    const { warm } = this.#host;
    const mayPass = !(error instanceof SubmitError) || error.transient || error.limit === 'queue';
    if (mayPass || pool.workers.size > 0) {
      pool.pauseUntil = performance.now() + PAUSE_MS;
      // It comes up again every few seconds.
      if (this.#warned) return;
      this.#warned = true;
      const message = `Calls wait for workers, which could not be submitted: ${String(error)}`;
      process.emitWarning(message, 'CondorFuturesWarning');
      return;
    }
    const reason = `no worker could be submitted for it: ${error.message}`;
    for (const call of pool.list()) warm.refuse(call, reason);
  }

  async #submit(
    pool: Pool,
    submission: number,
    workers: readonly Worker[],
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const { inner, jobSet, cwd, options } = this.#host;
    const jobs = workers.map(({ number }) => {
      const key = workerKey(number);
      // In the places of a call's batch, offset, length and hash.
      return { key, arguments: [key, String(options.idleTimeout), '0', '0', '0', String(submission)] };
    });
    const { submit, avoid } = pool;
    return inner.submit({ jobSet, submission, jobs, cwd, submit, avoid, outlivesCalls: true }, signal);
  }
}

/** How long the only worker of a pool may wait for a machine before others get its place. */
const QUEUED_LONG_MS = 60_000;

/** Shares the places for workers among the pools, whose calls cannot be made by each other's workers. */
export class Room {
  readonly #warm: Warm;
  readonly #max: number;
  /** Pools that have no worker and no place for one, those that have waited longest first. */
  readonly #asking = new Set<Pool>();

  constructor(warm: Warm, max: number) {
    this.#warm = warm;
    this.#max = max;
  }

  /** How many more workers a pool may have: a place is kept for each pool that asked before it. */
  for(pool: Pool): number {
    const before: Pool[] = [];
    for (const asking of this.#asking) {
      if (asking === pool) break;
      // What cannot use a place keeps none.
      if (asking.waiting > 0 && performance.now() >= asking.pauseUntil) before.push(asking);
    }
    return Math.max(0, this.#max - this.#warm.workers.size - before.length);
  }

  /**
   * A pool needs so many places that are not there.
   * @returns the workers that are to end, when they have made what they have
   */
  ask(pool: Pool, wanted: number): Worker[] {
    const others = [...this.#warm.workers].filter((worker) => worker.pool !== pool);
    const closing = others.filter(({ phase }) => phase === 'closing');
    // Others may take long to make what they have.
    const coming = closing.filter(({ assigned }) => assigned.size === 0).length;
    const idle = others.filter((worker) => isIdle(worker)).slice(0, Math.max(0, wanted - coming));
    // What has workers gets on without taking those of others that are at work.
    if (pool.workers.size > 0) return idle;
    this.#asking.add(pool);
    if (idle.length > 0 || closing.length > 0) return idle;
    const able = others.filter((worker) => hasHadItsTurn(worker));
    return able.toSorted((a, b) => a.assigned.size - b.assigned.size).slice(0, 1);
  }

  /** Workers of it are being submitted. */
  onStart(pool: Pool): void {
    this.#asking.delete(pool);
  }
}

function isIdle({ phase, pool, assigned }: Worker): boolean {
  return phase === 'ready' && assigned.size === 0 && pool.waiting === 0;
}

/** Or two pools would take each other's place for ever before a call is made. */
function hasHadItsTurn({ phase, pool, progressAt }: Worker): boolean {
  if (phase === 'closing') return false;
  if (phase !== 'queued' || pool.waiting === 0 || pool.workers.size > 1) return true;
  return performance.now() - progressAt > QUEUED_LONG_MS;
}
