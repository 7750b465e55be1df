import type { BatchSystem } from '../batch/batch-system.ts';

/** A schedd that is busy or restarting is asked again, after a pause that grows: for a minute and a half in all. */
const TRIES = 12;
const PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 10_000;

/** Removes jobs from the queue: those asked for in one tick, or while a command is running, go into one command. */
export class Removals {
  readonly #system: BatchSystem;
  readonly #onFailure: (jobIds: readonly string[], error: unknown) => void;
  #wanted: string[] = [];
  #working: Promise<void> | undefined;

  constructor(system: BatchSystem, onFailure: (jobIds: readonly string[], error: unknown) => void) {
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
    let failures = 0;
    while (this.#wanted.length > 0) {
      const jobIds = this.#wanted.splice(0);
      try {
        await this.#system.remove(jobIds);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures < TRIES) {
          this.#wanted.unshift(...jobIds);
          await new Promise((resolve) =>
            setTimeout(resolve, Math.min(PAUSE_MS * failures, LONGEST_PAUSE_MS)),
          );
        } else this.#onFailure(jobIds, error);
      }
    }
    this.#working = undefined;
  }
}
