import type { BatchSystem, JobEvent } from '../../batch/batch-system.ts';
import type { Job, JobEnd } from './job.ts';

/**
 * How long nothing may be heard of any job before the batch system is asked; it doubles while nothing is
 * heard.
 */
const FIRST_SILENCE_MS = 60_000;
const LONGEST_SILENCE_MS = 600_000;
/** One answer without a job proves nothing: a queue may be listed while it is being rewritten. */
const MISSING_TIMES = 2;

/** What is asked about. */
export interface PolledJob {
  readonly jobId: string;
  readonly phase: Job['phase'];
  readonly end: JobEnd | undefined;
  /** How many times in a row the batch system did not know it. */
  missing: number;
}

/**
 * Nothing may come of it for long, and nobody would notice that it is gone. That holds for a job whose call
 * is done, too, also while it is held until it is removed: calls may wait for its place in the queue.
 */
function maySilentlyEnd({ phase, end }: PolledJob): boolean {
  if (phase !== 'open') return phase === 'settled';
  return end === undefined || (end.kind === 'held' && end.requested === true);
}

/**
 * Asks the batch system, rarely and for all jobs at once, when outcomes and events have been silent for long.
 */
export class StatusPoll<J extends PolledJob = Job> {
  readonly #system: Pick<BatchSystem, 'status'>;
  readonly #onEvent: (event: JobEvent) => void;
  readonly #onLost: (job: J) => void;
  #heardAt = performance.now();
  #askedAt = performance.now();
  #patience = FIRST_SILENCE_MS;
  #asking = false;

  constructor(
    system: Pick<BatchSystem, 'status'>,
    onEvent: (event: JobEvent) => void,
    onLost: (job: J) => void,
  ) {
    this.#system = system;
    this.#onEvent = onEvent;
    this.#onLost = onLost;
  }

  /** Something was heard of some job. */
  onHeard(): void {
    this.#heardAt = performance.now();
    if (!this.#asking) this.#patience = FIRST_SILENCE_MS;
  }

  /** At the next tick, whatever is heard till then. */
  askSoon(): void {
    this.#askedAt = -Infinity;
  }

  onTick(jobs: Iterable<J>): void {
    const now = performance.now();
    // While other jobs talk, one whose last event was lost must not wait for ever.
    const isDue = now - this.#heardAt >= this.#patience || now - this.#askedAt >= LONGEST_SILENCE_MS;
    if (this.#asking || !isDue) return;
    const open = [...jobs].filter((job) => maySilentlyEnd(job));
    this.#heardAt = now;
    this.#askedAt = now;
    if (open.length > 0) void this.#ask(open);
  }

  async #ask(jobs: readonly J[]): Promise<void> {
    this.#asking = true;
    this.#patience = Math.min(this.#patience * 2, LONGEST_SILENCE_MS);
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
      // No answer says nothing about the jobs; the question is asked again.
    } finally {
      this.#asking = false;
    }
  }
}
