import type { BatchSystem } from '../../batch/batch-system.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import type { Call } from '../../cluster/calls/call.ts';
import type { WrittenFunction } from '../../cluster/calls/functions.ts';
import { ClusterExecutor } from '../../cluster/cluster-executor.ts';
import type { MapHeader, ResolvedOptions } from '../../cluster/cluster-options.ts';
import {
  awaitDependencies,
  type MapDependencyFinder,
  copyResults,
} from '../../cluster/dependencies/map-dependencies.ts';
import { PendingJournal } from '../../cluster/submit/submission-groups.ts';
import { writeCalls } from '../../cluster/submit/write-calls.ts';
import type { Future } from '../../futures/future.ts';
import {
  type HoldAction,
  type JobOptions,
  type JobPolicies,
  mergeJobOptions,
} from '../../futures/job-options.ts';
import { Claim } from '../../job-set/claim.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournaledCall, JournalEntry } from '../../job-set/journal.ts';
import { TAG_VARIABLE } from '../../job-set/names.ts';
import { reusedEntries, type StoredOutcomes } from './reuse.ts';

export interface WriteOptions {
  /** Outcomes that do for calls with the same arguments. */
  readonly stored?: StoredOutcomes | undefined;
  /** What finds futures, if some may be given; they are waited for. */
  readonly newFinder?: (() => MapDependencyFinder) | undefined;
  /** Ends that wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Submits the calls of one map, and looks after them where the batch system cannot do so alone. */
export class MapExecutor extends ClusterExecutor {
  readonly #system: BatchSystem;
  /** Written, and not sent yet. */
  #calls: Call[] = [];
  /** The number of the last call that is on the disk. */
  #written = 0;
  /** By component. */
  readonly #pending = new Map<number, Future<unknown>>();
  /** Those who give it more calls just now. */
  #givers = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #onClosed = (): void => {};
  /** Resolves when it looks after nothing any more. */
  readonly closed: Promise<void> = new Promise((resolve) => (this.#onClosed = resolve));
  /** Of so many components the journal tells that they are there. */
  #announced = 0;

  constructor(system: BatchSystem, options: ResolvedOptions, id?: string) {
    super(system, options, id);
    this.#system = system;
  }

  /**
   * Goes on with the job set of a map that nobody looks after.
   * @param readLast the numbers of its last call and submission; is asked when nobody else can add to them any more
   * @throws {JobSetInUseError}
   */
  async adopt(
    jobSet: JobSet,
    readLast: () => Promise<{ readonly call: number; readonly submission: number }>,
    takeOver?: boolean,
  ): Promise<void> {
    const { calls, own, submissions } = this.parts;
    const claim = await Claim.take(jobSet.directory, takeOver);
    const last = await readLast().catch(async (error: unknown) => {
      await claim.release();
      throw error;
    });
    calls.startAfter(last.call);
    submissions.startAfter(last.submission);
    this.#announced = last.call;
    this.#written = last.call;
    await own.takeUp(jobSet, claim);
  }

  /** Makes the job set, which is claimed from then on. @throws {DirectoryError} {@link DeliveryError} */
  async make(): Promise<void> {
    await this.parts.own.open();
  }

  /**
   * Brings calls to the disk, where they wait for {@link sendAll}; but those that have outcomes already.
   * @returns the indices of their components
   * @throws {SerializationError} {@link DirectoryError} {@link DependencyError} {@link CancelledError}
   */
  async write(
    fn: WrittenFunction,
    calls: readonly { readonly args: readonly unknown[]; readonly options: JobOptions }[],
    { stored, newFinder, signal }: WriteOptions = {},
  ): Promise<number[]> {
    const { own } = this.parts;
    const { jobSet, files } = await own.open();
    const finders: MapDependencyFinder[] = [];
    const encoded = calls.map(({ args, options }) => {
      const finder = newFinder?.();
      if (finder !== undefined) finders.push(finder);
      return this.parts.calls.encodeForMap(fn, args, options, finder);
    });
    // Nothing waits in the queue for this program: what was given is there before the jobs are.
    await awaitDependencies(finders, signal);
    await copyResults(jobSet, finders);
    this.assertOpen();
    const made = encoded.map((parts) => this.parts.calls.makeNext(parts));
    const payloads = made.map(({ payload }) => payload as Uint8Array);
    for (const call of await writeCalls(jobSet, made)) files.useInputs(call.input?.batch as number);
    const given = await stored?.giveTo(jobSet, made, payloads);
    for (const entry of reusedEntries(given ?? [])) await jobSet.note(entry);
    this.#written = made.at(-1)?.index ?? this.#written;
    for (const call of made) if (given?.has(call) !== true) this.#calls.push(call);
    return made.map(({ index }) => index - 1);
  }

  /** A component is to be run once more: its next attempt waits for {@link sendAll}. */
  rerun(
    jobSet: JobSet,
    { index, attempt, job, submission, position }: JournaledCall,
    options: JobOptions,
  ): void {
    const call = this.parts.calls.restore({
      index,
      fn: undefined,
      payload: undefined,
      payloadHash: job.hash,
      options: mergeJobOptions({ submit: optionsOfJob(submission, position) }, options),
      items: 0,
      givenResults: job.needs,
      valueStays: true,
    });
    call.attempts = attempt;
    call.jobSet = jobSet;
    call.input = { batch: job.batch, offset: job.offset, length: job.length, travels: job.travels };
    this.parts.own.opened?.files.useInputs(job.batch);
    this.#calls.push(call);
  }

  /**
   * Components have failed for good, as nobody tries them again: with an executor at work on others, it could not be told otherwise. With what they
   * failed is in their outcomes.
   */
  async markFailed(calls: readonly JournaledCall[]): Promise<void> {
    const bytes = new Uint8Array();
    const failed = calls.map(({ index, attempt }) => ({
      call: index,
      attempt,
      kind: 'failed' as const,
      bytes,
    }));
    // Those of one tick are written at once.
    await Promise.all(failed.map(async (one) => this.parts.own.opened?.archive.add(one)));
  }

  /** Writes what `fill` gives it, and sends it; it is not let go meanwhile. @throws as {@link sendAll}, and `fill` */
  async send(fill: (executor: this) => Promise<void>): Promise<boolean> {
    const filled = fill(this).catch((error: unknown) => {
      this.#forget();
      throw error;
    });
    const given = filled.then(async () => this.sendAll());
    this.#givers.add(given);
    try {
      return await given;
    } finally {
      this.#givers.delete(given);
    }
  }

  /**
   * Submits what was written, all of it: if anything is refused, the rest is taken back.
   * @returns whether all of it is in the queue; else some waits here until there is room
   * @throws {SubmitError} {@link CommandError}
   */
  async sendAll(): Promise<boolean> {
    const { submissions, add } = this.parts;
    await this.#announce();
    const sent = this.#calls.splice(0).map((call) => ({ call, future: add(call).future }));
    for (const { call, future } of sent) {
      this.#pending.set(call.index - 1, future);
      future.addDoneCallback(() => this.#pending.delete(call.index - 1));
      submissions.add(call);
    }
    await submissions.idle();
    const refused = sent.find(({ call, future }) => future.state === 'failed' && call.jobId === undefined);
    if (refused === undefined)
      return sent.every(({ call, future }) => future.done() || call.jobId !== undefined);
    for (const { future } of sent) future.cancel();
    throw await refused.future.exception();
  }

  /** What was written and not announced is not to come with what is sent next. */
  #forget(): void {
    // It cannot be told from what others are about to send.
    if (this.#givers.size > 1) return;
    this.#calls = [];
    this.#written = this.#announced;
    this.parts.calls.forgetAfter(this.#announced);
  }

  /** From this line of the journal on there are new components: all of them, or none. */
  async #announce(): Promise<void> {
    const count = this.#written;
    if (count <= this.#announced) return;
    const { system, options, own } = this.parts;
    await new PendingJournal({ common: options.submit, system }).note(this.#calls);
    await own.opened?.jobSet.note({ event: 'components', count } satisfies JournalEntry);
    this.#announced = count;
  }

  /** Leaves the jobs to the batch system; jobs that would end with the program are looked after until they are done. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What has not started is not wanted any more. */
  cancelPending(): void {
    for (const future of this.#pending.values()) if (!future.running()) future.cancel();
  }

  /** A component is not wanted any more. */
  cancel(index: number): void {
    this.#pending.get(index)?.cancel();
  }

  /** Everything is taken back: its jobs, and its job set. */
  async undo(): Promise<void> {
    this.#closing = Promise.resolve();
    for (const future of this.#pending.values()) future.cancel();
    await this.shutdown();
    await this.parts.own.opened?.jobSet.remove();
  }

  /** Whether it can be given more calls. */
  get isOpen(): boolean {
    return this.#closing === undefined;
  }

  /** Through which its jobs can be reached. */
  get system(): BatchSystem {
    return this.#system;
  }

  /** Looks after its calls until they are done. */
  async supervise(): Promise<void> {
    // More may be sent meanwhile.
    while (this.#pending.size > 0 || this.#givers.size > 0)
      await Promise.allSettled([...this.#pending.values(), ...this.#givers]);
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await (this.#system.jobSetRemoval === undefined ? this.shutdown() : this.detach());
    } finally {
      this.#onClosed();
    }
  }
}

/** The options of an executor, for a map of it. */
export function mapOptions(options: ResolvedOptions, tag: string, map: MapHeader): ResolvedOptions {
  return {
    ...options,
    submit: { batch_name: tag, ...options.submit },
    environment: { ...options.environment, [TAG_VARIABLE]: tag },
    // Held components can be released, or run again, on another day.
    policies: { ...options.policies, onHold: options.policies.onHold ?? 'wait' },
    keepFiles: 'all',
    detachOnExit: true,
    workers: undefined,
    map,
  };
}

/** Whether a program has to look after the jobs: the batch system knows nothing of retries, and local jobs end with the program. */
export function needsSupervision({ jobSetRemoval }: BatchSystem, policies: JobPolicies): boolean {
  const { retries = 0, growMemory, onHold = 'wait' } = policies;
  const retried = typeof retries === 'number' ? retries > 0 : retries.limit > 0;
  const actions: readonly (HoldAction | undefined)[] =
    typeof onHold === 'string' ? [onHold] : Object.values<HoldAction>(onHold);
  return (
    jobSetRemoval === undefined ||
    retried ||
    growMemory !== undefined ||
    actions.some((action) => action !== undefined && action !== 'wait')
  );
}
