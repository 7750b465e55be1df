import type { BatchSystem, JobEvent } from '../batch/batch-system.ts';
import type { Departures } from './departures.ts';
import type { Worker, WorkerEnd } from './worker.ts';

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
