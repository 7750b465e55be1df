/** Looks come this often, in milliseconds, or a little more rarely. */
const USUAL_STEP_MS = 500;
const LONGEST_STEP_MS = 5000;

/**
 * Time as it passes for somebody who looks again and again. A process that was stopped, or a machine that slept, could not look, and
 * what it waits for did perhaps not happen meanwhile either: of such a gap, only a little counts. Jumps of the date mean nothing.
 */
export class AwakeClock {
  readonly #longestStep: number;
  readonly #read: () => number;
  #lookedAt: number;
  #passed = 0;

  /**
   * @param patience how long is waited by this clock; what passes between two looks counts as half of that at the most
   * @param read milliseconds that only ever grow
   */
  constructor(patience: number, read: () => number = () => performance.now()) {
    this.#longestStep = Math.min(LONGEST_STEP_MS, Math.max(USUAL_STEP_MS, patience / 2));
    this.#read = read;
    this.#lookedAt = read();
  }

  /** Milliseconds since some beginning. */
  now(): number {
    return this.#passed + Math.min(this.#read() - this.#lookedAt, this.#longestStep);
  }

  /** Somebody looks now. */
  look(): void {
    this.#passed = this.now();
    this.#lookedAt = this.#read();
  }
}
