import { startTimer } from '../../base/timers.ts';

/**
 * HTCondor refuses more than MAX_JOBS_PER_SUBMISSION jobs at once, 20,000 as shipped; and what is refused is
 * refused as a whole.
 */
const JOBS_PER_SUBMISSION = 10_000;
/**
 * Pauses before a queue that was full is tried again though no job of ours has left it: from the first to the
 * longest.
 */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * How many jobs may go into the queue now. Which limits its administrators have set is found out by being
 * refused: fewer at once then, and when even one is too many, one for each job of ours that leaves the queue,
 * and now and then one on trial.
 */
export class QueueCapacity {
  readonly #maxInFlight: number;
  readonly #onRoom: () => void;
  /** Set when more were refused. */
  #atOnce: number | undefined;
  /** How many more the queue can be thought to take. */
  #left = Infinity;
  /** It has refused even one more, or what was left of its last room has been used. */
  #full = false;
  /** How many are tried when the next pause is over: twice as many each time that they are taken. */
  #trial = 1;
  #onTrial = false;
  #pause = FIRST_PAUSE_MS;
  #stopTimer: (() => void) | undefined;

  /**
   * @param maxInFlight how many jobs may be in the queue at once
   * @param onRoom called when there may be room again
   */
  constructor(maxInFlight: number, onRoom: () => void) {
    this.#maxInFlight = maxInFlight;
    this.#onRoom = onRoom;
  }

  /**
   * How many jobs may be in one submission.
   * @param usual how many, as long as none was refused
   */
  atOnce(usual: number = JOBS_PER_SUBMISSION): number {
    return this.#atOnce ?? usual;
  }

  /** How many more jobs may be submitted, of an executor that has so many in the queue. */
  beside(inFlight: number): number {
    return Math.max(0, Math.min(this.#maxInFlight - inFlight, this.#left));
  }

  onAccepted(jobs: number): void {
    if (this.#left === Infinity) return;
    this.#left = Math.max(0, this.#left - jobs);
    this.#full = true;
    this.#pause = FIRST_PAUSE_MS;
    if (!this.#onTrial || this.#left > 0) return;
    this.#trial *= 2;
    this.#left = this.#trial > JOBS_PER_SUBMISSION ? Infinity : this.#trial;
  }

  /**
   * @param limit which one the jobs were over
   * @returns whether the same jobs may be taken later, or in parts
   */
  onRefused(limit: 'submission' | 'queue', jobs: number): boolean {
    if (limit === 'submission') {
      this.#atOnce = Math.max(1, Math.floor(jobs / 2));
      return jobs > 1;
    }
    if (!this.#full && jobs > 1) this.#left = Math.floor(jobs / 2);
    else {
      this.#left = 0;
      this.#full = true;
    }
    this.#trial = 1;
    this.#onTrial = false;
    return true;
  }

  /** A job of ours has left the queue. */
  onLeft(): void {
    if (this.#full) this.#left += 1;
  }

  /** Jobs wait, and nothing else may ever tell that there is room. */
  tryLater(): void {
    if (this.#left > 0 || this.#stopTimer !== undefined) return;
    // Not all at the same time, where several programs wait for one schedd.
    const pause = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#stopTimer = startTimer(pause, () => {
      this.#stopTimer = undefined;
      this.#onTrial = true;
      this.#left = Math.max(this.#left, this.#trial);
      this.#onRoom();
    });
  }

  /** Nobody waits for room any more. */
  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
