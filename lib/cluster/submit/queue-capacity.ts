import { startTimer } from '../../base/timers.ts';

/** HTCondor refuses a whole submission of more than MAX_JOBS_PER_SUBMISSION jobs, by default 20,000. */
const JOBS_PER_SUBMISSION = 10_000;
/** Shortest and longest pause before a full queue is tried again although none of our jobs has left it. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

/**
 * Number of jobs that the queue accepts now. The limits of its administrators only show when a submission is
 * refused: the next ones are smaller; when a single job is refused, one is submitted for each of our jobs
 * that leaves the queue, or on trial after a pause.
 */
export class QueueCapacity {
  readonly #maxInFlight: number;
  readonly #onCapacity: () => void;
  /** Maximum size of a submission, after a larger one was refused. */
  #maxAtOnce: number | undefined;
  /** Number of jobs that the queue is expected to accept. */
  #remaining = Infinity;
  /** Whether the queue has refused a single job, or its last known capacity has been used. */
  #isFull = false;
  /** Number of jobs submitted on trial after a pause; doubles each time that they are accepted. */
  #trialSize = 1;
  #isTrial = false;
  #pauseMs = FIRST_PAUSE_MS;
  #stopTimer: (() => void) | undefined;

  /**
   * @param maxInFlight maximum number of jobs in the queue
   * @param onCapacity called when the queue may have capacity again
   */
  constructor(maxInFlight: number, onCapacity: () => void) {
    this.#maxInFlight = maxInFlight;
    this.#onCapacity = onCapacity;
  }

  /**
   * Maximum number of jobs in one submission.
   * @param usual the maximum while no submission has been refused
   */
  atOnce(usual: number = JOBS_PER_SUBMISSION): number {
    return this.#maxAtOnce ?? usual;
  }

  /** Number of jobs that may be submitted by an executor with `inFlight` jobs in the queue. */
  beside(inFlight: number): number {
    return Math.max(0, Math.min(this.#maxInFlight - inFlight, this.#remaining));
  }

  onAccepted(jobs: number): void {
    if (this.#remaining === Infinity) return;
    this.#remaining = Math.max(0, this.#remaining - jobs);
    this.#isFull = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (!this.#isTrial || this.#remaining > 0) return;
    this.#trialSize *= 2;
    this.#remaining = this.#trialSize > JOBS_PER_SUBMISSION ? Infinity : this.#trialSize;
  }

  /**
   * @param limit the limit that the jobs exceeded
   * @returns whether the same jobs may be accepted later, or in parts
   */
  onRefused(limit: 'submission' | 'queue', jobs: number): boolean {
    if (limit === 'submission') {
      this.#maxAtOnce = Math.max(1, Math.floor(jobs / 2));
      return jobs > 1;
    }
    if (!this.#isFull && jobs > 1) this.#remaining = Math.floor(jobs / 2);
    else {
      this.#remaining = 0;
      this.#isFull = true;
    }
    this.#trialSize = 1;
    this.#isTrial = false;
    return true;
  }

  /** One of our jobs has left the queue. */
  onLeft(): void {
    if (this.#isFull) this.#remaining += 1;
  }

  /** Starts a pause after which jobs are submitted on trial, because nothing else may signal capacity. */
  tryLater(): void {
    if (this.#remaining > 0 || this.#stopTimer !== undefined) return;
    // Random, so that several programs do not try the same schedd at the same time.
    const pause = this.#pauseMs * (0.5 + Math.random() / 2);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    this.#stopTimer = startTimer(pause, () => {
      this.#stopTimer = undefined;
      this.#isTrial = true;
      this.#remaining = Math.max(this.#remaining, this.#trialSize);
      this.#onCapacity();
    });
  }

  /** Ends the pause, because no job waits for capacity. */
  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
