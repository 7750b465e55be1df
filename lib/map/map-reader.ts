import { stat } from 'node:fs/promises';
import type { BatchSystem, JobEvent } from '../batch/batch-system.ts';
import { readCalls } from '../cluster/journaled-calls.ts';
import { PayloadError } from '../errors.ts';
import { readArchive } from '../job-set/archive.ts';
import { isClaimed } from '../job-set/claim.ts';
import { listOutcomes, type JobSet } from '../job-set/job-set.ts';
import { readJournal } from '../job-set/journal.ts';
import { archiveFile, eventLogFile, journalFile } from '../job-set/names.ts';
import { decodeOutcome, type EncodedOutcome } from '../payload/call.ts';
import { Slots } from '../slots.ts';
import { EventLogFollower } from '../watch/event-log-follower.ts';
import type { Component, OutcomeSummary } from './component.ts';
import { begunKeys } from './begun-keys.ts';
import { MapState } from './map-state.ts';
import { UnattendedJobs } from './unattended-jobs.ts';

/** Each read takes a file descriptor. */
const READS_AT_ONCE = 16;

/** Reads what lies on the disk of a map, again and again, each time only what is new. Writes nothing: any number of processes may do so. */
export class MapReader {
  readonly jobSet: JobSet;
  readonly #state = new MapState();
  readonly #follower: EventLogFollower | undefined;
  readonly #slots = new Slots(READS_AT_ONCE);
  /** How long the files were that are read as a whole. */
  readonly #sizes = new Map<string, number>();
  #reading: Promise<void> | undefined;
  #readAt = -Infinity;
  readonly #unattended: UnattendedJobs;
  readonly #othersAreGone: boolean;
  #isAttended = false;

  /** @param othersAreGone programs of other machines do not look after the map any more, whatever they have written down */
  constructor(
    jobSet: JobSet,
    system: Pick<BatchSystem, 'events' | 'queue' | 'find'>,
    othersAreGone: boolean,
  ) {
    this.jobSet = jobSet;
    this.#othersAreGone = othersAreGone;
    this.#unattended = new UnattendedJobs(jobSet, system, this.#state);
    const { events } = system;
    if (events.kind === 'log')
      this.#follower = new EventLogFollower(eventLogFile(jobSet.directory), events.parse);
    else this.listen(system);
  }

  /** Some of its jobs are from now on with another batch system of the same kind. */
  listen({ events }: Pick<BatchSystem, 'events'>): void {
    if (events.kind === 'callback') events.subscribe((event) => this.#state.onEvent(event));
  }

  get components(): readonly Component[] {
    return this.#state.components;
  }

  /** The number of the last submission of its jobs. */
  get lastSubmission(): number {
    return this.#state.lastSubmission;
  }

  /** Whether some program looks after the map, as far as one can tell. */
  get isAttended(): boolean {
    return this.#isAttended;
  }

  /** The batch system was asked, and says this. */
  onEvent(event: JobEvent): void {
    this.#state.onEvent(event);
  }

  /** The batch system was asked, and knows nothing of a job. */
  onLost(jobId: string): void {
    this.#state.onLost(jobId);
  }

  /** How long ago all was up to date, in milliseconds. */
  get age(): number {
    return performance.now() - this.#readAt;
  }

  /** Brings all that is known up to the present. */
  async refresh(): Promise<void> {
    // What comes after it has begun may be missed: the next one sees it.
    const before = this.#reading;
    if (before !== undefined) {
      await before.catch(() => {});
      return this.#reading ?? this.refresh();
    }
    const begun = performance.now();
    this.#reading = this.#readAll()
      .then(() => void (this.#readAt = begun))
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** What came of a component's present job; undefined if there is nothing yet. @throws {PayloadError} {@link OwnershipError} */
  async readOutcome({ call, end }: Component): Promise<EncodedOutcome | undefined> {
    const bytes = await this.jobSet.readOutcome(call.job.key, end !== undefined);
    return bytes === undefined ? undefined : decodeOutcome(bytes);
  }

  async #readAll(): Promise<void> {
    const { directory } = this.jobSet;
    // Before the outcomes: who ends looking after the map has written all that it knows by then.
    const isAttended = await isClaimed(directory, this.#othersAreGone);
    if (await this.#hasGrown(journalFile(directory)))
      this.#state.onJournal(readCalls(await readJournal(directory)));
    for (const event of (await this.#follower?.read()) ?? []) this.#state.onEvent(event);
    if (await this.#hasGrown(archiveFile(directory))) this.#state.onArchive(await readArchive(directory));
    if (this.#follower === undefined) this.#state.onBegun(await begunKeys(directory));
    // A program may have taken it up between the two looks, and be about to submit what it has noted.
    this.#isAttended =
      isAttended || (await isClaimed(directory, this.#othersAreGone)) || (await this.#isGrowing());
    if (!this.#isAttended) await this.#unattended.look();
    await this.#readOutcomes(await listOutcomes(directory));
  }

  async #readOutcomes(listed: readonly string[]): Promise<void> {
    const keys = new Set(listed.filter((key) => this.#state.awaiting(key) !== undefined));
    // A network filesystem may open by name what it does not list yet.
    for (const { end, outcome, call } of this.components)
      if (end !== undefined && outcome === undefined) keys.add(call.job.key);
    for (const key of keys) {
      this.#slots.run(async () => {
        const component = this.#state.awaiting(key);
        if (component === undefined) return;
        const summary = await this.#summary(component);
        if (summary !== undefined) this.#state.onOutcome(key, summary);
      });
    }
    await this.#slots.idle();
  }

  /** Undefined for what is not there, or cannot be read now. */
  async #summary(component: Component): Promise<OutcomeSummary | undefined> {
    try {
      const outcome = await this.readOutcome(component);
      return outcome && summaryOf(outcome);
    } catch (error) {
      return error instanceof PayloadError ? UNREADABLE : undefined;
    }
  }

  /** The journal has more than was read just now. */
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

/** Of an outcome in another format, say: to read it tells why. */
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

function summaryOf(outcome: EncodedOutcome): OutcomeSummary {
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
