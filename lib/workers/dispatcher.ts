import type { JobBatch, JobEvent } from '../batch/batch-system.ts';
import { wantedWorkers } from './assignment-policy.ts';
import { Assignments } from './assignments.ts';
import { Endings } from './endings.ts';
import { EvictionChecks, HealthChecks, isStuck } from './health.ts';
import { type Pool, WarmCall, type Worker, type WorkerSetup } from './model.ts';
import { Capacity, Starts } from './starts.ts';
import { WarmCalls } from './warm-calls.ts';
import { WorkerFiles } from './worker-files.ts';

/** Starts the workers of one job set as its calls need them, and assigns the calls to them. */
export class Dispatcher {
  readonly calls: WarmCalls;
  readonly files: WorkerFiles;
  readonly setup: WorkerSetup;
  readonly #emit: (event: JobEvent) => void;
  readonly #assignments: Assignments;
  readonly #starts: Starts;
  readonly #endings: Endings;
  readonly #evictionChecks: EvictionChecks;
  readonly #healthChecks: HealthChecks;
  readonly #capacity: Capacity;
  #isScheduled = false;

  constructor(setup: WorkerSetup, emit: (event: JobEvent) => void) {
    this.setup = setup;
    this.#emit = emit;
    const calls = new WarmCalls(emit);
    const files = new WorkerFiles(setup.jobSet.directory);
    const onEvent = (event: JobEvent): void => this.onEvent(event);
    const onChange = (): void => this.wake();
    this.calls = calls;
    this.files = files;
    this.#assignments = new Assignments(calls, files);
    this.#endings = new Endings(setup, calls, files, onChange);
    this.#capacity = new Capacity(calls, setup.options.max);
    this.#evictionChecks = new EvictionChecks(setup, this.#endings);
    this.#healthChecks = new HealthChecks(calls, files, this.#endings, onEvent, onChange);
    this.#starts = new Starts(setup, calls, files, onEvent);
  }

  /** Numbers new workers and submissions after those of an earlier process. */
  continueAfter(lastWorker: number, lastSubmission: number): void {
    this.#starts.continueAfter(lastWorker, lastSubmission);
  }

