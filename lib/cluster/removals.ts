import type { BatchSystem } from '../batch/batch-system.ts';

/** Removes jobs from the queue: those asked for in one tick, or while a command is running, go into one command. */
export class Removals {
  readonly #system: BatchSystem;
  readonly #onFailure: (error: unknown) => void;
  #wanted: string[] = [];
  #working: Promise<void> | undefined;

  constructor(system: BatchSystem, onFailure: (error: unknown) => void) {
    this.#system = system;
    this.#onFailure = onFailure;
  }

  add(jobId: string): void {
    this.#wanted.push(jobId);
    this.#working ??= this.#work();
  }

  /** Resolves when all that was asked for has been done. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#wanted.length > 0) {
      try {
        await this.#system.remove(this.#wanted.splice(0));
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#working = undefined;
  }
}
