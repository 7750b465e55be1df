import { SubmitError } from '../base/errors.ts';
import { warn } from '../base/warn.ts';
import type { JobEvent } from '../batch/batch-system.ts';
import { EarlyEvents } from '../batch/job-life.ts';
import { workerKey } from '../job-set/names.ts';
import { type Pool, Worker, type WorkerSetup } from './model.ts';
import type { WarmCalls } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

/** How long no worker is submitted after a submission failed that may succeed later. */
const PAUSE_MS = 10_000;
/** How long the only worker of a pool may be queued before another pool may replace it. */
const QUEUED_LONG_MS = 60_000;

/** Submits workers. */
export class Starts {
  readonly #setup: WorkerSetup;
  readonly #calls: WarmCalls;
  readonly #files: WorkerFiles;
  readonly #onEvent: (event: JobEvent) => void;
  #lastWorker = 0;
  /** Counted downwards, to differ from the submissions of calls. */
  #lastSubmission = 0;
  #pendingSubmissions = 0;
  #hasWarned = false;
  /** Events that arrived before the ids of submitted workers were known. */
  readonly #earlyEvents = new EarlyEvents();

  constructor(setup: WorkerSetup, calls: WarmCalls, files: WorkerFiles, onEvent: (event: JobEvent) => void) {
    this.#setup = setup;
    this.#calls = calls;
    this.#files = files;
    this.#onEvent = onEvent;
  }

  /** Numbers new workers and submissions after those of an earlier process. */
  continueAfter(worker: number, submission: number): void {
    this.#lastWorker = worker;
    this.#lastSubmission = submission;
  }

  /**
   * Submits workers: as many as wanted, or fewer if the batch system refuses so many.
   * @throws the errors of its submit(); {@link DirectoryError} and other file errors
   */
  async start(pool: Pool, wanted: number, signal?: AbortSignal): Promise<void> {
    let count = Math.min(wanted, pool.submitLimit);
    for (;;) {
      try {
        await this.#start(pool, count, signal);
        pool.submitLimit = Math.max(pool.submitLimit, count * 2);
        return;
      } catch (error) {
        if (!(error instanceof SubmitError) || error.limit === undefined || count === 1) throw error;
        count = Math.floor(count / 2);
        pool.submitLimit = count;
      }
    }
  }

