import type { ItemOutcome } from '../payload/call.ts';
import { seldom } from './seldom.ts';
import type { Before } from './before.ts';
import type { OutcomeQueue } from './outcome-queue.ts';
import { writeOutcome, type OutcomePlace } from './outcome-file.ts';
import type { RunningCall } from './running-call.ts';
import type { TimeLimit } from './time-limit.ts';

/** Gathers what came of the job's calls, and writes it once. */
export class OutcomeWriter {
  readonly place: OutcomePlace;
  /** The call in whose course it is asked. */
  running: () => RunningCall | undefined = () => undefined;
  /** The job is being taken off its machine: it is to be run again, so what goes wrong now is no outcome. */
  leaving = false;
  readonly #items: ItemOutcome[] = [];
  #expected = 1;
  #timeLimit: TimeLimit | undefined;
  #written = false;

  /** @param before how far the process had come, if it has made calls before */
  constructor(directory: string, key: string, before?: Before) {
    this.place = { directory, key, startedAt: Date.now(), before };
  }

  /** How many calls the job has, and how long each may take. */
  expect(items: number, timeLimit: TimeLimit | undefined): void {
    this.#expected = items;
    this.#timeLimit = timeLimit;
  }

  add(item: ItemOutcome): void {
    this.#items.push(item);
    this.#timeLimit?.end(item);
  }

  /** All calls that have no outcome yet fail with this, and the job is done. */
  fail(error: unknown): void {
    if (this.#written || this.leaving) return;
    const failure = seldom().failureOf(error);
    while (this.#items.length < this.#expected) this.#items.push(failure);
    this.write();
  }

  /**
   * Synchronous, so that it works while the process ends.
   * @param queue which need not wait for the disk
   */
  write(queue?: OutcomeQueue): void {
    if (this.#written) return;
    this.#written = true;
    this.#timeLimit?.claim();
    writeOutcome(this.place, this.#items, queue);
  }

  /** The process goes on, and its time is no matter of this job any more. */
  async release(): Promise<void> {
    await this.#timeLimit?.stop();
  }
}
