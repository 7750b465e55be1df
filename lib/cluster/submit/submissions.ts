import { publish } from '../../base/diagnostics.ts';
import { SubmitError } from '../../base/errors.ts';
import { parseMemory } from '../../base/memory.ts';
import { warn } from '../../base/warn.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournalEntry, OptionsOfJobs } from '../../job-set/journal.ts';
import type { Call } from '../calls/call.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { QueueCapacity } from './queue-capacity.ts';
import { type CallGroup, groupByTerms, type Grouping, PendingJournal } from './submission-groups.ts';
import { batchedJob, journaledJob, writeCalls } from './write-calls.ts';

/** The executor's side of submissions. */
export interface SubmissionHost {
  readonly system: BatchSystem;
  /** `submit` is the default that a call's own submit commands override. */
  readonly options: Pick<ResolvedOptions, 'cwd' | 'submit' | 'maxInFlight'>;
  /** Number of jobs known to be in the queue. */
  inFlight(): number;
  /** Number of calls that are not done. */
  pending(): number;
  openJobSet(): Promise<JobSet>;
  /** A call's input has been written. */
  onWritten(call: Call): void;
  onSubmitted(call: Call, jobId: string): void;
  /** A call gets no job, because it was refused, or cancelled in time. */
  onRefused(call: Call, error: unknown): void;
}

/** Number of calls that are searched for those that can share a submission. */
const WINDOW = 100_000;

/**
 * Submits calls to the batch system. The calls of one tick, and those that arrive during a submission, share
 * the next submission, except where their submit commands differ and the batch system cannot vary them. Calls
 * for which the queue has no capacity wait in line, with their inputs on the disk.
 */
export class Submissions {
  readonly #host: SubmissionHost;
  readonly #capacity: QueueCapacity;
  readonly #grouping: Grouping;
  /** Calls whose inputs may not have been written. */
  #newCalls: Call[] = [];
  /** Written calls in the order of submission. */
  readonly #line = new Set<Call>();
  /** Written calls whose dependencies have no results yet. */
  readonly #blocked = new Set<Call>();
  readonly #journal: PendingJournal;
  /** Calls of the line that are being submitted. */
  #submitting: ReadonlySet<Call> = new Set();
  #currentAbort: SubmissionAbort | undefined;
  /** The running submissions: one at a time, to queue jobs in the order of their calls. */
  #work: Promise<void> | undefined;
  /** Whether calls or capacity were added after the last check. */
  #hasMore = false;
  #isDetached = false;
  #hasWarned = false;
  #lastSubmission = 0;

  constructor(host: SubmissionHost) {
    this.#host = host;
    this.#grouping = { common: host.options.submit, system: host.system };
    this.#journal = new PendingJournal(this.#grouping);
    this.#capacity = new QueueCapacity(host.options.maxInFlight, () => this.#startWork());
  }

  /** The next submission gets the number after this one. */
  startAfter(submission: number): void {
    this.#lastSubmission = submission;
  }

  add(call: Call): void {
    this.#newCalls.push(call);
    this.#startWork();
  }

