/** Usual time between two checks. */
const USUAL_STEP_MS = 500;
const LONGEST_STEP_MS = 5000;

/**
 * A clock that counts only the time during which a process is awake and checks something repeatedly: of a
 * long gap between two checks, as when the process was stopped or the machine slept, only a part counts,
 * because what the process waits for may not have progressed either. Independent of changes of the date.
 */
export class AwakeClock {
  readonly #longestStep: number;
  readonly #read: () => number;
  #checkedAt: number;
  #passed = 0;

  /**
   * @param patience the longest wait measured by this clock, in milliseconds; a gap between two checks counts
   * as half of that at most
   * @param read returns monotonic milliseconds
   */
  constructor(patience: number, read: () => number = () => performance.now()) {
    this.#longestStep = Math.min(LONGEST_STEP_MS, Math.max(USUAL_STEP_MS, patience / 2));
    this.#read = read;
    this.#checkedAt = read();
  }

  /** Milliseconds since the clock was created. */
  now(): number {
    return this.#passed + Math.min(this.#read() - this.#checkedAt, this.#longestStep);
  }

  /** Is called at each check. */
  check(): void {
    this.#passed = this.now();
    this.#checkedAt = this.#read();
  }
}
