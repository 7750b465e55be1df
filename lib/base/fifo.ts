/** The rest moves to the front of the array once more than this, and more than half of it, has been taken. */
const TAKEN = 1024;

/** A queue in constant time: `shift()` of a large array moves all of its elements each time. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** @returns undefined if there is none */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#taken];
    this.#items[this.#taken] = undefined;
    this.#taken += 1;
    if (this.#taken === this.#items.length) this.clear();
    else if (this.#taken > TAKEN && this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}

/**
 * A limit of concurrent operations, which start in the order in which they came. p-queue is what to take
 * elsewhere; here the outcomes of 100,000 calls may come at once, and p-queue needs six times as long for as
 * many operations.
 */
export class Slots {
  readonly #count: number;
  #used = 0;
  readonly #waiting = new Fifo<() => Promise<void>>();
  #onIdle: (() => void)[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Starts `act` now, or when a slot is free. It must not reject. */
  run(act: () => Promise<void>): void {
    if (this.#used === this.#count) return this.#waiting.push(act);
    this.#used += 1;
    void this.#runOn(act);
  }

  /** Resolves when no operation is running or waiting. */
  async idle(): Promise<void> {
    if (this.#used > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async #runOn(first: () => Promise<void>): Promise<void> {
    for (let act: (() => Promise<void>) | undefined = first; act !== undefined; act = this.#waiting.shift())
      await act();
    this.#used -= 1;
    if (this.#used === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
