import { readdir } from 'node:fs/promises';
import { PayloadError } from '../base/errors.ts';
import { Slots } from '../base/fifo.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { readArchive } from '../job-set/archive.ts';
import { isClaimed } from '../job-set/claim.ts';
import { type JobSet, listOutcomes } from '../job-set/job-set.ts';
import { type JournaledSubmission, JournalReplay, readJournalFrom } from '../job-set/journal.ts';
import { eventLogFile, logsDirectory, outcomesDirectory, parseTransferredName } from '../job-set/names.ts';
import { decodeOutcome, type EncodedOutcome } from '../payload/call.ts';
import {
  type CallRecord,
  CallRecords,
  isNeverSubmitted,
  isPending,
  jobIdOf,
  type OutcomeSummary,
  summarize,
} from './call-records.ts';
import { EventLogFollower } from './event-log-follower.ts';
import { findGraces, type WatchSettings } from './job-set-watch.ts';

/** Limit on concurrent reads, because each one takes a file descriptor. */
const READS_AT_ONCE = 16;
/** Delay before the batch system is asked again for unknown jobs, in milliseconds; doubles each time. */
const ASK_AGAIN_MS = 1000;
const MAX_ASK_AGAIN_MS = 60_000;

/**
 * Reads the files of a job set into records of its calls; each refresh reads only the new parts. Writes nothing,
 * so that any number of processes can read the same job set.
 */
export class JobSetReader {
  readonly jobSet: JobSet;
  readonly calls: CallRecords = new CallRecords();
  readonly #settings: WatchSettings;
  /** Follows the event log, if the batch system has one. */
  readonly follower: EventLogFollower | undefined;
  readonly #slots = new Slots(READS_AT_ONCE);
  readonly #journal = new JournalReplay();
  /** How far journal and archive have been read. */
  #journalEnd = 0;
  #archiveEnd = 0;
  #journalRead: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<void> | undefined;
  #readAt = -Infinity;
  readonly #ownerlessJobs: OwnerlessJobs;
  readonly #ignoreRemoteOwners: boolean;
  #hasOwner = false;

  /** @param ignoreRemoteOwners whether the user says that owners on other machines have ended */
  constructor(
    jobSet: JobSet,
    system: Pick<BatchSystem, 'events' | 'queue' | 'find'>,
    settings: WatchSettings,
    ignoreRemoteOwners: boolean,
  ) {
    this.jobSet = jobSet;
    this.#settings = settings;
    this.#ignoreRemoteOwners = ignoreRemoteOwners;
    this.#ownerlessJobs = new OwnerlessJobs(jobSet, system, this.calls);
    if (system.events.kind === 'log') {
      this.follower = new EventLogFollower(eventLogFile(jobSet.directory), system.events.parse);
      this.follower.subscribe((event) => this.calls.onEvent(event));
    } else this.follow(system);
  }

  /** Receives the events of another batch system of the same kind that gets jobs of the job set. */
  follow({ events }: Pick<BatchSystem, 'events'>): void {
    if (events.kind === 'callback') events.subscribe((event) => this.calls.onEvent(event));
    else if (this.follower !== undefined) this.follower.parse = events.parse;
  }

  get records(): readonly CallRecord[] {
    return this.calls.records;
  }

  /** Whether the job set had an owner at the last refresh: a program that submits or retries its jobs. */
  get hasOwner(): boolean {
    return this.#hasOwner;
  }

  /** Time since the start of the last complete refresh, in milliseconds. */
  get age(): number {
    return performance.now() - this.#readAt;
  }

