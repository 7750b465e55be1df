import { showDisk, showMemory } from '../../base/memory.ts';
import type { AvoidedMachine, BatchSystem } from '../../batch/batch-system.ts';
import { mergeSubmitOptions, separateOptions, type SubmitOptions } from '../../batch/submit-options.ts';
import type { JobOptions } from '../../futures/job-options.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournalEntry, OptionsOfJobs } from '../../job-set/journal.ts';
import type { Call } from '../calls/call.ts';
import { journaledJob } from './write-calls.ts';

/** Criteria for grouping calls. */
export interface Grouping {
  /** Submit commands of the executor, which those of a call override. */
  readonly common: SubmitOptions;
  readonly system: Pick<BatchSystem, 'canVary'>;
}

/** Calls that can share one submission. */
export interface CallGroup {
  readonly jobSet: JobSet;
  /**
   * Submit commands of the first call. The others have the same names, and the same values unless the batch
   * system can vary them.
   */
  readonly submit: SubmitOptions;
  readonly avoid: readonly AvoidedMachine[];
  readonly calls: readonly Call[];
  /** Computes the submit commands of some of the calls, as they are now. */
  readonly optionsOf: (calls: readonly Call[]) => OptionsOfJobs;
}

interface GrowingGroup extends CallGroup {
  readonly calls: Call[];
  /** Whether all calls have the options of the first. */
  isUniform: boolean;
}

/** Groups calls that can share one submission. The groups are in the order of their first calls. */
export function groupByTerms(grouping: Grouping, calls: Iterable<Call>): CallGroup[] {
  const groups = new Map<string, GrowingGroup>();
  // Most calls share their options object with earlier ones, which saves the costly serialization.
  const groupsByOptions = new Map<JobOptions, GrowingGroup>();
  for (const call of calls) {
    const jobSet = call.jobSet as JobSet;
    const isOrdinary = call.memory === undefined && call.disk === undefined && call.avoided.size === 0;
    const known = isOrdinary ? groupsByOptions.get(call.options) : undefined;
    if (known?.jobSet === jobSet) {
      known.calls.push(call);
      continue;
    }
    const submit = submitCommandsOf(grouping.common, call);
    const avoid = [...call.avoided].map(([host, until]) => ({ host, until }));
    const name = JSON.stringify([jobSet.id, termsOf(submit, grouping.system), avoid]);
    let group = groups.get(name);
    if (group === undefined) {
      group = newGroup(grouping.common, { jobSet, submit, avoid });
      groups.set(name, group);
    } else group.isUniform = false;
    group.calls.push(call);
    if (isOrdinary) groupsByOptions.set(call.options, group);
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
        : separateOptions(calls.map((call) => submitCommandsOf(common, call))),
  };
  return group;
}

/** The submit commands that must be equal for jobs to share a submission. */
function termsOf(submit: SubmitOptions, system: Grouping['system']): unknown {
  return Object.entries(submit)
    .map(([name, value]) => (system.canVary?.(name, submit) === true ? [name] : [name, value]))
    .toSorted(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
}

function submitCommandsOf(common: SubmitOptions, { options, memory, disk, jobSet }: Call): SubmitOptions {
  const request = {
    ...(memory !== undefined && { request_memory: showMemory(memory) }),
    ...(disk !== undefined && { request_disk: showDisk(disk) }),
  };
  return mergeSubmitOptions(jobSet?.submit, common, options.submit, request);
}

/** Journals written calls that wait for submission, so that they survive the end of the process. */
export class PendingJournal {
  readonly #grouping: Grouping;
  /** The attempt for which the journal says that a call waits. */
  readonly #journaledAttempts = new Map<Call, number>();
  /** Next attempts of calls to be retried that are not journaled yet. */
  readonly #pendingRetries = new Map<Call, number>();
  #retryWrite: Promise<void> | undefined;

  constructor(grouping: Grouping) {
    this.#grouping = grouping;
  }

  /** Journals that calls wait for their next attempts. */
  async note(calls: readonly Call[]): Promise<void> {
    await this.#note(new Map(calls.map((call) => [call, call.attempts + 1])));
  }

  /** Journals that a call waits for a retry; the calls of one tick share one write. */
  async noteRetry(call: Call): Promise<void> {
    // Counted now, because its next attempt may be submitted before this is written.
    this.#pendingRetries.set(call, call.attempts + 1);
    this.#retryWrite ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#retryWrite = undefined;
      const attempts = new Map(this.#pendingRetries);
      this.#pendingRetries.clear();
      await this.#note(attempts);
    });
    return this.#retryWrite;
  }

  /** Called when a call does not wait any more. */
  forget(call: Call): void {
    this.#journaledAttempts.delete(call);
  }

  async #note(attempts: ReadonlyMap<Call, number>): Promise<void> {
    for (const { jobSet, calls, optionsOf } of groupByTerms(this.#grouping, attempts.keys())) {
      const unrecorded = calls
        .map((call) => [call, attempts.get(call) as number] as const)
        // A call that is done meanwhile may have dropped its input.
        .filter(([call, attempt]) => !call.done && this.#journaledAttempts.get(call) !== attempt);
      if (unrecorded.length === 0) continue;
      const options = optionsOf(unrecorded.map(([call]) => call));
      const jobs = unrecorded.map(([call, attempt]) => journaledJob(call, attempt));
      await jobSet.note({ event: 'waiting', jobs, ...options } satisfies JournalEntry);
      for (const [call, attempt] of unrecorded)
        if (!call.done && call.attempts < attempt) this.#journaledAttempts.set(call, attempt);
    }
  }
}
