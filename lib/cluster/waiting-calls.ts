import type { Call } from './call.ts';

/** Calls whose jobs are being submitted: whether anybody still waits for them. */
export class WaitingCalls {
  readonly #controller = new AbortController();
  readonly #takeBacks: readonly (() => void)[];
  #left: number;

  constructor(calls: readonly Call[]) {
    this.#left = calls.length;
    this.#takeBacks = calls.map(({ future }) => future.addDoneCallback(() => this.#onDone()));
  }

  /** Aborts when all of the futures are done, as when they were cancelled, or the calls are given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  giveUp(): void {
    this.#controller.abort();
  }

  /** The submission is over. */
  stop(): void {
    for (const takeBack of this.#takeBacks) takeBack();
  }

  #onDone(): void {
    this.#left -= 1;
    if (this.#left === 0) this.giveUp();
  }
}
