import type { BatchSystem, JobEvent } from '../../batch/batch-system.ts';
import type { Job, JobEnd } from './job.ts';

/** Time without events before the batch system is polled; it doubles after each poll without events. */
const MIN_QUIET_MS = 60_000;
const MAX_QUIET_MS = 600_000;
/** Consecutive answers without a job until it is lost: a queue may be listed while it is being rewritten. */
const MISSING_TIMES = 2;

/** A job that the batch system is asked about. */
export interface PolledJob {
  readonly jobId: string;
  readonly phase: Job['phase'];
  readonly end: JobEnd | undefined;
  /** Number of consecutive polls in which the batch system did not know it. */
  missing: number;
}

/**
 * Whether the end of a job may go unnoticed. That includes a job whose call is done, even while it is held
 * until its removal, because calls may wait for its place in the queue.
 */
function mayEndUnnoticed({ phase, end }: PolledJob): boolean {
  if (phase !== 'open') return phase === 'settled';
  return end === undefined || (end.kind === 'held' && end.requested === true);
}

/**
 * Polls the batch system, rarely and for all jobs at once, when there have been no outcomes or events for
 * long.
 */
export class StatusPoll<J extends PolledJob = Job> {
  readonly #system: Pick<BatchSystem, 'status'>;
  readonly #onEvent: (event: JobEvent) => void;
  readonly #onLost: (job: J) => void;
  #lastEventAt = performance.now();
  #lastPollAt = performance.now();
  #quietMs = MIN_QUIET_MS;
  #isPolling = false;

  constructor(
    system: Pick<BatchSystem, 'status'>,
    onEvent: (event: JobEvent) => void,
    onLost: (job: J) => void,
  ) {
    this.#system = system;
    this.#onEvent = onEvent;
    this.#onLost = onLost;
  }

  /** There is an event of some job. */
  onHeard(): void {
    this.#lastEventAt = performance.now();
    if (!this.#isPolling) this.#quietMs = MIN_QUIET_MS;
  }

  /** Polls at the next tick, even if there are events before it. */
  pollSoon(): void {
    this.#lastPollAt = -Infinity;
  }

  onTick(jobs: Iterable<J>): void {
    const now = performance.now();
    // A job whose last event was lost must not wait for ever while other jobs have events.
    const isDue = now - this.#lastEventAt >= this.#quietMs || now - this.#lastPollAt >= MAX_QUIET_MS;
    if (this.#isPolling || !isDue) return;
    const open = [...jobs].filter((job) => mayEndUnnoticed(job));
    this.#lastEventAt = now;
    this.#lastPollAt = now;
    if (open.length > 0) void this.#poll(open);
  }

  async #poll(jobs: readonly J[]): Promise<void> {
    this.#isPolling = true;
    this.#quietMs = Math.min(this.#quietMs * 2, MAX_QUIET_MS);
    try {
      const known = await this.#system.status(jobs.map((job) => job.jobId));
      for (const job of jobs) {
        const event = known.get(job.jobId);
        if (event !== undefined) this.#onEvent(event);
        else {
          job.missing += 1;
          if (job.missing >= MISSING_TIMES) this.#onLost(job);
        }
      }
    } catch {
      // Without an answer nothing is known about the jobs; the poll is repeated later.
    } finally {
      this.#isPolling = false;
    }
  }
}
