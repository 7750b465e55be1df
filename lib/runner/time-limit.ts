import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import type { ItemOutcome } from '../payload/call.ts';
import { WATCH_TIME } from './lazy.ts';
import { type OutcomePlace, writeOutcome } from './outcome.ts';

// Indexes of the memory that the two threads share: which thread writes the outcome; how many calls have
// started.
const STATE = 0;
const STARTED = 1;
// Values of STATE.
const OPEN = 0;
const WRITING = 1;
const EXPIRED = 2;

/** The longest time counted in one step, because a process that was suspended meanwhile has not used more. */
const STEP_MS = 1000;

interface Watch {
  readonly shared: Int32Array;
  /** Delivers the outcomes of the calls that have ended. */
  readonly ended: MessagePort;
  readonly limit: number;
  readonly items: number;
  readonly place: OutcomePlace;
}

/** Ends a job one of whose calls runs too long, from a second thread, because a call may block its own. */
export class TimeLimit {
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  readonly #ended: MessagePort;
  readonly #thread: Worker;

  /**
   * @param limit for each call, in milliseconds
   * @param items number of the job's calls
   */
  constructor(limit: number, items: number, place: OutcomePlace) {
    const { port1, port2 } = new MessageChannel();
    this.#ended = port1;
    port1.unref();
    const watch: Watch = { shared: this.#shared, ended: port2, limit, items, place };
    const program = process.argv[1] as string;
    this.#thread = new Worker(program, {
      workerData: watch,
      transferList: [port2],
      execArgv: [],
      argv: [WATCH_TIME],
    });
    this.#thread.unref();
  }

  /** Stops watching. */
  async stop(): Promise<void> {
    this.#ended.close();
    await this.#thread.terminate();
  }

  /** The next call starts. */
  begin(): void {
    Atomics.add(this.#shared, STARTED, 1);
    Atomics.notify(this.#shared, STARTED);
  }

  /** The current call has ended with this outcome. */
  end(item: ItemOutcome): void {
    this.#ended.postMessage(item, []);
  }

  /**
   * Claims the right to write the outcome. Does not return if the limit has expired: the other thread then
   * writes the outcome, and kills the process.
   */
  claim(): void {
    if (Atomics.compareExchange(this.#shared, STATE, OPEN, WRITING) !== EXPIRED) return;
    Atomics.wait(this.#shared, STATE, EXPIRED);
  }
}

/** Main function of the second thread. */
export function watchTime(): void {
  const { shared, ended, limit, items, place } = workerData as Watch;
  waitUntilExpired(shared, limit);
  if (Atomics.compareExchange(shared, STATE, OPEN, EXPIRED) !== OPEN) return;
  const outcomes: ItemOutcome[] = [];
  for (
    let message = receiveMessageOnPort(ended);
    message !== undefined;
    message = receiveMessageOnPort(ended)
  ) {
    outcomes.push(message.message as ItemOutcome);
  }
  const late = outcomes.length;
  while (outcomes.length < items) outcomes.push({ timeLimit: limit, begun: outcomes.length === late });
  writeOutcome(place, outcomes);
  process.kill(process.pid, 'SIGKILL');
}

/** Returns when a call has run for longer than the limit. */
function waitUntilExpired(shared: Int32Array, limit: number): void {
  let started = 0;
  let remaining = Infinity;
  while (remaining > 0) {
    const before = performance.now();
    Atomics.wait(shared, STARTED, started, Math.min(remaining, STEP_MS));
    remaining -= Math.min(performance.now() - before, STEP_MS);
    const now = Atomics.load(shared, STARTED);
    if (now !== started) remaining = limit;
    started = now;
  }
}
