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
import type { JobSetReader } from '../../watch/job-set-reader.ts';
import { reusedEntries, type StoredOutcomes } from './reuse.ts';

interface WriteOptions {
  /** Outcomes of other maps that replace calls with the same arguments. */
  readonly stored?: StoredOutcomes | undefined;
  /** Creates an object that finds futures in the arguments of one call; the write waits for these futures. */
  readonly newFinder?: (() => MapDependencyFinder) | undefined;
  /** Aborts the wait for futures. */
  readonly signal?: AbortSignal | undefined;
}

/** Submits the calls of one map, and supervises them if the batch system alone cannot. */
export class MapExecutor extends ClusterExecutor {
  /** Calls that are written and not submitted. */
  #unsentCalls: Call[] = [];
  /** The number of the last call on the disk. */
  #lastWritten = 0;
  /** The number of the last call that the journal announces as a component. */
  #lastAnnounced = 0;
  /** The futures of submitted calls, by component. */
  readonly #pendingFutures = new Map<number, Future<unknown>>();
  readonly #pendingSends = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #onClosed = (): void => {};
  /** Resolves when the executor supervises no jobs any more. */
  readonly closed: Promise<void> = new Promise((resolve) => (this.#onClosed = resolve));

  /**
   * Makes this executor the owner of a map's job set.
   * @param reader reads the job set
   * @param readLast returns the numbers of its last call and submission; called when no other program can add
   * any
   * @throws {JobSetInUseError}
   */
  async adopt(
    reader: JobSetReader,
    readLast: () => Promise<{ readonly call: number; readonly submission: number }>,
    takeOver?: boolean,
  ): Promise<void> {
    const { calls, own, submissions } = this.parts;
    const claim = await Claim.take(reader.jobSet.directory, takeOver);
    const last = await readLast().catch(async (error: unknown) => {
      await claim.release();
      throw error;
    });
    calls.startAfter(last.call);
    submissions.startAfter(last.submission);
    this.#lastAnnounced = last.call;
    this.#lastWritten = last.call;
    await own.takeUp(reader.jobSet, claim, reader);
  }

  /** Creates the job set and becomes its owner. @throws {DirectoryError} {@link DeliveryError} */
  async make(): Promise<void> {
    await this.parts.own.open();
  }

  /**
   * Writes calls to the disk, for {@link sendAll}; calls with a stored outcome get that instead.
   * @returns the indices of the components
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
    // Jobs of a map must not depend on this program, so that all results they read are written before they
    // start.
    await awaitDependencies(finders, signal);
    await copyResults(jobSet, finders);
    this.assertOpen();
    const made = encoded.map((parts) => this.parts.calls.makeNext(parts));
    const payloads = made.map(({ payload }) => payload as Uint8Array);
    for (const call of await writeCalls(jobSet, made)) files.useInputs(call.input?.batch as number);
    const given = await stored?.giveTo(jobSet, made, payloads);
    for (const entry of reusedEntries(given ?? [])) await jobSet.note(entry);
    this.#lastWritten = made.at(-1)?.index ?? this.#lastWritten;
    for (const call of made) if (given?.has(call) !== true) this.#unsentCalls.push(call);
    return made.map(({ index }) => index - 1);
  }

  /** Prepares the next attempt of a component, for {@link sendAll}. */
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
    this.#unsentCalls.push(call);
  }

  /**
   * Records that components have finally failed. Without these records, a reader could not distinguish them
   * from components that this executor is going to retry. Their errors are in their outcomes.
   */
  async markFailed(calls: readonly JournaledCall[]): Promise<void> {
    const bytes = new Uint8Array();
    const records = calls.map(({ index, attempt }) => ({
      call: index,
      attempt,
      kind: 'failed' as const,
      bytes,
    }));
    // The archive writes all records of one tick together.
    await Promise.all(records.map(async (record) => this.parts.own.opened?.archive.add(record)));
  }

  /** Submits the calls that `fill` writes. The executor stays open meanwhile. @throws as {@link sendAll} */
  async send(fill: (executor: this) => Promise<void>): Promise<boolean> {
    const filled = fill(this).catch((error: unknown) => {
      this.#forgetUnannounced();
      throw error;
    });
    const sent = filled.then(async () => this.sendAll());
    this.#pendingSends.add(sent);
    try {
      return await sent;
    } finally {
      this.#pendingSends.delete(sent);
    }
  }

  /**
   * Submits all written calls; if one is refused, all are cancelled.
   * @returns whether all of them are in the queue; otherwise some are pending here because the queue is full
   * @throws {SubmitError} {@link CommandError}
   */
  async sendAll(): Promise<boolean> {
    const { submissions, add } = this.parts;
    await this.#announce();
    const sent = this.#unsentCalls.splice(0).map((call) => ({ call, future: add(call).future }));
    for (const { call, future } of sent) {
      this.#pendingFutures.set(call.index - 1, future);
      future.addDoneCallback(() => this.#pendingFutures.delete(call.index - 1));
      submissions.add(call);
    }
    await submissions.idle();
    const refused = sent.find(({ call, future }) => future.state === 'failed' && call.jobId === undefined);
    if (refused === undefined)
      return sent.every(({ call, future }) => future.done() || call.jobId !== undefined);
    for (const { future } of sent) future.cancel();
    throw await refused.future.exception();
  }

  /** Drops calls that are written and not announced, so that they are never submitted. */
  #forgetUnannounced(): void {
    // With concurrent sends, it is unknown to which of them a call belongs.
    if (this.#pendingSends.size > 1) return;
    this.#unsentCalls = [];
    this.#lastWritten = this.#lastAnnounced;
    this.parts.calls.forgetAfter(this.#lastAnnounced);
  }

  /** Writes the journal line that makes all written calls components at once. */
  async #announce(): Promise<void> {
    const count = this.#lastWritten;
    if (count <= this.#lastAnnounced) return;
    const { system, options, own } = this.parts;
    await new PendingJournal({ common: options.submit, system }).note(this.#unsentCalls);
    await own.opened?.jobSet.note({ event: 'components', count } satisfies JournalEntry);
    this.#lastAnnounced = count;
  }

  /** Leaves the jobs to the batch system. Waits for local jobs, because they end with the program. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Cancels components whose jobs have not started. */
  cancelPending(): void {
    for (const future of this.#pendingFutures.values()) if (!future.running()) future.cancel();
  }

  cancel(index: number): void {
    this.#pendingFutures.get(index)?.cancel();
  }

  /** Removes the jobs and deletes the job set. */
  async undo(): Promise<void> {
    this.#closing = Promise.resolve();
    for (const future of this.#pendingFutures.values()) future.cancel();
    await this.shutdown();
    await this.parts.own.opened?.jobSet.remove();
  }

  /** The records of the map's components, once its job set exists. */
  get reader(): JobSetReader | undefined {
    return this.parts.own.opened?.reader;
  }

  /** Whether more calls can be written. */
  get isOpen(): boolean {
    return this.#closing === undefined;
  }

  get system(): BatchSystem {
    return this.parts.system;
  }

  /** Supervises the calls until they are done, and closes. */
  async supervise(): Promise<void> {
    // More calls may be sent during the wait.
    while (this.#pendingFutures.size > 0 || this.#pendingSends.size > 0)
      await Promise.allSettled([...this.#pendingFutures.values(), ...this.#pendingSends]);
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await (this.system.jobSetRemoval === undefined ? this.shutdown() : this.detach());
    } finally {
      this.#onClosed();
    }
  }
}

/** The options of a map's executor, derived from those of the program's executor. */
export function mapOptions(options: ResolvedOptions, tag: string, map: MapHeader): ResolvedOptions {
  return {
    ...options,
    submit: { batch_name: tag, ...options.submit },
    environment: { ...options.environment, [TAG_VARIABLE]: tag },
    // A held component waits, because a user may release or rerun it at any later time.
    policies: { ...options.policies, onHold: options.policies.onHold ?? 'wait' },
    keepFiles: 'all',
    detachOnExit: true,
    workers: undefined,
    map,
  };
}

/** Whether a program must supervise the jobs, because it retries them, or because local jobs end with it. */
export function needsSupervision({ jobSetRemoval }: BatchSystem, policies: JobPolicies): boolean {
  const { retries = 0, growMemory, onHold = 'wait' } = policies;
  const hasRetries = typeof retries === 'number' ? retries > 0 : retries.limit > 0;
  const actions: readonly (HoldAction | undefined)[] =
    typeof onHold === 'string' ? [onHold] : Object.values<HoldAction>(onHold);
  return (
    jobSetRemoval === undefined ||
    hasRetries ||
    growMemory !== undefined ||
    actions.some((action) => action !== undefined && action !== 'wait')
  );
}