  /** @throws the errors of the inner system's submit() if no worker could be submitted for the calls */
  async submit({ jobs, submit, avoid }: JobBatch, signal?: AbortSignal): Promise<string[]> {
    const pool = this.calls.poolFor(submit);
    pool.avoid = avoid;
    const calls = jobs.map(({ key, arguments: [, batch, offset, length, hash = ''] }) => {
      const location = { batch: Number(batch), offset: Number(offset), length: Number(length), hash };
      const call = new WarmCall(key, location, pool);
      this.calls.add(call);
      return call;
    });
    await pool.submitting;
    const count = Math.min(this.#wanted(pool), this.#capacity.availableTo(pool));
    if (count > 0 && pool.workers.size === 0) {
      try {
        await this.#start(pool, count, signal);
      } catch (error) {
        for (const call of calls) this.calls.discard(call);
        throw error;
      }
    }
    this.wake();
    return calls.map(({ id }) => id);
  }

  /** The outcome of a call was read. */
  onOutcome(id: string, duration: number | undefined): void {
    const call = this.calls.active.get(id);
    if (call === undefined) return;
    if (duration !== undefined) call.pool.recordDuration(duration);
    // The outcome may come from an earlier worker that was wrongly taken for dead: the present one must not
    // run the call again.
    if (call.reassignments > 0 && call.state === 'assigned' && call.worker !== undefined) {
      void this.files.withdraw(call.worker.number, call.assignment).catch(() => {});
    }
    this.calls.finish(call);
    this.wake();
  }

  /** Handles an event of a worker's job. */
  onEvent(event: JobEvent): void {
    const worker = this.calls.workersByJobId.get(event.jobId);
    if (worker === undefined) return this.#starts.onUnknownJob(event);
    if ((event.kind === 'queued' || event.kind === 'evicted') && worker.phase !== 'queued') {
      // It may be an old event, repeated after a newer one.
      worker.apply({ ...event, kind: 'measured' });
      if (!worker.hasEnded) this.#evictionChecks.check(worker);
      return;
    }
    const before = worker.phase;
    worker.apply(event);
    if (event.kind === 'held' || event.kind === 'removed' || event.kind === 'ended')
      void this.#endings.end(worker, event);
    else if (worker.phase !== before) this.wake();
  }

  /** Removes calls. */
  async remove(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const call = this.calls.active.get(id);
        if (call === undefined) this.#emit({ jobId: id, kind: 'removed', reason: 'it was gone already' });
        else await this.#endings.removeCall(call);
      }),
    );
    this.wake();
  }

  /** Settles the calls of a worker of an earlier process that the batch system does not know. */
  settleLost(worker: Worker): void {
    void this.#endings.settleCalls(worker, { kind: 'lost', jobId: worker.jobId ?? '' });
  }

  /** Asks the inner system for all workers, handles its answer, and returns the states of calls. */
  async status(ids: readonly string[]): Promise<Map<string, JobEvent>> {
    const workers = [...this.calls.workersByJobId].filter(([, { hasEnded }]) => !hasEnded);
    const statuses = await this.setup.inner.status(
      workers.map(([jobId]) => jobId),
      this.setup.jobSet.id,
    );
    for (const [jobId, worker] of workers) {
      const event = statuses.get(jobId);
      if (event !== undefined && event.kind !== 'lost') this.onEvent(event);
      else worker.apply(event ?? { kind: 'missing', jobId });
      if (worker.life.end?.kind === 'lost') void this.#endings.end(worker, worker.life.end);
    }
    const events = ids.map((id) => [id, this.calls.statusOf(id)] as const);
    return new Map(events.filter((entry): entry is [string, JobEvent] => entry[1] !== undefined));
  }

  /** Withdraws the calls of a worker that pauses or leaves its machine, but for the running one. */
  async withdrawAll(worker: Worker): Promise<void> {
    const [first, ...others] = worker.assigned.values();
    const calls = first?.state === 'assigned' ? [first, ...others] : others;
    await this.#endings.withdraw(worker, calls);
    this.wake();
  }

  /**
   * Starts nothing any more, because the process ends. Removes pending calls now, and others when their
   * workers end.
   */
  stop(): void {
    this.calls.isStopped = true;
    this.#healthChecks.stop();
    for (const pool of this.calls.pools.values()) for (const call of pool.list()) this.calls.remove(call);
  }

  /**
   * Ends all workers, none of which has a call; resolves when they have left the queue, or after the timeout
   * in milliseconds.
   */
  async retire(timeout: number): Promise<void> {
    for (const worker of this.calls.workers) this.#endings.close(worker);
    await this.#endings.waitForAll(timeout);
    await this.#evictionChecks.settled();
    this.#healthChecks.stop();
  }

  /** Assigns calls and starts workers in the next turn of the event loop. */
  wake(): void {
    if (this.#isScheduled || this.calls.isStopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.calls.isStopped) this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const pool of this.calls.pools.values()) this.#assignments.assign(pool);
    for (const pool of this.calls.pools.values()) {
      this.#startMore(pool);
      if (pool.pending === 0 && countBlocked(pool) === 0) this.#closeUnneeded(pool);
    }
    if (this.calls.active.size > 0) this.#healthChecks.start();
    else this.#healthChecks.stop();
  }

  #startMore(pool: Pool): void {
    if (pool.submitting !== undefined || performance.now() < pool.pauseUntil) return;
    const wanted = this.#wanted(pool);
    const count = Math.min(wanted, this.#capacity.availableTo(pool));
    if (count > 0) {
      void this.#start(pool, count).catch((error: unknown) => this.#starts.onFailed(pool, error));
    } else if (wanted > 0) {
      for (const worker of this.#capacity.request(pool, wanted)) this.#endings.close(worker);
    }
  }

  async #start(pool: Pool, count: number, signal?: AbortSignal): Promise<void> {
    this.#capacity.onStart(pool);
    const submitting = this.#starts.start(pool, count, signal);
    pool.submitting = submitting.catch(() => {});
    try {
      await submitting;
    } finally {
      pool.submitting = undefined;
      this.wake();
    }
  }

  /** How many more workers the pool could use, whether there is capacity for them or not. */
  #wanted(pool: Pool): number {
    if (this.calls.isStopped) return 0;
    const workers = [...pool.workers];
    const stuck = workers.filter((worker) => isStuck(worker));
    const busy = workers.filter(({ phase, assigned }) => phase === 'ready' && assigned.size > 0);
    const free = workers.filter(
      ({ phase, assigned }) => phase === 'queued' || (phase === 'ready' && assigned.size === 0),
    );
    return wantedWorkers(
      pool.pending + countBlocked(pool),
      { busy: busy.filter((worker) => !stuck.includes(worker)).length, free: free.length },
      meanWithStuck(pool.meanDuration, stuck),
      this.setup.options.max,
    );
  }

  /** Closes queued workers, because other workers have run all calls. */
  #closeUnneeded(pool: Pool): void {
    for (const worker of pool.workers) {
      if (worker.phase === 'queued' && worker.jobId !== undefined) this.#endings.close(worker);
    }
  }
}

/** Number of calls that wait in inboxes behind a long one. */
function countBlocked(pool: Pool): number {
  return [...pool.workers]
    .filter((worker) => isStuck(worker))
    .reduce((sum, { assigned }) => sum + assigned.size - 1, 0);
}

/**
 * The mean duration, or the time for which a stuck worker has been running its call if that is longer: a mean
 * of short calls says little then.
 */
function meanWithStuck(mean: number | undefined, stuck: readonly Worker[]): number | undefined {
  if (mean === undefined) return undefined;
  const now = performance.now();
  return stuck.reduce((longest, { progressAt }) => Math.max(longest, now - progressAt), mean);
}
