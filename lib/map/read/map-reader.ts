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
import { type Component, isUnsent, jobIdOf, onJobLost, type OutcomeSummary } from './component.ts';
import { MapState } from './map-state.ts';

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
      this.#state.onJournal(replayJournal(await readJournal(directory)));
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

/** How long after the batch system did not know the jobs of a submission it is asked again; it doubles. */
const ASK_AGAIN_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * The jobs of a map that no program looks after, where what lies on the disk does not tell what became of them: the program was killed before it had
 * heard their ids; or they were processes of its machine, which has no queue.
 */
export class UnattendedJobs {
  readonly #jobSet: JobSet;
  readonly #system: Pick<BatchSystem, 'queue' | 'find'>;
  readonly #state: MapState;
  readonly #nextTimes = new Map<number, number>();

  constructor(jobSet: JobSet, system: Pick<BatchSystem, 'queue' | 'find'>, state: MapState) {
    this.#jobSet = jobSet;
    this.#system = system;
    this.#state = state;
  }

  /** Asks for them, unless that was done just now. */
  async look(): Promise<void> {
    const bySubmission = new Map<JournaledSubmission, Component[]>();
    for (const component of this.#state.components) {
      if (!this.#isDoubtful(component)) continue;
      const { submission } = component.call;
      const others = bySubmission.get(submission);
      if (others === undefined) bySubmission.set(submission, [component]);
      else others.push(component);
    }
    for (const [submission, components] of bySubmission) await this.#ask(submission, components);
  }

  #isDoubtful(component: Component): boolean {
    const { outcome, verdict, end, foundId, call } = component;
    const { waits, refusal } = call.submission;
    if (outcome !== undefined || verdict !== undefined || end !== undefined || foundId !== undefined)
      return false;
    if (waits || refusal !== undefined) return false;
    return this.#system.queue === undefined || jobIdOf(component) === undefined;
  }

  async #ask(submission: JournaledSubmission, components: readonly Component[]): Promise<void> {
    const now = performance.now();
    if (now < (this.#nextTimes.get(submission.submission) ?? 0)) return;
    const times = Math.min(...components.map(({ missing }) => missing));
    const pause = Math.min(ASK_AGAIN_MS * 2 ** times, LONGEST_PAUSE_MS);
    this.#nextTimes.set(submission.submission, now + pause);
    const found = await this.#find(submission, components);
    if (found === undefined) return;
    const begun = new Set(found.includes(undefined) ? await begunKeys(this.#jobSet.directory) : []);
    for (const [at, component] of components.entries()) {
      const jobId = found[at];
      if (jobId !== undefined) {
        this.#state.onFound(component, jobId);
        continue;
      }
      component.missing += 1;
      // Its outcome, if there is one, is on this machine's disk, and is read after this.
      if (this.#system.queue === undefined) onJobLost(component, -Infinity);
      else if (begun.has(component.call.job.key) && isUnsent({ ...component, begun: false }, false))
        onJobLost(component, now);
    }
  }

  /** Undefined if there is no answer. */
  async #find(
    { submission, submit, time }: JournaledSubmission,
    components: readonly Component[],
  ): Promise<(string | undefined)[] | undefined> {
    const jobs = components.map(({ call }) => ({ key: call.job.key, position: call.position }));
    try {
      return await this.#system.find({ jobSet: this.#jobSet, submission, submit, jobs }, undefined, time);
    } catch {
      // Who says that the programs of other machines are gone says so of their processes, too.
      return this.#system.queue === undefined ? jobs.map(() => undefined) : undefined;
    }
  }
}

/** The keys of the jobs whose scripts have begun. */
export async function begunKeys(directory: string): Promise<string[]> {
  const names = await readdir(logsDirectory(directory));
  return names.flatMap((name) => /^(.*)\.out$/.exec(name)?.[1] ?? []);
}