  async #start(pool: Pool, count: number, signal: AbortSignal | undefined): Promise<void> {
    const calls = this.#calls;
    const files = this.#files;
    this.#lastSubmission -= 1;
    const submission = this.#lastSubmission;
    const workers = Array.from({ length: count }, () => {
      this.#lastWorker += 1;
      return new Worker(this.#lastWorker, pool);
    });
    // Registered before they are submitted, so that they count against `max`.
    for (const worker of workers) {
      calls.workers.add(worker);
      pool.workers.add(worker);
    }
    this.#pendingSubmissions += 1;
    try {
      const note = { submission, since: Date.now(), submit: pool.submit };
      for (const { number } of workers) await files.create(number, note);
      const ids = await this.#submit(pool, submission, workers, signal);
      workers.forEach((worker, index) => this.#onSubmitted(worker, ids[index] as string));
    } catch (error) {
      for (const worker of workers) {
        worker.hasEnded = true;
        calls.workers.delete(worker);
        pool.workers.delete(worker);
        void files.remove(worker.number);
      }
      throw error;
    } finally {
      this.#pendingSubmissions -= 1;
      if (this.#pendingSubmissions === 0) this.#earlyEvents.clear();
    }
  }

  #onSubmitted(worker: Worker, jobId: string): void {
    worker.jobId = jobId;
    this.#calls.workersByJobId.set(jobId, worker);
    for (const event of this.#earlyEvents.take(jobId)) this.#onEvent(event);
    // close() was called before the id was known, and so could not remove the job.
    const { inner, jobSet } = this.#setup;
    if (worker.isClosing) inner.remove([jobId], jobSet.id).catch(() => {});
  }

  /** Keeps an event for an unknown job while a submission is pending: it may concern one of its workers. */
  onUnknownJob(event: JobEvent): void {
    if (this.#pendingSubmissions > 0) this.#earlyEvents.keep(event);
  }

  /**
   * A submission failed that no caller awaits: pauses, or settles the pending calls if it can never succeed.
   */
  onFailed(pool: Pool, error: unknown): void {
    const mayPass = !(error instanceof SubmitError) || error.transient || error.limit === 'queue';
    if (mayPass || pool.workers.size > 0) {
      pool.pauseUntil = performance.now() + PAUSE_MS;
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      warn(`Calls wait for workers, which could not be submitted: ${String(error)}`);
      return;
    }
    const reason = `no worker could be submitted for it: ${error.message}`;
    for (const call of pool.list()) this.#calls.refuse(call, reason);
  }

  async #submit(
    pool: Pool,
    submission: number,
    workers: readonly Worker[],
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const { inner, jobSet, cwd, options } = this.#setup;
    const jobs = workers.map(({ number }) => {
      const key = workerKey(number);
      // In the places of a call's batch, offset, length and hash.
      return { key, arguments: [key, String(options.idleTimeout), '0', '0', '0', String(submission)] };
    });
    const { submit, avoid } = pool;
    return inner.submit({ jobSet, submission, jobs, cwd, submit, avoid, outlivesCalls: true }, signal);
  }
}

/** Shares the maximum number of workers among the pools, whose workers cannot run each other's calls. */
export class Capacity {
  readonly #calls: WarmCalls;
  readonly #max: number;
  /** Pools that need a first worker, in the order of their requests. */
  readonly #requests = new Set<Pool>();

  constructor(calls: WarmCalls, max: number) {
    this.#calls = calls;
    this.#max = max;
  }

  /** How many more workers a pool may have now; one is reserved for each pool whose request is older. */
  availableTo(pool: Pool): number {
    const reserved: Pool[] = [];
    for (const requesting of this.#requests) {
      if (requesting === pool) break;
      const canStart = requesting.pending > 0 && performance.now() >= requesting.pauseUntil;
      if (canStart) reserved.push(requesting);
    }
    return Math.max(0, this.#max - this.#calls.workers.size - reserved.length);
  }

  /**
   * Requests capacity for more workers than {@link availableTo} allows.
   * @returns workers of other pools to close for that
   */
  request(pool: Pool, wanted: number): Worker[] {
    const others = [...this.#calls.workers].filter((worker) => worker.pool !== pool);
    const closing = others.filter(({ phase }) => phase === 'closing');
    // Only those without calls end soon.
    const endingSoon = closing.filter(({ assigned }) => assigned.size === 0).length;
    const idle = others.filter((worker) => isIdle(worker)).slice(0, Math.max(0, wanted - endingSoon));
    // A pool that has workers makes progress without replacing busy ones.
    if (pool.workers.size > 0) return idle;
    this.#requests.add(pool);
    if (idle.length > 0 || closing.length > 0) return idle;
    const replaceable = others.filter((worker) => isReplaceable(worker));
    return replaceable.toSorted((a, b) => a.assigned.size - b.assigned.size).slice(0, 1);
  }

  /** Workers of the pool are being submitted. */
  onStart(pool: Pool): void {
    this.#requests.delete(pool);
  }
}

function isIdle({ phase, pool, assigned }: Worker): boolean {
  return phase === 'ready' && assigned.size === 0 && pool.pending === 0;
}

/**
 * Whether another pool may replace a worker. Prevents two pools from replacing each other's workers in a loop
 * before a call is run.
 */
function isReplaceable({ phase, pool, progressAt }: Worker): boolean {
  if (phase === 'closing') return false;
  if (phase !== 'queued' || pool.pending === 0 || pool.workers.size > 1) return true;
  return performance.now() - progressAt > QUEUED_LONG_MS;
}
