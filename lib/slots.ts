import { Fifo } from './fifo.ts';

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
