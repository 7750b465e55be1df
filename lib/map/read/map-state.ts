import type { JobEvent } from '../../batch/batch-system.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JournalState, JournaledCall } from '../../job-set/journal.ts';
import { parseJobKey } from '../../job-set/names.ts';
import {
  beginAttempt,
  type Component,
  jobIdOf,
  newComponent,
  onJobEvent,
  onJobLost,
  type OutcomeSummary,
} from './component.ts';

/** What is known of the components of a map, put together from the files of its job set, in whatever order they are read. */
export class MapState {
  readonly components: Component[] = [];
  /** After which others are numbered. */
  lastSubmission = 0;
  readonly #byJobId = new Map<string, { component: Component; attempt: number }>();
  /** Events of jobs that the journal does not know yet. */
  readonly #early = new Map<string, JobEvent[]>();
  /** The last verdict on each component, of whatever attempt. */
  readonly #verdicts = new Map<number, Settled>();

  /** Takes in all that the journal says by now. */
  onJournal({ calls, earlier, submissions, components }: JournalState): void {
    for (const { submission } of submissions) this.lastSubmission = Math.max(this.lastSubmission, submission);
    const known = [...calls.values()].filter(({ index }) => index <= components);
    for (const call of known.toSorted((a, b) => a.index - b.index)) this.#onCall(call);
    for (const call of earlier) this.#know(call.submission.ids?.[call.position], call.index, call.attempt);
  }

  #onCall(call: JournaledCall): void {
    const known = this.components[call.index - 1];
    if (known === undefined) this.components[call.index - 1] = newComponent(call);
    else if (known.call.attempt !== call.attempt) beginAttempt(known, call);
    else known.call = call;
    const component = this.components[call.index - 1] as Component;
    const verdict = this.#verdicts.get(component.index);
    if (verdict !== undefined) this.#judge(component, verdict);
    this.#know(jobIdOf(component), call.index, call.attempt);
  }

  onEvent(event: JobEvent): void {
    const known = this.#byJobId.get(event.jobId);
    if (known === undefined) {
      this.#early.set(event.jobId, [...(this.#early.get(event.jobId) ?? []), event]);
      return;
    }
    const { component, attempt } = known;
    if (attempt === component.call.attempt) onJobEvent(component, event, performance.now());
    else component.memoryUsed = Math.max(component.memoryUsed ?? 0, event.memoryUsed ?? 0) || undefined;
  }

  /** The batch system was asked for a job whose id nobody has written down. */
  onFound(component: Component, jobId: string): void {
    component.foundId = jobId;
    this.#know(jobId, component.index + 1, component.call.attempt);
  }

  onLost(jobId: string): void {
    const known = this.#byJobId.get(jobId);
    if (known?.attempt === known?.component.call.attempt && known !== undefined)
      onJobLost(known.component, performance.now());
  }

  onArchive(records: Iterable<Settled>): void {
    for (const record of records) {
      this.#verdicts.set(record.call - 1, record);
      const component = this.components[record.call - 1];
      if (component !== undefined) this.#judge(component, record);
    }
  }

  onOutcome(key: string, summary: OutcomeSummary): void {
    const component = this.awaiting(key);
    if (component !== undefined) component.outcome = summary;
  }

  /** The keys of jobs whose scripts have begun. */
  onBegun(keys: Iterable<string>): void {
    for (const key of keys) {
      const component = this.awaiting(key);
      if (component !== undefined) component.begun = true;
    }
  }

  /** The component whose present job has that key, unless its outcome is known. */
  awaiting(key: string): Component | undefined {
    const { call, attempt } = parseJobKey(key);
    const component = this.components[call - 1];
    return component?.call.attempt === attempt && component.outcome === undefined ? component : undefined;
  }

  #know(jobId: string | undefined, index: number, attempt: number): void {
    const component = this.components[index - 1];
    if (jobId === undefined || component === undefined || this.#byJobId.has(jobId)) return;
    this.#byJobId.set(jobId, { component, attempt });
    const early = this.#early.get(jobId) ?? [];
    this.#early.delete(jobId);
    for (const event of early) this.onEvent(event);
  }

  /** Verdicts on earlier attempts say nothing of a rerun. */
  #judge(component: Component, verdict: Settled): void {
    const isPresent = (verdict.attempt ?? 0) === component.call.attempt;
    component.verdict = isPresent && verdict.kind !== 'outcome' ? verdict : undefined;
  }
}
