import { publish } from '../../base/diagnostics.ts';
import { SubmitError } from '../../base/errors.ts';
import { parseMemory } from '../../base/memory.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { OptionsOfJobs } from '../../job-set/journal.ts';
import type { JournalEntry } from '../../job-set/journal.ts';
import type { Call } from '../calls/call.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { QueueCapacity } from './queue-capacity.ts';
import { type CallGroup, groupByTerms, type Grouping, PendingJournal } from './submission-groups.ts';
import { batchedJob, journaledJob, writeCalls } from './write-calls.ts';

/** What a submission needs from the executor, and tells it. */
export interface SubmissionHost {
  readonly system: BatchSystem;
  /** Its submit options are under those of a call. */
  readonly options: Pick<ResolvedOptions, 'cwd' | 'submit' | 'maxInFlight'>;
  /** How many jobs are in the queue, as far as is known. */
  inFlight(): number;
  /** How many calls are not done. */
  pending(): number;
  openJobSet(): Promise<JobSet>;
  /** A call's input is on the disk. */
  onWritten(call: Call): void;
  onSubmitted(call: Call, jobId: string): void;
  /** No job came of a call: it was refused, or cancelled in time. */
  onRefused(call: Call, error: unknown): void;
}

/** How many calls are looked at to find those that can share a submission. */
const WINDOW = 100_000;

/**
 * Hands calls to the batch system. All those of one tick, and all that come while a submission is running, go
 * into one submission; calls with different submit options need one each, unless the batch system lets those
 * vary. Those for which the queue has no room wait in line, on the disk.
 */
export class Submissions {
  readonly #host: SubmissionHost;
  readonly #room: QueueCapacity;
  readonly #grouping: Grouping;
  /** Calls whose inputs may not be on the disk yet. */
  #arrived: Call[] = [];
  /** Calls whose inputs are on the disk, in their order. */
  readonly #line = new Set<Call>();
  /** Calls whose inputs are on the disk, and that need results which are not there yet. */
  readonly #parked = new Set<Call>();
  readonly #notes: PendingJournal;
  /** Those of the line that are being submitted. */
  #underWay: ReadonlySet<Call> = new Set();
  #waitingFor: SubmissionAbort | undefined;
  /** One at a time, so that jobs are queued in the order of their calls. */
  #working: Promise<void> | undefined;
  /** There are more calls, or there may be more room, than it has seen. */
  #wanted = false;
  #left = false;
  #warned = false;
  #submissions = 0;

  constructor(host: SubmissionHost) {
    this.#host = host;
    this.#grouping = { common: host.options.submit, system: host.system };
    this.#notes = new PendingJournal(this.#grouping);
    this.#room = new QueueCapacity(host.options.maxInFlight, () => this.#work());
  }

  /** The next submission gets the number after this one. */
  startAfter(submission: number): void {
    this.#submissions = submission;
  }

  add(call: Call): void {
    this.#arrived.push(call);
    this.#work();
  }

