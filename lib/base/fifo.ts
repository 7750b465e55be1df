/** When more of the array than this has been taken, and more than half of it, the rest moves to the front. */
const TAKEN = 1024;

/** First in, first out, in constant time: `shift()` of a large array moves all of it each time. */
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

/** Lets so many at a time, in their order. */
export class Slots {
  readonly #count: number;
  #used = 0;
  readonly #waiting = new Fifo<() => Promise<void>>();
  #onIdle: (() => void)[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Begins now or later; what waits costs little. `act` must not reject. */
  run(act: () => Promise<void>): void {
    if (this.#used === this.#count) return this.#waiting.push(act);
    this.#used += 1;
    void this.#runOn(act);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    if (this.#used > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async #runOn(first: () => Promise<void>): Promise<void> {
    for (let act: (() => Promise<void>) | undefined = first; act !== undefined; act = this.#waiting.shift())
      await act();
    this.#used -= 1;
    if (this.#used === 0) for (const tell of this.#onIdle.splice(0)) tell();
  }
}
