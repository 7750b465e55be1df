import { readdir, stat } from 'node:fs/promises';
import { PayloadError } from '../../base/errors.ts';
import { Slots } from '../../base/fifo.ts';
import type { BatchSystem, JobEvent } from '../../batch/batch-system.ts';
import { readArchive } from '../../job-set/archive.ts';
import { isClaimed } from '../../job-set/claim.ts';
import { type JobSet, listOutcomes } from '../../job-set/job-set.ts';
import { type JournaledSubmission, replayJournal, readJournal } from '../../job-set/journal.ts';
import { archiveFile, eventLogFile, journalFile, logsDirectory } from '../../job-set/names.ts';
import { decodeOutcome, type EncodedOutcome } from '../../payload/call.ts';
import { EventLogFollower } from '../../watch/event-log-follower.ts';
import { type Component, isNeverSubmitted, jobIdOf, onJobLost, type OutcomeSummary } from './component.ts';
import { MapState } from './map-state.ts';

/** Limit on concurrent reads, because each one takes a file descriptor. */
const READS_AT_ONCE = 16;
/** Delay before the batch system is asked again for unknown jobs, in milliseconds; doubles each time. */
const ASK_AGAIN_MS = 1000;
const MAX_ASK_AGAIN_MS = 60_000;

/**
 * Reads the files of a map; each refresh reads only the new parts. Writes nothing, so that any number of
 * processes can read the same map.
 */
export class MapReader {
  readonly jobSet: JobSet;
  readonly #state = new MapState();
  readonly #follower: EventLogFollower | undefined;
  readonly #slots = new Slots(READS_AT_ONCE);
  /** The sizes at the last read of files that are read as a whole. */
  readonly #sizes = new Map<string, number>();
  #refreshing: Promise<void> | undefined;
  #readAt = -Infinity;
  readonly #ownerlessJobs: OwnerlessJobs;
  readonly #ignoreRemoteOwners: boolean;
  #hasOwner = false;

  /** @param ignoreRemoteOwners whether the user says that owners on other machines have ended */
  constructor(
    jobSet: JobSet,
    system: Pick<BatchSystem, 'events' | 'queue' | 'find'>,
    ignoreRemoteOwners: boolean,
  ) {
    this.jobSet = jobSet;
    this.#ignoreRemoteOwners = ignoreRemoteOwners;
    this.#ownerlessJobs = new OwnerlessJobs(jobSet, system, this.#state);
    const { events } = system;
    if (events.kind === 'log')
      this.#follower = new EventLogFollower(eventLogFile(jobSet.directory), events.parse);
    else this.subscribe(system);
  }

