import type { Departures } from './departures.ts';
import type { Pool } from './pool.ts';
import type { Warm } from './warm.ts';
import type { WorkerFiles } from './worker-files.ts';
import { firstOf, type Worker } from './worker.ts';

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