  /** Reads everything that is new on the disk. */
  async refresh(): Promise<void> {
    // A running refresh may have missed the latest changes, so that this call needs the next one.
    const running = this.#refreshing;
    if (running !== undefined) {
      await running.catch(() => {});
      return this.#refreshing ?? this.refresh();
    }
    const startedAt = performance.now();
    this.#refreshing = this.#readAll()
      .then(() => void (this.#readAt = startedAt))
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** The outcome of a call's current job, if any. @throws {PayloadError} {@link OwnershipError} */
  async readOutcome({ call, life }: CallRecord): Promise<EncodedOutcome | undefined> {
    const bytes = await this.jobSet.readOutcome(call.job.key, life.end !== undefined);
    return bytes === undefined ? undefined : decodeOutcome(bytes);
  }

  async #readAll(): Promise<void> {
    const { directory } = this.jobSet;
    this.calls.grace = (await findGraces(directory, this.#settings)).outcomeGrace;
    // Checked before the files are read, because an owner has written all its records when it gives up the
    // claim.
    const wasClaimed = await isClaimed(directory, this.#ignoreRemoteOwners);
    await this.readJournal();
    await this.follower?.read();
    const { records, end } = await readArchive(directory, this.#archiveEnd);
    this.#archiveEnd = end;
    this.calls.onArchive(records);
    if (this.follower === undefined) this.calls.onStarted(await findStartedKeys(directory));
    // A program may have become the owner after the first check, and be about to submit what is in its
    // journal.
    this.#hasOwner =
      wasClaimed || (await isClaimed(directory, this.#ignoreRemoteOwners)) || (await this.readJournal());
    if (!this.#hasOwner) await this.#ownerlessJobs.refresh();
    await this.#readOutcomes(await listOutcomes(directory));
  }

  async #readOutcomes(listed: readonly string[]): Promise<void> {
    const keys = new Set(listed.filter((key) => this.calls.findAwaiting(key) !== undefined));
    // A network file system may open a file by name before it lists it.
    for (const { life, outcome, call } of this.records)
      if (life.end !== undefined && outcome === undefined) keys.add(call.job.key);
    for (const key of keys) {
      this.#slots.run(async () => {
        const record = this.calls.findAwaiting(key);
        const summary = record && (await this.#readSummary(record));
        if (summary !== undefined) this.calls.onOutcome(key, summary);
      });
    }
    await this.#slots.idle();
  }

  /** The summary of an outcome; undefined if there is none, or it cannot be read now. */
  async #readSummary(record: CallRecord): Promise<OutcomeSummary | undefined> {
    try {
      const outcome = await this.readOutcome(record);
      return outcome && summarize(outcome);
    } catch (error) {
      return error instanceof PayloadError ? UNREADABLE : undefined;
    }
  }

  /**
   * Reads what is new in the journal, so that events find their jobs in it; one read at a time.
   * @returns whether anything is new
   */
  async readJournal(): Promise<boolean> {
    const read = this.#journalRead.then(async () => this.#readJournal());
    this.#journalRead = read.catch(() => {});
    return read;
  }

  async #readJournal(): Promise<boolean> {
    const { entries, end } = await readJournalFrom(this.jobSet.directory, this.#journalEnd);
    this.#journalEnd = end;
    for (const entry of entries) this.#journal.apply(entry);
    if (entries.length > 0) this.calls.onJournal(this.#journal);
    return entries.length > 0;
  }
}

/** Summary of an unreadable outcome, as of another version; reading the value throws the reason. */
const UNREADABLE: OutcomeSummary = {
  failed: true,
  version: 0,
  host: 'unknown',
  startedAt: 0,
  endedAt: 0,
  userCpuMs: 0,
  systemCpuMs: 0,
  peakMemoryBytes: 0,
  pid: 0,
  nodeVersion: 'unknown',
};

/**
 * Asks the batch system for jobs of a job set without an owner whose fate the disk does not show: the owner was
 * killed before it had written their ids, or they were local processes, which have no queue.
 */
class OwnerlessJobs {
  readonly #jobSet: JobSet;
  readonly #system: Pick<BatchSystem, 'queue' | 'find'>;
  readonly #calls: CallRecords;
  /** The earliest time of the next question, by submission and performance.now(). */
  readonly #nextTimes = new Map<number, number>();

  constructor(jobSet: JobSet, system: Pick<BatchSystem, 'queue' | 'find'>, calls: CallRecords) {
    this.#jobSet = jobSet;
    this.#system = system;
    this.#calls = calls;
  }

  /** Asks for these jobs, except those it has asked for recently. */
  async refresh(): Promise<void> {
    const bySubmission = new Map<JournaledSubmission, CallRecord[]>();
    for (const record of this.#calls.records) {
      if (!this.#isUncertain(record)) continue;
      const { submission } = record.call;
      const others = bySubmission.get(submission);
      if (others === undefined) bySubmission.set(submission, [record]);
      else others.push(record);
    }
    for (const [submission, records] of bySubmission) await this.#ask(submission, records);
  }

  #isUncertain(record: CallRecord): boolean {
    const { waits, refusal } = record.call.submission;
    if (!isPending(record) || record.foundId !== undefined || waits || refusal !== undefined) return false;
    return this.#system.queue === undefined || jobIdOf(record) === undefined;
  }

  async #ask(submission: JournaledSubmission, records: readonly CallRecord[]): Promise<void> {
    const now = performance.now();
    if (now < (this.#nextTimes.get(submission.submission) ?? 0)) return;
    const answers = Math.min(...records.map(({ timesNotFound }) => timesNotFound));
    const delay = Math.min(ASK_AGAIN_MS * 2 ** answers, MAX_ASK_AGAIN_MS);
    this.#nextTimes.set(submission.submission, now + delay);
    const found = await this.#find(submission, records);
    if (found === undefined) return;
    const started = new Set(found.includes(undefined) ? await findStartedKeys(this.#jobSet.directory) : []);
    for (const [at, record] of records.entries()) {
      const jobId = found[at];
      if (jobId !== undefined) {
        this.#calls.onFound(record, jobId);
        continue;
      }
      record.timesNotFound += 1;
      const isLocal = this.#system.queue === undefined;
      const isGone =
        started.has(record.call.job.key) && isNeverSubmitted({ ...record, hasStarted: false }, false);
      // An outcome of a local job is on this machine's disk and is read after this, so that no grace is
      // needed.
      const lost = { kind: 'lost', jobId: jobIdOf(record) ?? 'unknown' } as const;
      if (isLocal || isGone) this.#calls.apply(record, lost, isLocal ? -Infinity : now);
    }
  }

  /** The job ids of calls, undefined for unknown jobs; undefined if the batch system gives no answer. */
  async #find(
    { submission, submit, time }: JournaledSubmission,
    records: readonly CallRecord[],
  ): Promise<(string | undefined)[] | undefined> {
    const jobs = records.map(({ call }) => ({ key: call.job.key, position: call.position }));
    try {
      return await this.#system.find({ jobSet: this.#jobSet, submission, submit, jobs }, undefined, time);
    } catch {
      // A user who says that owners on other machines have ended says the same about their local jobs.
      return this.#system.queue === undefined ? jobs.map(() => undefined) : undefined;
    }
  }
}

/** The keys of the jobs whose scripts have started, because they have an outcome or a file for stdout. */
export async function findStartedKeys(directory: string): Promise<string[]> {
  const outcomes = await readdir(outcomesDirectory(directory));
  const logs = await readdir(logsDirectory(directory));
  return [
    ...outcomes.map((name) => parseTransferredName(name) ?? name),
    ...logs.flatMap((name) => /^(.*)\.out$/.exec(name)?.[1] ?? []),
  ];
}