  /** The dependencies of a call have results. */
  onReady(call: Call): void {
    // A call that is not blocked yet is still being written.
    if (this.#blocked.delete(call)) this.add(call);
  }

  /** Resolves when the journal says that a call waits for a retry, which {@link add} submits later. */
  async noteRetry(call: Call): Promise<void> {
    return this.#journal.noteRetry(call);
  }

  /** A job has left the queue. */
  onLeft(): void {
    this.#capacity.onLeft();
    if (this.#line.size > 0) this.#startWork();
  }

  /** A call's future is done, so it leaves the line. */
  onDone(call: Call): void {
    const isIdle = this.#blocked.has(call) || (this.#line.has(call) && !this.#submitting.has(call));
    if (isIdle) this.#drop(call, undefined);
  }

  /** Whether the batch system may have jobs whose ids are not known yet. */
  get isBusy(): boolean {
    return this.#work !== undefined;
  }

  /** Whether any job has been submitted. */
  get hasStarted(): boolean {
    return this.#lastSubmission > 0;
  }

  /** Resolves when no calls are left to submit but those for which the queue has no capacity. */
  async idle(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  /** Submits no more calls; those in line stay on the disk for a process that attaches later. */
  detach(): void {
    this.#isDetached = true;
    this.#capacity.stop();
  }

  /** Drops the calls that are no longer needed, without waiting for a batch system that does not answer. */
  giveUp(): void {
    this.#currentAbort?.abort();
    for (const call of [...this.#line, ...this.#blocked]) if (call.isUnwanted) this.onDone(call);
  }

  #startWork(): void {
    this.#hasMore = true;
    this.#work ??= this.#submitAll().finally(() => {
      this.#work = undefined;
      if (this.#hasMore) this.#startWork();
    });
  }

  async #submitAll(): Promise<void> {
    do {
      this.#hasMore = false;
      // Collect all calls of the current tick.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#write(this.#newCalls.splice(0));
    } while ((await this.#submitSome()) || this.#hasMore);
    if (this.#line.size > 0 && !this.#isDetached) this.#capacity.tryLater();
    else this.#capacity.stop();
  }

  /** Writes calls, and adds them to the line. */
  async #write(newCalls: readonly Call[]): Promise<void> {
    for (const call of newCalls) if (call.isUnwanted) this.#drop(call, undefined);
    const calls = newCalls.filter((call) => !call.isUnwanted);
    if (calls.length === 0) return;
    try {
      const jobSet = await this.#host.openJobSet();
      for (const call of await writeCalls(jobSet, calls)) this.#host.onWritten(call);
    } catch (error) {
      for (const call of calls) this.#drop(call, error);
      return;
    }
    const isFirst = this.#line.size === 0;
    // A call that was cancelled meanwhile may have dropped its input.
    for (const call of calls)
      if (call.input !== undefined) (call.isBlocked ? this.#blocked : this.#line).add(call);
    // Journal the calls that are not submitted at once, so that they survive the end of the process.
    const next =
      isFirst && !this.#isDetached ? this.#nextGroups()[0]?.calls.slice(0, this.#capacity.atOnce()) : [];
    const immediate = new Set(next);
    const later = calls.filter((call) => call.input !== undefined && !immediate.has(call));
    await this.#journal.note(later).catch(() => {});
    for (const call of calls) if (call.isUnwanted) this.#drop(call, undefined);
  }

  /** The first calls of the line, as many as the queue has capacity for. */
  #nextGroups(): ReturnType<typeof groupByTerms> {
    const limit = Math.min(WINDOW, this.#capacity.beside(this.#host.inFlight()));
    const next: Call[] = [];
    for (const call of this.#line) {
      if (next.length >= limit) break;
      next.push(call);
    }
    return groupByTerms(this.#grouping, next);
  }

  /** @returns whether more may be submitted now */
  async #submitSome(): Promise<boolean> {
    if (this.#isDetached) return false;
    const groups = this.#nextGroups();
    for (const group of groups) {
      const { calls } = group;
      const usual = this.#host.system.takesAll?.(group.submit) === true ? Infinity : undefined;
      for (let start = 0; start < calls.length;) {
        const batch = calls.slice(start, start + this.#capacity.atOnce(usual));
        if (!(await this.#submit(group, batch))) return true;
        start += batch.length;
      }
    }
    return groups.length > 0;
  }

  /** @returns false if the calls stay in line */
  async #submit(group: CallGroup, batch: readonly Call[]): Promise<boolean> {
    for (const call of batch) if (call.isUnwanted) this.#drop(call, undefined);
    const calls = batch.filter((call) => this.#line.has(call));
    if (calls.length === 0) return true;
    const options = group.optionsOf(calls);
    for (const [position, call] of calls.entries()) {
      call.attempts += 1;
      call.memoryRequested = parseMemory(optionsOfJob(options, position)['request_memory']);
    }
    this.#lastSubmission += 1;
    this.#submitting = new Set(calls);
    const abort = new SubmissionAbort(calls);
    this.#currentAbort = abort;
    try {
      return await this.#sendSubmission({ ...group, ...options }, calls, this.#lastSubmission, abort.signal);
    } finally {
      abort.stop();
      this.#currentAbort = undefined;
      this.#submitting = new Set();
      for (const call of calls) if (call.isUnwanted && this.#line.has(call)) this.#drop(call, undefined);
    }
  }

  /** Sends one submission. @returns false if its calls stay in line */
  async #sendSubmission(
    terms: Omit<CallGroup, 'calls' | 'optionsOf'> & OptionsOfJobs,
    calls: readonly Call[],
    submission: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { jobSet, submit, varied, avoid } = terms;
    const { system, options } = this.#host;
    const { cwd } = options;
    const jobs = calls.map((call) => batchedJob(call, submission));
    const startedAt = performance.now();
    const publishSubmission = (jobIds: string[] | undefined, error?: unknown, postponed?: true): void =>
      publish('submission', () => ({
        system: system.name,
        jobSet: jobSet.id,
        submission,
        count: jobs.length,
        jobIds: jobIds?.slice(),
        error,
        postponed,
        durationMs: performance.now() - startedAt,
      }));
    let ids: string[];
    try {
      const lines = calls.map((call) => journaledJob(call, call.attempts));
      const entry: JournalEntry = { event: 'submitting', submission, jobs: lines, submit, varied };
      await jobSet.note({ ...entry });
      const idle = this.#newCalls.length + this.#line.size + this.#blocked.size;
      const busy = Math.max(0, this.#host.pending() - idle);
      ids = await system.submit({ jobSet, submission, jobs, cwd, submit, varied, busy, avoid }, signal);
    } catch (error) {
      const postponed = this.#postpones(error, calls);
      publishSubmission(undefined, error, postponed || undefined);
      const entry: JournalEntry = postponed
        ? { event: 'postponed', submission }
        : { event: 'refused', submission, error: String(error) };
      if (!postponed) for (const call of calls) this.#drop(call, error);
      await jobSet.note({ ...entry }).catch(() => {});
      return !postponed;
    }
    publishSubmission(ids);
    this.#capacity.onAccepted(calls.length);
    for (const [index, call] of calls.entries()) {
      this.#line.delete(call);
      this.#journal.forget(call);
      this.#host.onSubmitted(call, ids[index] as string);
    }
    // The event log has the ids too.
    await jobSet.note({ event: 'submitted', submission, ids } satisfies JournalEntry).catch(() => {});
    return true;
  }

  /** Whether refused calls stay in line, because they exceeded a limit of the queue. */
  #postpones(error: unknown, calls: readonly Call[]): boolean {
    if (!(error instanceof SubmitError) || error.limit === undefined) return false;
    if (!this.#capacity.onRefused(error.limit, calls.length)) return false;
    for (const call of calls) call.attempts -= 1;
    if (error.limit === 'queue' && !this.#hasWarned) {
      this.#hasWarned = true;
      const message = `Calls wait until others' jobs have left the queue, which takes no more: ${error.message}`;
      warn(message);
    }
    return true;
  }

  #drop(call: Call, error: unknown): void {
    this.#blocked.delete(call);
    this.#line.delete(call);
    if (this.#line.size === 0) this.#capacity.stop();
    this.#journal.forget(call);
    // After detach() the files on the disk belong to the process that attaches.
    if (!this.#isDetached) this.#host.onRefused(call, error);
  }
}

/** Aborts a submission when none of its calls is needed any more. */
class SubmissionAbort {
  readonly #controller = new AbortController();
  readonly #unregisterAll: readonly (() => void)[];
  #unfinishedCount: number;

  constructor(calls: readonly Call[]) {
    this.#unfinishedCount = calls.length;
    this.#unregisterAll = calls.map(({ future }) => future.addDoneCallback(() => this.#onDone()));
  }

  /** Aborts when all futures are done, as after cancel(), or by {@link abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** The submission is over. */
  stop(): void {
    for (const unregister of this.#unregisterAll) unregister();
  }

  #onDone(): void {
    this.#unfinishedCount -= 1;
    if (this.#unfinishedCount === 0) this.abort();
  }
}
