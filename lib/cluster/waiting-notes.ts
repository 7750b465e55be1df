import type { SubmitOptions } from '../batch/batch-system.ts';
import type { JournalEntry } from '../job-set/journal.ts';
import type { Call } from './call.ts';
import { groupByTerms } from './submission-terms.ts';
import { journaledJob } from './write-calls.ts';

/** Writes down which calls, whose inputs are on the disk, are still to be submitted: so they are not lost if the process is ended. */
export class WaitingNotes {
  readonly #submit: SubmitOptions;
  /** For which attempt the journal knows calls to wait. */
  readonly #noted = new Map<Call, number>();
  /** Those of which it is to know soon. */
  readonly #soon = new Map<Call, number>();
  #adding: Promise<void> | undefined;

  /** @param submit submit options of the executor, under those of a call */
  constructor(submit: SubmitOptions) {
    this.#submit = submit;
  }

  /** Resolves when it is written that they wait for their next attempt. */
  async add(calls: readonly Call[]): Promise<void> {
    await this.#write(new Map(calls.map((call) => [call, call.attempts + 1])));
  }

  /** As {@link add}, together with all others of this tick. */
  async addSoon(call: Call): Promise<void> {
    // Now: its next attempt may be on its way before this is written.
    this.#soon.set(call, call.attempts + 1);
    this.#adding ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#adding = undefined;
      const attempts = new Map(this.#soon);
      this.#soon.clear();
      await this.#write(attempts);
    });
    return this.#adding;
  }

  /** A call waits no more. */
  forget(call: Call): void {
    this.#noted.delete(call);
  }

  async #write(attempts: ReadonlyMap<Call, number>): Promise<void> {
    for (const { jobSet, submit, calls } of groupByTerms(this.#submit, attempts.keys())) {
      const unknown = calls
        .map((call) => [call, attempts.get(call) as number] as const)
        .filter(([call, attempt]) => this.#noted.get(call) !== attempt);
      if (unknown.length === 0) continue;
      const jobs = unknown.map(([call, attempt]) => journaledJob(call, attempt));
      await jobSet.note({ event: 'waiting', jobs, submit } satisfies JournalEntry);
      for (const [call, attempt] of unknown) this.#noted.set(call, attempt);
    }
  }
}
