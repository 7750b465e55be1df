import type { BatchSystem, JobBatch, JobEvent } from '../batch/batch-system.ts';
import { wantedWorkers } from './assignment-policy.ts';
import { Assignments } from './assignments.ts';
import { Departures } from './endings.ts';
import { Evictions, isStuck, Lookout } from './health.ts';
import { idOf, newCall, type Pool, type Worker } from './model.ts';
import { Room, Starts } from './starts.ts';
import { Warm } from './warm-calls.ts';
import { WorkerFiles } from './worker-files.ts';
import type { ResolvedWorkers } from './worker-options.ts';

/** One answer without a job proves nothing: a queue may be listed while it is being rewritten. */
const MISSING_TIMES = 2;

export interface DispatcherHost {
  readonly inner: BatchSystem;
  readonly jobSet: JobBatch['jobSet'];
  readonly cwd: string;
  readonly options: ResolvedWorkers;
  /** How long an outcome may stay invisible after its worker has ended, in milliseconds. */
  readonly grace: number;
  emit(event: JobEvent): void;
}

/** Brings the calls of one job set and its workers together. */
export class Dispatcher {
  readonly warm: Warm;
  readonly #host: DispatcherHost;
  readonly #files: WorkerFiles;
  readonly #assignments: Assignments;
  readonly #starts: Starts;
  readonly #departures: Departures;
  readonly #evictions: Evictions;
  readonly #room: Room;
  #isPumping = false;
  readonly #lookout: Lookout;
  #stopped = false;

