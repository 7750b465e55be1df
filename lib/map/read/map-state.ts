import type { JobEvent } from '../../batch/batch-system.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JournalState, JournaledCall } from '../../job-set/journal.ts';
import { parseJobKey } from '../../job-set/names.ts';
import {
  type Component,
  jobIdOf,
  newComponent,
  onJobEvent,
  onJobLost,
  type OutcomeSummary,
  startAttempt,
} from './component.ts';

/** The components of a map, combined from the files of its job set, which may be read in any order. */
export class MapState {
  readonly components: Component[] = [];
  /** The highest submission number in the journal. */
  lastSubmission = 0;
  readonly #attemptsByJobId = new Map<string, { component: Component; attempt: number }>();
  /** Events of jobs that are not in the journal yet, by job id. */
  readonly #earlyEvents = new Map<string, JobEvent[]>();
  /** The last archive record of each component, whichever attempt it is about. */
  readonly #records = new Map<number, Settled>();

  /** Applies the whole journal. */
  onJournal({ calls, earlier, submissions, components }: JournalState): void {
    for (const { submission } of submissions) this.lastSubmission = Math.max(this.lastSubmission, submission);
    const known = [...calls.values()].filter(({ index }) => index <= components);
    for (const call of known.toSorted((a, b) => a.index - b.index)) this.#onCall(call);
    for (const call of earlier)
      this.#registerJob(call.submission.ids?.[call.position], call.index, call.attempt);
  }

  #onCall(call: JournaledCall): void {
    const known = this.components[call.index - 1];
    if (known === undefined) this.components[call.index - 1] = newComponent(call);
    else if (known.call.attempt !== call.attempt) startAttempt(known, call);
    else known.call = call;
    const component = this.components[call.index - 1] as Component;
    const record = this.#records.get(component.index);
    if (record !== undefined) this.#applyRecord(component, record);
    this.#registerJob(jobIdOf(component), call.index, call.attempt);
  }

  onEvent(event: JobEvent): void {
    const known = this.#attemptsByJobId.get(event.jobId);
    if (known === undefined) {
      this.#earlyEvents.set(event.jobId, [...(this.#earlyEvents.get(event.jobId) ?? []), event]);
      return;
    }
    const { component, attempt } = known;
    if (attempt === component.call.attempt) onJobEvent(component, event, performance.now());
    else component.memoryUsed = Math.max(component.memoryUsed ?? 0, event.memoryUsed ?? 0) || undefined;
  }

  /** Stores a job id that the batch system returned for a component without an id in the journal. */
  onFound(component: Component, jobId: string): void {
    component.foundId = jobId;
    this.#registerJob(jobId, component.index + 1, component.call.attempt);
  }

  onLost(jobId: string): void {
    const known = this.#attemptsByJobId.get(jobId);
    if (known !== undefined && known.attempt === known.component.call.attempt)
      onJobLost(known.component, performance.now());
  }

  onArchive(records: Iterable<Settled>): void {
    for (const record of records) {
      this.#records.set(record.call - 1, record);
      const component = this.components[record.call - 1];
      if (component !== undefined) this.#applyRecord(component, record);
    }
  }

  onOutcome(key: string, summary: OutcomeSummary): void {
    const component = this.findAwaiting(key);
    if (component !== undefined) component.outcome = summary;
  }

  /** @param keys of jobs whose scripts have started */
  onStarted(keys: Iterable<string>): void {
    for (const key of keys) {
      const component = this.findAwaiting(key);
      if (component !== undefined) component.hasStarted = true;
    }
  }

  /** The component whose current job has this key; undefined if there is none, or its outcome is known. */
  findAwaiting(key: string): Component | undefined {
    const { call, attempt } = parseJobKey(key);
    const component = this.components[call - 1];
    return component?.call.attempt === attempt && component.outcome === undefined ? component : undefined;
  }

  #registerJob(jobId: string | undefined, index: number, attempt: number): void {
    const component = this.components[index - 1];
    if (jobId === undefined || component === undefined || this.#attemptsByJobId.has(jobId)) return;
    this.#attemptsByJobId.set(jobId, { component, attempt });
    const earlyEvents = this.#earlyEvents.get(jobId) ?? [];
    this.#earlyEvents.delete(jobId);
    for (const event of earlyEvents) this.onEvent(event);
  }

  /** Ignores records about earlier attempts, because a rerun makes them obsolete. */
  #applyRecord(component: Component, record: Settled): void {
    const isCurrent = (record.attempt ?? 0) === component.call.attempt;
    component.settled = isCurrent && record.kind !== 'outcome' ? record : undefined;
  }
}
