import type { AvoidedHost, SubmitOptions } from '../batch/batch-system.ts';
import { longerHorizon } from './assignment-policy.ts';
import type { WarmCall } from './warm-call.ts';
import type { Worker } from './worker.ts';

/** Workers that were submitted alike, and the calls that any of them can make. */
export class Pool {
  readonly submit: SubmitOptions;
  readonly workers: Set<Worker> = new Set();
  /** How long its calls take, on average, in milliseconds; undefined before the first. */
  meanDuration: number | undefined;
  /** How much work a worker gets ahead, in milliseconds. */
  horizon: number = 200;
  /** Machines that the calls that wait would rather not meet again. */
  avoid: readonly AvoidedHost[] = [];
  /** Set while workers are being submitted; resolves when that is over. */
  starting: Promise<void> | undefined;
  /** How many are submitted together at the most: fewer once more were refused, and more again as they are taken. */
  atOnce: number = Infinity;
  /** By performance.now(): before it nothing is submitted, as the last time that failed. */
  pauseUntil = 0;
  #queue: WarmCall[] = [];
  #head = 0;
  #waiting = 0;

  constructor(submit: SubmitOptions) {
    this.submit = submit;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#waiting;
  }

  add(call: WarmCall): void {
    this.#queue.push(call);
    this.#waiting += 1;
  }

  /** Before all others, as they have waited before. */
  addFirst(calls: readonly WarmCall[]): void {
    this.#queue = [...calls, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#waiting += calls.length;
  }

  /** A call that waits here does so no more. */
  drop(call: WarmCall): void {
    call.state = 'gone';
    this.#waiting -= 1;
  }

  /** The next calls, `count` at the most; they do not wait any more. */
  take(count: number): WarmCall[] {
    const taken: WarmCall[] = [];
    while (taken.length < count && this.#head < this.#queue.length) {
      const call = this.#queue[this.#head] as WarmCall;
      this.#head += 1;
      if (call.state === 'waiting') taken.push(call);
    }
    this.#waiting -= taken.length;
    if (this.#head > 1000 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** All that wait, in their order. */
  list(): WarmCall[] {
    return this.#queue.slice(this.#head).filter(({ state }) => state === 'waiting');
  }

  /** A worker had nothing to do while calls waited. */
  onDrained(): void {
    this.horizon = longerHorizon(this.horizon);
  }

  /** A call took so long. */
  measure(duration: number): void {
    const weight = this.meanDuration === undefined ? 1 : 0.2;
    this.meanDuration = (this.meanDuration ?? 0) * (1 - weight) + Math.max(duration, 0) * weight;
  }
}
