import type { JournalEntry } from '../job-set/journal.ts';
import type { Call } from './call.ts';
import { groupByTerms, type Grouping } from './submission-terms.ts';
import { journaledJob } from './write-calls.ts';

/** Writes down that calls, whose inputs are on the disk, are still to be submitted: not to be lost if the process is ended meanwhile. */
export class WaitingNotes {
  readonly #grouping: Grouping;
  /** For which attempt the journal knows calls to wait. */
  readonly #noted = new Map<Call, number>();
  /** Calls to be tried again of which the journal does not say so yet. */
  readonly #unnoted = new Map<Call, number>();
  #noting: Promise<void> | undefined;

  constructor(grouping: Grouping) {
    this.#grouping = grouping;
  }

  /** That calls wait for their next attempts. */
  async note(calls: readonly Call[]): Promise<void> {
    await this.#note(new Map(calls.map((call) => [call, call.attempts + 1])));
  }

  /** The same of a call whose job failed; those of one tick are written at once. */
  async noteRetry(call: Call): Promise<void> {
    // Now: its next attempt may be on its way before this is written.
    this.#unnoted.set(call, call.attempts + 1);
    this.#noting ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#noting = undefined;
      const attempts = new Map(this.#unnoted);
      this.#unnoted.clear();
      await this.#note(attempts);
    });
    return this.#noting;
  }

  /** It waits no more. */
  forget(call: Call): void {
    this.#noted.delete(call);
  }

  async #note(attempts: ReadonlyMap<Call, number>): Promise<void> {
    for (const { jobSet, calls, optionsOf } of groupByTerms(this.#grouping, attempts.keys())) {
      const unknown = calls
        .map((call) => [call, attempts.get(call) as number] as const)
        // One that is done meanwhile may have let its arguments go.
        .filter(([call, attempt]) => !call.done && this.#noted.get(call) !== attempt);
      if (unknown.length === 0) continue;
      const options = optionsOf(unknown.map(([call]) => call));
      const jobs = unknown.map(([call, attempt]) => journaledJob(call, attempt));
      await jobSet.note({ event: 'waiting', jobs, ...options } satisfies JournalEntry);
      for (const [call, attempt] of unknown)
        if (!call.done && call.attempts < attempt) this.#noted.set(call, attempt);
    }
  }
}
