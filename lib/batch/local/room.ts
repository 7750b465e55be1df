/** How many jobs run at once on this machine, for all who share it. */
export class Room {
  readonly size: number;
  #taken = 0;
  /** Who wants to know of the next place, first come first served. */
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.size = size;
  }

  /** @returns whether there was a place */
  take(): boolean {
    if (this.#taken >= this.size) return false;
    this.#taken += 1;
    return true;
  }

  leave(): void {
    this.#taken -= 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** Calls back once, when there may be a place. */
  callBack(callback: () => void): void {
    this.#waiting.add(callback);
  }
}