  /** What a call waited for is there. */
  onReady(call: Call): void {
    // Otherwise it is still on its way to the disk.
    if (this.#parked.delete(call)) this.add(call);
  }

  /**
   * As {@link add}, when its time has come, for a call whose job failed; resolves when the journal says that
   * it waits for another one.
   */
  async noteRetry(call: Call): Promise<void> {
    return this.#notes.noteRetry(call);
  }

  /** A job has left the queue. */
  onLeft(): void {
    this.#room.onLeft();
    if (this.#line.size > 0) this.#work();
  }

  /** A call's future is done: it waits no more. */
  onDone(call: Call): void {
    const isIdle = this.#parked.has(call) || (this.#line.has(call) && !this.#underWay.has(call));
    if (isIdle) this.#drop(call, undefined);
  }

  /** Whether the batch system may know jobs whose ids it has not told yet. */
  get busy(): boolean {
    return this.#working !== undefined;
  }

  /** Whether the batch system has been asked for any job. */
  get begun(): boolean {
    return this.#submissions > 0;
  }

  /** Resolves when nothing is to be submitted, but what there is no room for. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Submits no more: what waits in line is left there, on the disk. */
  leave(): void {
    this.#left = true;
    this.#room.stop();
  }

  /** What is being submitted, or waits, is wanted no more: does not wait for a batch system that is away. */
  giveUp(): void {
    this.#waitingFor?.giveUp();
    for (const call of [...this.#line, ...this.#parked]) if (call.isUnwanted) this.onDone(call);
  }

  #work(): void {
    this.#wanted = true;
    this.#working ??= this.#submitAll().finally(() => {
      this.#working = undefined;
      if (this.#wanted) this.#work();
    });
  }

  async #submitAll(): Promise<void> {
    do {
      this.#wanted = false;
      // All calls of the present tick.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#write(this.#arrived.splice(0));
    } while ((await this.#submitSome()) || this.#wanted);
    if (this.#line.size > 0 && !this.#left) this.#room.tryLater();
    else this.#room.stop();
  }

  /** Brings calls to the disk, and into the line. */
  async #write(arrived: readonly Call[]): Promise<void> {
    for (const call of arrived) if (call.isUnwanted) this.#drop(call, undefined);
    const calls = arrived.filter((call) => !call.isUnwanted);
    if (calls.length === 0) return;
    try {
      const jobSet = await this.#host.openJobSet();
      for (const call of await writeCalls(jobSet, calls)) this.#host.onWritten(call);
    } catch (error) {
      for (const call of calls) this.#drop(call, error);
      return;
    }
    const isFirst = this.#line.size === 0;
    // One that was cancelled meanwhile may have let its arguments go.
    for (const call of calls)
      if (call.input !== undefined) (call.isBlocked ? this.#parked : this.#line).add(call);
    // Those that are not submitted at once are not to be lost if the process is ended meanwhile.
    const next = isFirst && !this.#left ? this.#nextGroups()[0]?.calls.slice(0, this.#room.atOnce()) : [];
    const atOnce = new Set(next);
    const later = calls.filter((call) => call.input !== undefined && !atOnce.has(call));
    await this.#notes.note(later).catch(ignore);
    for (const call of calls) if (call.isUnwanted) this.#drop(call, undefined);
  }

  /** The calls at the head of the line, as many as there is room for. */
  #nextGroups(): ReturnType<typeof groupByTerms> {
    const room = Math.min(WINDOW, this.#room.beside(this.#host.inFlight()));
    const next: Call[] = [];
    for (const call of this.#line) {
      if (next.length >= room) break;
      next.push(call);
    }
    return groupByTerms(this.#grouping, next);
  }

  /** @returns whether more may be submitted now */
  async #submitSome(): Promise<boolean> {
    if (this.#left) return false;
    const groups = this.#nextGroups();
    for (const group of groups) {
      const { calls } = group;
      const all = this.#host.system.takesAll?.(group.submit) === true ? Infinity : undefined;
      for (let start = 0; start < calls.length;) {
        const some = calls.slice(start, start + this.#room.atOnce(all));
        if (!(await this.#submit(group, some))) return true;
        start += some.length;
      }
    }
    return groups.length > 0;
  }

  /** @returns false if the calls stay in line */
  async #submit(group: CallGroup, some: readonly Call[]): Promise<boolean> {
    for (const call of some) if (call.isUnwanted) this.#drop(call, undefined);
    const calls = some.filter((call) => this.#line.has(call));
    if (calls.length === 0) return true;
    const options = group.optionsOf(calls);
    for (const [position, call] of calls.entries()) {
      call.attempts += 1;
      call.memoryRequested = parseMemory(optionsOfJob(options, position)['request_memory']);
    }
    this.#submissions += 1;
    this.#underWay = new Set(calls);
    const waiting = new SubmissionAbort(calls);
    this.#waitingFor = waiting;
    try {
      return await this.#hand({ ...group, ...options }, calls, this.#submissions, waiting.signal);
    } finally {
      waiting.stop();
      this.#waitingFor = undefined;
      this.#underWay = new Set();
      for (const call of calls) if (call.isUnwanted && this.#line.has(call)) this.#drop(call, undefined);
    }
  }

  /** As {@link #submit}, of calls that have a submission of their own. */
  async #hand(
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
    const tell = (jobIds: string[] | undefined, error?: unknown, postponed?: true): void =>
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
      const note: JournalEntry = { event: 'submitting', submission, jobs: lines, submit, varied };
      await jobSet.note({ ...note });
      const idle = this.#arrived.length + this.#line.size + this.#parked.size;
      const busy = Math.max(0, this.#host.pending() - idle);
      ids = await system.submit({ jobSet, submission, jobs, cwd, submit, varied, busy, avoid }, signal);
    } catch (error) {
      const postponed = this.#postpones(error, calls);
      tell(undefined, error, postponed || undefined);
      const entry: JournalEntry = postponed
        ? { event: 'postponed', submission }
        : { event: 'refused', submission, error: String(error) };
      if (!postponed) for (const call of calls) this.#drop(call, error);
      await jobSet.note({ ...entry }).catch(ignore);
      return !postponed;
    }
    tell(ids);
    this.#room.onAccepted(calls.length);
    for (const [index, call] of calls.entries()) {
      this.#line.delete(call);
      this.#notes.forget(call);
      this.#host.onSubmitted(call, ids[index] as string);
    }
    // The event log has the ids too.
    await jobSet.note({ event: 'submitted', submission, ids } satisfies JournalEntry).catch(ignore);
    return true;
  }

  /** Whether calls that were refused stay in line, as there were too many of them. */
  #postpones(error: unknown, calls: readonly Call[]): boolean {
    if (!(error instanceof SubmitError) || error.limit === undefined) return false;
    if (!this.#room.onRefused(error.limit, calls.length)) return false;
    for (const call of calls) call.attempts -= 1;
    if (error.limit === 'queue' && !this.#warned) {
      this.#warned = true;
      const message = `Calls wait until others' jobs have left the queue, which takes no more: ${error.message}`;
      process.emitWarning(message, 'CondorFuturesWarning');
    }
    return true;
  }

  #drop(call: Call, error: unknown): void {
    this.#parked.delete(call);
    this.#line.delete(call);
    if (this.#line.size === 0) this.#room.stop();
    this.#notes.forget(call);
    // Another process needs what is on the disk.
    if (!this.#left) this.#host.onRefused(call, error);
  }
}

function ignore(): void {}

/** Calls whose jobs are being submitted: whether anybody still waits for them. */
export class SubmissionAbort {
  readonly #controller = new AbortController();
  readonly #takeBacks: readonly (() => void)[];
  #left: number;

  constructor(calls: readonly Call[]) {
    this.#left = calls.length;
    this.#takeBacks = calls.map(({ future }) => future.addDoneCallback(() => this.#onDone()));
  }

  /** Aborts when all of the futures are done, as when they were cancelled, or the calls are given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  giveUp(): void {
    this.#controller.abort();
  }

  /** The submission is over. */
  stop(): void {
    for (const takeBack of this.#takeBacks) takeBack();
  }

  #onDone(): void {
    this.#left -= 1;
    if (this.#left === 0) this.giveUp();
  }
}
