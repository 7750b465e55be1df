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

/** What the two threads share: who may write the outcome, and how many calls have begun. */
const STATE = 0;
const BEGUN = 1;
const OPEN = 0;
const WRITING = 1;
const EXPIRED = 2;

/** The longest time that is counted at once: a process that was stopped meanwhile has not used it. */
const SLICE_MS = 1000;

interface Watch {
  readonly shared: Int32Array;
  /** Brings what came of the calls that are done. */
  readonly done: MessagePort;
  readonly limit: number;
  readonly items: number;
  readonly place: OutcomePlace;
}

/** Ends a job one of whose calls runs too long, from a thread of its own, as a call need not give its thread back. */
export class TimeLimit {
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  readonly #done: MessagePort;
  readonly #thread: Worker;

  /**
   * @param limit for each call, in milliseconds
   * @param items how many calls the job has
   */
  constructor(limit: number, items: number, place: OutcomePlace) {
    const { port1, port2 } = new MessageChannel();
    this.#done = port1;
    port1.unref();
    const watch: Watch = { shared: this.#shared, done: port2, limit, items, place };
    const program = process.argv[1] as string;
    this.#thread = new Worker(program, {
      workerData: watch,
      transferList: [port2],
      execArgv: [],
      argv: [WATCH_TIME],
    });
    this.#thread.unref();
  }

  /** Nothing is left to be ended. */
  async stop(): Promise<void> {
    this.#done.close();
    await this.#thread.terminate();
  }

  /** The next call begins. */
  begin(): void {
    Atomics.add(this.#shared, BEGUN, 1);
    Atomics.notify(this.#shared, BEGUN);
  }

  /** It is done, and its outcome is safe. */
  end(item: ItemOutcome): void {
    this.#done.postMessage(item, []);
  }

  /** The outcome is going to be written; does not return if the time is over: the other thread writes it, and ends the process. */
  claim(): void {
    if (Atomics.compareExchange(this.#shared, STATE, OPEN, WRITING) !== EXPIRED) return;
    Atomics.wait(this.#shared, STATE, EXPIRED);
  }
}

/** What the other thread does. */
export function watchTime(): void {
  const { shared, done, limit, items, place } = workerData as Watch;
  waitForTheEnd(shared, limit);
  if (Atomics.compareExchange(shared, STATE, OPEN, EXPIRED) !== OPEN) return;
  const outcomes: ItemOutcome[] = [];
  for (
    let message = receiveMessageOnPort(done);
    message !== undefined;
    message = receiveMessageOnPort(done)
  ) {
    outcomes.push(message.message as ItemOutcome);
  }
  const late = outcomes.length;
  while (outcomes.length < items) outcomes.push({ timeLimit: limit, begun: outcomes.length === late });
  writeOutcome(place, outcomes);
  process.kill(process.pid, 'SIGKILL');
}

/** Returns when a call has run for too long. */
function waitForTheEnd(shared: Int32Array, limit: number): void {
  let begun = 0;
  let left = Infinity;
  while (left > 0) {
    const before = performance.now();
    Atomics.wait(shared, BEGUN, begun, Math.min(left, SLICE_MS));
    left -= Math.min(performance.now() - before, SLICE_MS);
    const now = Atomics.load(shared, BEGUN);
    if (now !== begun) left = limit;
    begun = now;
  }
}