  constructor(host: DispatcherHost) {
    this.#host = host;
    this.warm = new Warm((event) => host.emit(event));
    this.#files = new WorkerFiles(host.jobSet.directory);
    this.#assignments = new Assignments(this.warm, this.#files);
    this.#departures = new Departures({
      warm: this.warm,
      files: this.#files,
      inner: host.inner,
      grace: host.grace,
      isStopped: () => this.#stopped,
      onChange: () => this.wake(),
    });
    this.#room = new Room(this.warm, host.options.max);
    this.#evictions = new Evictions(host.inner, this.#departures);
    this.#lookout = new Lookout({
      warm: this.warm,
      files: this.#files,
      departures: this.#departures,
      onStarted: (worker, started) => this.#onRunning(worker, started),
      onLooked: () => this.wake(),
    });
    this.#starts = new Starts({
      ...host,
      warm: this.warm,
      files: this.#files,
      onEvent: (event) => this.onEvent(event),
    });
  }

  get files(): WorkerFiles {
    return this.#files;
  }

  /** There are workers of an earlier process. */
  numberAfter(lastWorker: number, lastSubmission: number): void {
    this.#starts.startAfter(lastWorker, lastSubmission);
  }

  /** @throws what the inner system's submit throws, if no worker could be submitted for the calls */
  async submit({ jobs, submit, avoid }: JobBatch, signal?: AbortSignal): Promise<string[]> {
    const pool = this.warm.poolOf(submit);
    pool.avoid = avoid;
    const calls = jobs.map(({ key, arguments: [, batch, offset, length, hash = ''] }) => {
      const location = { batch: Number(batch), offset: Number(offset), length: Number(length), hash };
      const call = newCall(idOf(key), key, location, pool);
      this.warm.add(call);
      return call;
    });
    await pool.starting;
    const count = Math.min(this.#wanted(pool), this.#room.for(pool));
    if (count > 0 && pool.workers.size === 0) {
      try {
        await this.#start(pool, count, signal);
      } catch (error) {
        for (const call of calls) this.warm.forget(call);
        throw error;
      }
    }
    this.wake();
    return calls.map(({ id }) => id);
  }

  /** What came of a call is known. */
  onOutcome(id: string, duration: number | undefined): void {
    const call = this.warm.calls.get(id);
    if (call === undefined) return;
    if (duration !== undefined) call.pool.measure(duration);
    // It may be that of a worker that was given up too early: the one that has the call now is not to make it.
    if (call.moves > 0 && call.state === 'assigned' && call.worker !== undefined) {
      void this.#files.takeBack(call.worker.number, call.assignment).catch(() => {});
    }
    this.warm.finish(call);
    this.wake();
  }

  /** Something happened to a worker's job. */
  onEvent(event: JobEvent): void {
    const worker = this.warm.byJob.get(event.jobId);
    if (worker === undefined) return this.#starts.onEarly(event);
    worker.missing = 0;
    worker.memoryUsed = event.memoryUsed ?? worker.memoryUsed;
    worker.memoryRequested = event.memoryRequested ?? worker.memoryRequested;
    switch (event.kind) {
      case 'running':
        return this.#onRunning(worker, event.host);
      case 'queued':
      case 'evicted':
        // Old events are told again, and it may only have been told to run once more.
        if (worker.phase !== 'queued' && worker.phase !== 'ended') this.#evictions.suspect(worker);
        return;
      case 'held':
      case 'removed':
      case 'ended':
        void this.#departures.end(worker, event);
        return;
      default:
      // It goes on as it was.
    }
  }

  /** Calls are wanted no more. */
  async remove(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const call = this.warm.calls.get(id);
        if (call === undefined)
          this.#host.emit({ jobId: id, kind: 'removed', reason: 'it was gone already' });
        else await this.#departures.removeCall(call);
      }),
    );
    this.wake();
  }

  /** The calls of a worker of which nothing is left but its files. */
  settleLost(worker: Worker): void {
    void this.#departures.settleCalls(worker, { kind: 'lost', jobId: worker.jobId ?? '' });
  }

  /** What the inner system says of the workers of calls, and so of the calls. */
  async status(ids: readonly string[]): Promise<Map<string, JobEvent>> {
    const workers = [...this.warm.byJob].filter(([, { phase }]) => phase !== 'ended');
    const known = await this.#host.inner.status(workers.map(([jobId]) => jobId));
    for (const [jobId, worker] of workers) {
      const event = known.get(jobId);
      worker.missing = event === undefined ? worker.missing + 1 : 0;
      if (event !== undefined) this.onEvent(event);
      else if (worker.missing >= MISSING_TIMES) void this.#departures.end(worker, { kind: 'lost', jobId });
    }
    const events = ids.map((id) => [id, this.warm.eventOf(id)] as const);
    return new Map(events.filter((entry): entry is [string, JobEvent] => entry[1] !== undefined));
  }

  /** Calls of a worker that does not go on may be made by others. */
  async takeBackAll(worker: Worker): Promise<void> {
    const [first, ...others] = worker.assigned.values();
    const calls = first?.state === 'assigned' ? [first, ...others] : others;
    await this.#departures.takeBack(worker, calls);
    this.wake();
  }

  /** Nothing is started any more: the process ends. Calls that wait are removed, others when their workers end. */
  stop(): void {
    this.#stopped = true;
    this.#lookout.sleep();
    for (const pool of this.warm.pools.values()) for (const call of pool.list()) this.warm.remove(call);
  }

  /** Ends all workers, none of which has a call; resolves when they have left the queue, or the time is over. */
  async retire(timeout: number): Promise<void> {
    for (const worker of this.warm.workers) this.#departures.dismiss(worker);
    await this.#departures.untilNone(timeout);
    await this.#evictions.idle();
    this.#lookout.sleep();
  }

  /** Gives calls to workers, soon. */
  wake(): void {
    if (this.#isPumping || this.#stopped) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (!this.#stopped) this.#pump();
    });
  }

  #pump(): void {
    for (const pool of this.warm.pools.values()) this.#assignments.assign(pool);
    for (const pool of this.warm.pools.values()) {
      this.#startMore(pool);
      if (pool.waiting === 0 && this.#stuckIn(pool) === 0) this.#dismissUnneeded(pool);
    }
    if (this.warm.calls.size > 0) this.#lookout.wake();
    else this.#lookout.sleep();
  }

  #startMore(pool: Pool): void {
    if (pool.starting !== undefined || performance.now() < pool.pauseUntil) return;
    const wanted = this.#wanted(pool);
    const count = Math.min(wanted, this.#room.for(pool));
    if (count > 0) {
      void this.#start(pool, count).catch((error: unknown) => this.#starts.onFailed(pool, error));
    } else if (wanted > 0) {
      for (const worker of this.#room.ask(pool, wanted)) this.#departures.dismiss(worker);
    }
  }

  async #start(pool: Pool, count: number, signal?: AbortSignal): Promise<void> {
    this.#room.onStart(pool);
    const starting = this.#starts.start(pool, count, signal);
    pool.starting = starting.catch(() => {});
    try {
      await starting;
    } finally {
      pool.starting = undefined;
      this.wake();
    }
  }

  /** How many more it could use, whether there is room for them or not. */
  #wanted(pool: Pool): number {
    if (this.#stopped) return 0;
    const workers = [...pool.workers];
    const stuck = workers.filter((worker) => isStuck(worker));
    const busy = workers.filter(({ phase, assigned }) => phase === 'ready' && assigned.size > 0);
    const free = workers.filter(
      ({ phase, assigned }) => phase === 'queued' || (phase === 'ready' && assigned.size === 0),
    );
    return wantedWorkers(
      pool.waiting + this.#stuckIn(pool),
      { busy: busy.filter((worker) => !stuck.includes(worker)).length, free: free.length },
      meanWith(pool.meanDuration, stuck),
      this.#host.options.max,
    );
  }

  /** How many calls wait behind a long one. */
  #stuckIn(pool: Pool): number {
    return [...pool.workers]
      .filter((worker) => isStuck(worker))
      .reduce((sum, { assigned }) => sum + assigned.size - 1, 0);
  }

  /** Those that wait in the batch system's queue for calls that others have made. */
  #dismissUnneeded(pool: Pool): void {
    for (const worker of pool.workers) {
      if (worker.phase === 'queued' && worker.jobId !== undefined) this.#departures.dismiss(worker);
    }
  }

  #onRunning(worker: Worker, host: string | undefined): void {
    worker.host = host ?? worker.host;
    if (worker.phase !== 'queued') return;
    worker.phase = 'ready';
    this.wake();
  }
}

/** The mean of calls that were short says little once others are not. */
function meanWith(mean: number | undefined, stuck: readonly Worker[]): number | undefined {
  if (mean === undefined) return undefined;
  const now = performance.now();
  return stuck.reduce((longest, { progressAt }) => Math.max(longest, now - progressAt), mean);
}