  /** Receives the events of another batch system of the same kind that gets jobs of the map. */
  subscribe({ events }: Pick<BatchSystem, 'events'>): void {
    if (events.kind === 'callback') events.subscribe((event) => this.#state.onEvent(event));
  }

  get components(): readonly Component[] {
    return this.#state.components;
  }

  /** The highest submission number in the journal. */
  get lastSubmission(): number {
    return this.#state.lastSubmission;
  }

  /** Whether the map had an owner at the last refresh: a program that submits or retries its jobs. */
  get hasOwner(): boolean {
    return this.#hasOwner;
  }

  /** Applies an event that a poll of the batch system returned. */
  onEvent(event: JobEvent): void {
    this.#state.onEvent(event);
  }

  /** Marks a job as lost, because a poll of the batch system did not find it. */
  onLost(jobId: string): void {
    this.#state.onLost(jobId);
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

  /** The outcome of a component's current job, if any. @throws {PayloadError} {@link OwnershipError} */
  async readOutcome({ call, end }: Component): Promise<EncodedOutcome | undefined> {
    const bytes = await this.jobSet.readOutcome(call.job.key, end !== undefined);
    return bytes === undefined ? undefined : decodeOutcome(bytes);
  }

  async #readAll(): Promise<void> {
    const { directory } = this.jobSet;
    // Checked before the files are read, because an owner has written all its records when it gives up the
    // claim.
    const wasClaimed = await isClaimed(directory, this.#ignoreRemoteOwners);
    if (await this.#hasGrown(journalFile(directory)))
      this.#state.onJournal(replayJournal(await readJournal(directory)));
    for (const event of (await this.#follower?.read()) ?? []) this.#state.onEvent(event);
    if (await this.#hasGrown(archiveFile(directory))) this.#state.onArchive(await readArchive(directory));
    if (this.#follower === undefined) this.#state.onStarted(await findStartedKeys(directory));
    // A program may have become the owner after the first check, and be about to submit what is in its
    // journal.
    this.#hasOwner =
      wasClaimed || (await isClaimed(directory, this.#ignoreRemoteOwners)) || (await this.#isGrowing());
    if (!this.#hasOwner) await this.#ownerlessJobs.refresh();
    await this.#readOutcomes(await listOutcomes(directory));
  }

  async #readOutcomes(listed: readonly string[]): Promise<void> {
    const keys = new Set(listed.filter((key) => this.#state.findAwaiting(key) !== undefined));
    // A network file system may open a file by name before it lists it.
    for (const { end, outcome, call } of this.components)
      if (end !== undefined && outcome === undefined) keys.add(call.job.key);
    for (const key of keys) {
      this.#slots.run(async () => {
        const component = this.#state.findAwaiting(key);
        if (component === undefined) return;
        const summary = await this.#readSummary(component);
        if (summary !== undefined) this.#state.onOutcome(key, summary);
      });
    }
    await this.#slots.idle();
  }

  /** The summary of an outcome; undefined if there is none, or it cannot be read now. */
  async #readSummary(component: Component): Promise<OutcomeSummary | undefined> {
    try {
      const outcome = await this.readOutcome(component);
      return outcome && summarize(outcome);
    } catch (error) {
      return error instanceof PayloadError ? UNREADABLE : undefined;
    }
  }

  /** Whether the journal has grown since it was read. */
  async #isGrowing(): Promise<boolean> {
    const file = journalFile(this.jobSet.directory);
    return (await sizeOfFile(file)) !== (this.#sizes.get(file) ?? 0);
  }

  async #hasGrown(file: string): Promise<boolean> {
    const size = await sizeOfFile(file);
    if (size === this.#sizes.get(file)) return false;
    this.#sizes.set(file, size);
    return true;
  }
}

async function sizeOfFile(file: string): Promise<number> {
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  return size;
}

/** Summary of an unreadable outcome, as of another version; reading the value throws the reason. */
const UNREADABLE: OutcomeSummary = {
  failed: true,
  host: 'unknown',
  usage: {
    startedAt: new Date(0),
    endedAt: new Date(0),
    userCpuMs: 0,
    systemCpuMs: 0,
    peakMemoryBytes: 0,
    pid: 0,
    nodeVersion: 'unknown',
  },
};

function summarize(outcome: EncodedOutcome): OutcomeSummary {
  const { items, host, startedAt, endedAt, userCpuMs, systemCpuMs, peakMemoryBytes, pid, nodeVersion } =
    outcome;
  const failed = items.some((item) => !('value' in item || 'primitive' in item));
  const times = { startedAt: new Date(startedAt), endedAt: new Date(endedAt) };
  return {
    failed,
    host,
    usage: { ...times, userCpuMs, systemCpuMs, peakMemoryBytes, pid, nodeVersion },
  };
}

/**
 * Asks the batch system for jobs of a map without an owner whose fate the disk does not show: the owner was
 * killed before it had written their ids, or they were local processes, which have no queue.
 */
class OwnerlessJobs {
  readonly #jobSet: JobSet;
  readonly #system: Pick<BatchSystem, 'queue' | 'find'>;
  readonly #state: MapState;
  /** The earliest time of the next question, by submission and performance.now(). */
  readonly #nextTimes = new Map<number, number>();

  constructor(jobSet: JobSet, system: Pick<BatchSystem, 'queue' | 'find'>, state: MapState) {
    this.#jobSet = jobSet;
    this.#system = system;
    this.#state = state;
  }

  /** Asks for these jobs, except those it has asked for recently. */
  async refresh(): Promise<void> {
    const bySubmission = new Map<JournaledSubmission, Component[]>();
    for (const component of this.#state.components) {
      if (!this.#isUncertain(component)) continue;
      const { submission } = component.call;
      const others = bySubmission.get(submission);
      if (others === undefined) bySubmission.set(submission, [component]);
      else others.push(component);
    }
    for (const [submission, components] of bySubmission) await this.#ask(submission, components);
  }

  #isUncertain(component: Component): boolean {
    const { outcome, settled, end, foundId, call } = component;
    const { waits, refusal } = call.submission;
    if (outcome !== undefined || settled !== undefined || end !== undefined || foundId !== undefined)
      return false;
    if (waits || refusal !== undefined) return false;
    return this.#system.queue === undefined || jobIdOf(component) === undefined;
  }

  async #ask(submission: JournaledSubmission, components: readonly Component[]): Promise<void> {
    const now = performance.now();
    if (now < (this.#nextTimes.get(submission.submission) ?? 0)) return;
    const answers = Math.min(...components.map(({ missingAnswers }) => missingAnswers));
    const delay = Math.min(ASK_AGAIN_MS * 2 ** answers, MAX_ASK_AGAIN_MS);
    this.#nextTimes.set(submission.submission, now + delay);
    const found = await this.#find(submission, components);
    if (found === undefined) return;
    const started = new Set(found.includes(undefined) ? await findStartedKeys(this.#jobSet.directory) : []);
    for (const [at, component] of components.entries()) {
      const jobId = found[at];
      if (jobId !== undefined) {
        this.#state.onFound(component, jobId);
        continue;
      }
      component.missingAnswers += 1;
      // An outcome of a local job is on this machine's disk and is read after this, so that no grace is
      // needed.
      if (this.#system.queue === undefined) onJobLost(component, -Infinity);
      else if (
        started.has(component.call.job.key) &&
        isNeverSubmitted({ ...component, hasStarted: false }, false)
      )
        onJobLost(component, now);
    }
  }

  /** The job ids of components, undefined for unknown jobs; undefined if the batch system gives no answer. */
  async #find(
    { submission, submit, time }: JournaledSubmission,
    components: readonly Component[],
  ): Promise<(string | undefined)[] | undefined> {
    const jobs = components.map(({ call }) => ({ key: call.job.key, position: call.position }));
    try {
      return await this.#system.find({ jobSet: this.#jobSet, submission, submit, jobs }, undefined, time);
    } catch {
      // A user who says that owners on other machines have ended says the same about their local jobs.
      return this.#system.queue === undefined ? jobs.map(() => undefined) : undefined;
    }
  }
}

/** The keys of the jobs whose scripts have started, because their stdout files exist. */
export async function findStartedKeys(directory: string): Promise<string[]> {
  const names = await readdir(logsDirectory(directory));
  return names.flatMap((name) => /^(.*)\.out$/.exec(name)?.[1] ?? []);
}
