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
  /** Calls that wait, in their order. */
  #queue = new Set<WarmCall>();

  constructor(submit: SubmitOptions) {
    this.submit = submit;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(call: WarmCall): void {
    this.#queue.add(call);
  }

  /** Before all others, as they have waited before. */
  addFirst(calls: readonly WarmCall[]): void {
    this.#queue = new Set([...calls, ...this.#queue]);
  }

  /** A call does not wait here any more. */
  drop(call: WarmCall): void {
    this.#queue.delete(call);
  }

  /** The next calls, `count` at the most; they do not wait any more. */
  take(count: number): WarmCall[] {
    const taken: WarmCall[] = [];
    for (const call of this.#queue) {
      if (taken.length >= count) break;
      this.#queue.delete(call);
      taken.push(call);
    }
    return taken;
  }

  /** All that wait, in their order. */
  list(): WarmCall[] {
    return [...this.#queue];
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
