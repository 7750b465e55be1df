import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/** The timers that some code sets, told from those of everything else in the process, which come and go at any time. */
export class CountedTimers {
  readonly #isCounted = new AsyncLocalStorage<true>();
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor() {
    const timers = this.#timers;
    const isCounted = this.#isCounted;
    createHook({
      init(id, type, _, timer) {
        if (type === 'Timeout' && isCounted.getStore() === true) timers.set(id, timer as NodeJS.Timeout);
      },
      destroy: (id) => void timers.delete(id),
    }).enable();
  }

  /** Counts the timers that `act` sets, and those that follow from it. */
  count<T>(act: () => T): T {
    return this.#isCounted.run(true, act);
  }

  /** The number of them that keep the process alive. */
  get active(): number {
    return [...this.#timers.values()].filter((timer) => timer.hasRef()).length;
  }
}
