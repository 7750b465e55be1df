import { showDisk, showMemory } from '../../base/memory.ts';
import type { AvoidedHost, BatchSystem } from '../../batch/batch-system.ts';
import { mergeSubmitOptions, separateOptions, type SubmitOptions } from '../../batch/submit-options.ts';
import type { JobOptions } from '../../futures/job-options.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournalEntry, OptionsOfJobs } from '../../job-set/journal.ts';
import type { Call } from '../calls/call.ts';
import { journaledJob } from './write-calls.ts';

/** By what calls are grouped. */
export interface Grouping {
  /** Submit options of the executor, under those of a call. */
  readonly common: SubmitOptions;
  readonly system: Pick<BatchSystem, 'canVary'>;
}

/** Calls that can share one submission. */
export interface CallGroup {
  readonly jobSet: JobSet;
  /**
   * Of the first call: the others have the same names, and other values only where the batch system lets them
   * vary.
   */
  readonly submit: SubmitOptions;
  readonly avoid: readonly AvoidedHost[];
  readonly calls: readonly Call[];
  /** The submit options of some of the calls, as they are now. */
  readonly optionsOf: (calls: readonly Call[]) => OptionsOfJobs;
}

interface GrowingGroup extends CallGroup {
  readonly calls: Call[];
  /** Whether all of its calls have the options of the first. */
  isUniform: boolean;
}

/** Calls that can share one submission, in the order of their first. */
export function groupByTerms(grouping: Grouping, calls: Iterable<Call>): CallGroup[] {
  const groups = new Map<string, GrowingGroup>();
  // Most calls share their options with those before; to put those into words costs more than all the rest.
  const ordinary = new Map<JobOptions, GrowingGroup>();
  for (const call of calls) {
    const jobSet = call.jobSet as JobSet;
    const isOrdinary = call.memory === undefined && call.disk === undefined && call.avoided.size === 0;
    const known = isOrdinary ? ordinary.get(call.options) : undefined;
    if (known?.jobSet === jobSet) {
      known.calls.push(call);
      continue;
    }
    const submit = submitOf(grouping.common, call);
    const avoid = [...call.avoided].map(([host, until]) => ({ host, until }));
    const name = JSON.stringify([jobSet.id, termsOf(submit, grouping.system), avoid]);
    let group = groups.get(name);
    if (group === undefined) {
      group = newGroup(grouping.common, { jobSet, submit, avoid });
      groups.set(name, group);
    } else group.isUniform = false;
    group.calls.push(call);
    if (isOrdinary) ordinary.set(call.options, group);
  }
  return [...groups.values()];
}

function newGroup(
  common: SubmitOptions,
  terms: Pick<CallGroup, 'jobSet' | 'submit' | 'avoid'>,
): GrowingGroup {
  const group: GrowingGroup = {
    ...terms,
    calls: [],
    isUniform: true,
    optionsOf: (calls) =>
      group.isUniform
        ? { submit: terms.submit }
        : separateOptions(calls.map((call) => submitOf(common, call))),
  };
  return group;
}

/** What must be the same for jobs to be submitted together. */
function termsOf(submit: SubmitOptions, system: Grouping['system']): unknown {
  return Object.entries(submit)
    .map(([name, value]) => (system.canVary?.(name, submit) === true ? [name] : [name, value]))
    .toSorted(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
}

function submitOf(common: SubmitOptions, { options, memory, disk, jobSet }: Call): SubmitOptions {
  const request = {
    ...(memory !== undefined && { request_memory: showMemory(memory) }),
    ...(disk !== undefined && { request_disk: showDisk(disk) }),
  };
  return mergeSubmitOptions(jobSet?.submit, common, options.submit, request);
}

/**
 * Writes down that calls, whose inputs are on the disk, are still to be submitted: not to be lost if the
 * process is ended meanwhile.
 */
export class PendingJournal {
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
