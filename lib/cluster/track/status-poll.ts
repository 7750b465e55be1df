import type { BatchSystem, JobEvent, LostJob } from '../../batch/batch-system.ts';
import { type JobLife, mayEndUnnoticed } from '../../batch/job-life.ts';

/** Time without events before the batch system is polled; it doubles after each poll without events. */
const MIN_QUIET_MS = 60_000;
const MAX_QUIET_MS = 600_000;

/** A job that the batch system is asked about. */
export interface PolledJob {
  readonly jobId: string;
  readonly life: JobLife;
}

/**
 * Polls the batch system, rarely and for all jobs at once, when there have been no outcomes or events for
 * long.
 */
export class StatusPoll<J extends PolledJob> {
  readonly #system: Pick<BatchSystem, 'status'>;
  readonly #jobSetId: string;
  readonly #onEvent: (event: JobEvent | LostJob) => void;
  readonly #onMissing: (job: J) => void;
  #lastEventAt = performance.now();
  #lastPollAt = performance.now();
  #quietMs = MIN_QUIET_MS;
  #isPolling = false;

  constructor(
    system: Pick<BatchSystem, 'status'>,
    jobSetId: string,
    onEvent: (event: JobEvent | LostJob) => void,
    onMissing: (job: J) => void,
  ) {
    this.#system = system;
    this.#jobSetId = jobSetId;
    this.#onEvent = onEvent;
    this.#onMissing = onMissing;
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
    const open = [...jobs].filter(({ life }) => mayEndUnnoticed(life));
    this.#lastEventAt = now;
    this.#lastPollAt = now;
    if (open.length > 0) void this.#poll(open);
  }

  async #poll(jobs: readonly J[]): Promise<void> {
    this.#isPolling = true;
    this.#quietMs = Math.min(this.#quietMs * 2, MAX_QUIET_MS);
    try {
      const known = await this.#system.status(
        jobs.map((job) => job.jobId),
        this.#jobSetId,
      );
      for (const job of jobs) {
        const event = known.get(job.jobId);
        if (event !== undefined) this.#onEvent(event);
        else this.#onMissing(job);
      }
    } catch {
      // Without an answer nothing is known about the jobs; the poll is repeated later.
    } finally {
      this.#isPolling = false;
    }
  }
}
