import type { JobEvent, LostJob } from '../batch/batch-system.ts';
import type { Endings } from './endings.ts';
import { currentCall, type Pool, type Worker, type WorkerEnd, type WorkerSetup } from './model.ts';
import type { WarmCalls } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

const CHECK_MS = 100;
/** A worker without progress for this time is taken to run a long call. */
const STUCK_MS = 100;
/** Queued workers are checked for their start every so many checks. */
const CHECKS_PER_START_CHECK = 10;
/** Pause before a status query that failed is repeated. */
const RETRY_MS = 5000;

/** Finds by polling which calls and workers have started, and withdraws calls that wait behind a long one. */
export class HealthChecks {
  readonly #calls: WarmCalls;
  readonly #files: WorkerFiles;
  readonly #endings: Endings;
  readonly #onEvent: (event: JobEvent) => void;
  readonly #onChecked: () => void;
  #timer: NodeJS.Timeout | undefined;
  #checks = 0;

  constructor(
    calls: WarmCalls,
    files: WorkerFiles,
    endings: Endings,
    onEvent: (event: JobEvent) => void,
    onChecked: () => void,
  ) {
    this.#calls = calls;
    this.#files = files;
    this.#endings = endings;
    this.#onEvent = onEvent;
    this.#onChecked = onChecked;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const calls = this.#calls;
    this.#checks += 1;
    for (const worker of calls.workers) {
      if (isStuck(worker)) void this.#checkCurrentCall(worker);
      if (worker.phase === 'queued' && this.#checks % CHECKS_PER_START_CHECK === 0) {
        void this.#checkStart(worker);
      }
    }
    for (const pool of calls.pools.values()) this.#rebalance(pool);
    this.#onChecked();
  }

  /**
   * Looks for the file that the worker writes at its start, because the batch system's event may be late or
   * lost.
   */
  async #checkStart(worker: Worker): Promise<void> {
    const start = await this.#files.findStart(worker.number);
    const { jobId } = worker;
    if (start !== undefined && jobId !== undefined)
      this.#onEvent({ jobId, kind: 'running', host: start.host });
  }

  async #checkCurrentCall(worker: Worker): Promise<void> {
    const call = currentCall(worker);
    if (call?.state !== 'assigned') return;
    const { assignment } = call;
    if (!(await this.#files.hasStartedCall(worker.number, assignment))) return;
    const isUnchanged = call.worker === worker && call.assignment === assignment;
    if (isUnchanged && call.state === 'assigned') this.#calls.markRunning(call);
  }

  /** Withdraws the calls behind long ones if a worker is idle. */
  #rebalance(pool: Pool): void {
    if (pool.pending > 0 || ![...pool.workers].some((worker) => isIdle(worker))) return;
    for (const worker of pool.workers) {
      if (!isStuck(worker) || worker.assigned.size < 2) continue;
      const [, ...behind] = worker.assigned.values();
      void this.#endings.withdraw(worker, behind).then(() => this.#onChecked());
    }
  }
}

function isIdle({ phase, assigned }: Worker): boolean {
  return phase === 'ready' && assigned.size === 0;
}

/** Whether the worker has been running one call for long. */
export function isStuck({ phase, assigned, progressAt }: Worker): boolean {
  const isRunning = phase !== 'queued' && phase !== 'ended' && assigned.size > 0;
  return isRunning && performance.now() - progressAt > STUCK_MS;
}

/**
 * Asks the batch system whether a worker has really left its machine after an event that says so, because old
 * events may be repeated after newer ones.
 */
export class EvictionChecks {
  readonly #setup: Pick<WorkerSetup, 'inner' | 'jobSet'>;
  readonly #endings: Endings;
  readonly #pendingChecks = new Map<Worker, Promise<void>>();

  constructor(setup: Pick<WorkerSetup, 'inner' | 'jobSet'>, endings: Endings) {
    this.#setup = setup;
    this.#endings = endings;
  }

  check(worker: Worker): void {
    if (worker.jobId === undefined || this.#pendingChecks.has(worker)) return;
    const check = this.#check(worker, worker.jobId).finally(() => this.#pendingChecks.delete(worker));
    this.#pendingChecks.set(worker, check);
  }

  /** Resolves when no query is pending. */
  async settled(): Promise<void> {
    await Promise.all(this.#pendingChecks.values());
  }

  async #check(worker: Worker, jobId: string): Promise<void> {
    const statuses = await this.#setup.inner.status([jobId], this.#setup.jobSet.id).catch(() => undefined);
    if (worker.hasEnded) return;
    if (statuses === undefined) return void setTimeout(() => this.check(worker), RETRY_MS).unref();
    const event = statuses.get(jobId);
    if (event?.kind !== 'running' && event?.kind !== 'suspended')
      void this.#endings.end(worker, endOf(jobId, event));
  }
}

function endOf(jobId: string, event: JobEvent | LostJob | undefined): WorkerEnd {
  switch (event?.kind) {
    case 'lost':
    case 'ended':
    case 'held':
    case 'removed':
      return event;
    default:
      return { kind: 'evicted', jobId };
  }
}
