/** Writes one thing after the other. Of those that come while one is being written, only the last is. */
export class WriteQueue<T> {
  readonly #write: (value: T) => Promise<void>;
  #next: { value: T; readonly done: Promise<void> } | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(write: (value: T) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when it, or what has come in its place, is written. */
  async add(value: T): Promise<void> {
    if (this.#next !== undefined) {
      this.#next.value = value;
      return this.#next.done;
    }
    const done = this.#idle.then(async () => {
      const latest = this.#next?.value as T;
      this.#next = undefined;
      await this.#write(latest);
    });
    this.#next = { value, done };
    this.#idle = done.catch(() => {});
    return done;
  }

  /** Resolves when nothing is left to be written. */
  async idle(): Promise<void> {
    await this.#idle;
  }
}
