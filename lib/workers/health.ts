import type { BatchSystem, JobEvent } from '../batch/batch-system.ts';
import type { Departures } from './endings.ts';
import { firstOf, type Pool, type Worker, type WorkerEnd } from './model.ts';
import type { Warm } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

const LOOK_MS = 100;
/** How long nothing is heard of a worker's calls before one of them is taken to be long. */
const STUCK_MS = 100;
/** Every so many looks, those that have not begun as far as the batch system has told are looked at. */
const LOOKS_PER_START_CHECK = 10;

interface LookoutHost {
  readonly warm: Warm;
  readonly files: WorkerFiles;
  readonly departures: Departures;
  onStarted(worker: Worker, host: string): void;
  onLooked(): void;
}

/** Looks after what nobody tells: which calls have begun, which wait behind a long one, which workers have started. */
export class Lookout {
  readonly #host: LookoutHost;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(host: LookoutHost) {
    this.#host = host;
  }

  wake(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  sleep(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { warm } = this.#host;
    this.#looks += 1;
    for (const worker of warm.workers) {
      if (isStuck(worker)) void this.#lookAtFirst(worker);
      if (worker.phase === 'queued' && this.#looks % LOOKS_PER_START_CHECK === 0) {
        void this.#lookForStart(worker);
      }
    }
    for (const pool of warm.pools.values()) this.#shareAgain(pool);
    this.#host.onLooked();
  }

  /** The batch system's word that it runs may be late, or lost. */
  async #lookForStart(worker: Worker): Promise<void> {
    const started = await this.#host.files.hasStarted(worker.number);
    if (started !== undefined && worker.jobId !== undefined) this.#host.onStarted(worker, started.host);
  }

  async #lookAtFirst(worker: Worker): Promise<void> {
    const call = firstOf(worker);
    if (call?.state !== 'assigned') return;
    const { assignment } = call;
    if (!(await this.#host.files.hasBegun(worker.number, assignment))) return;
    const isStillThere = call.worker === worker && call.assignment === assignment;
    if (isStillThere && call.state === 'assigned') this.#host.warm.begin(call);
  }

  /** Workers with nothing to do get what waits behind a long call. */
  #shareAgain(pool: Pool): void {
    if (pool.waiting > 0 || ![...pool.workers].some((worker) => isFree(worker))) return;
    for (const worker of pool.workers) {
      if (!isStuck(worker) || worker.assigned.size < 2) continue;
      const [, ...behind] = worker.assigned.values();
      void this.#host.departures.takeBack(worker, behind).then(() => this.#host.onLooked());
    }
  }
}

function isFree({ phase, assigned }: Worker): boolean {
  return phase === 'ready' && assigned.size === 0;
}

/** Whether it has been making one call for long. */
export function isStuck({ phase, assigned, progressAt }: Worker): boolean {
  const isMaking = phase !== 'queued' && phase !== 'ended' && assigned.size > 0;
  return isMaking && performance.now() - progressAt > STUCK_MS;
}

/** How long to wait before a question that was not answered is asked again. */
const ASK_AGAIN_MS = 5000;

/**
 * Finds out whether a worker that is said to be back in the queue has left its machine: what was said of it before is told again at times, and
 * it need not be so any more.
 */
export class Evictions {
  readonly #inner: BatchSystem;
  readonly #departures: Departures;
  /** Those that are being asked for. */
  readonly #asking = new Map<Worker, Promise<void>>();

  constructor(inner: BatchSystem, departures: Departures) {
    this.#inner = inner;
    this.#departures = departures;
  }

  suspect(worker: Worker): void {
    if (worker.jobId === undefined || this.#asking.has(worker)) return;
    const asking = this.#ask(worker, worker.jobId).finally(() => this.#asking.delete(worker));
    this.#asking.set(worker, asking);
  }

  /** Resolves when nothing is being asked. */
  async idle(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  async #ask(worker: Worker, jobId: string): Promise<void> {
    const known = await this.#inner.status([jobId]).catch(() => undefined);
    if (worker.phase === 'ended') return;
    if (known === undefined) return void setTimeout(() => this.suspect(worker), ASK_AGAIN_MS).unref();
    const event = known.get(jobId);
    if (event?.kind !== 'running') void this.#departures.end(worker, endOf(jobId, event));
  }
}

function endOf(jobId: string, event: JobEvent | undefined): WorkerEnd {
  switch (event?.kind) {
    case 'ended':
    case 'held':
    case 'removed':
      return event;
    default:
      return { kind: 'evicted', jobId };
  }
}
