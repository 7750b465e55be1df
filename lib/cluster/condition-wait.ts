/** Waits for conditions, one at a time, that are looked at whenever something has ended. */
export class ConditionWait {
  #look: (() => void) | undefined;

  /** Something has ended. */
  look(): void {
    this.#look?.();
  }

  /** @param longest in milliseconds; then it resolves all the same */
  async until(condition: () => boolean, longest: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = longest === Infinity ? undefined : setTimeout(resolve, longest);
      this.#look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#look = undefined;
  }
}
