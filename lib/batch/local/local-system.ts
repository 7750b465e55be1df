import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ClassAd } from '../../base/class-ad.ts';
import { LOCAL_JOB_VARIABLE, localJobMark, TAG_VARIABLE } from '../../job-set/names.ts';
import type {
  BatchSystem,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  SubmittedBatch,
} from '../batch-system.ts';
import { classAdOf, commandOf, endOf, explainJob, type LocalJob } from './local-job.ts';
import { Orphans } from './orphans.ts';
import { ProcessGroup } from './process-group.ts';

/** How many jobs that have ended are remembered. */
const HISTORY = 1000;

const NO_QUEUE =
  'this machine has no queue that would keep the job. Remedy: suspend() and continue() it, or use HTCondorExecutor';

/** Runs jobs as processes of this machine, a few at a time, first come first served. */
export class LocalSystem implements BatchSystem {
  readonly name = 'local';
  readonly events: EventSource = {
    kind: 'callback',
    subscribe: (listener) => this.#listeners.push(listener),
  };
  readonly #room: Room;
  readonly #onRoom = (): void => this.#startSome();
  readonly #listeners: ((event: JobEvent) => void)[] = [];
  readonly #waiting = new Map<string, LocalJob>();
  readonly #running = new Map<string, LocalJob>();
  readonly #held = new Map<string, LocalJob>();
  readonly #ended = new Map<string, LocalJob>();
  readonly #orphans = new Orphans((event) => this.#emit(event));
  /** Goes into the ids: a process that attaches to a job set knows the ids of another one's jobs. */
  readonly #name = randomBytes(3).toString('hex');
  #submitted = 0;

  constructor(room: number | Room) {
    this.#room = typeof room === 'number' ? new Room(room) : room;
  }

  /** A program that moves here from a pool brings its requests along; this machine has nothing to do with them. */
  checkSubmitOptions(): void {}

  checkPlace(): void {}

  canVary(): boolean {
    return true;
  }

  async submit(batch: JobBatch): Promise<string[]> {
    const ids = batch.jobs.map((job) => {
      this.#submitted += 1;
      const id = `local.${this.#name}.${this.#submitted}`;
      this.#waiting.set(id, { id, batch, job, submittedAt: new Date(), state: 'waiting' });
      return id;
    });
    // The caller learns the ids before anything happens to the jobs.
    setImmediate(() => this.#startSome());
    return ids;
  }

  /** They outlive a process that is killed; those that waited do not. */
  async find({ jobSet, jobs }: SubmittedBatch): Promise<(string | undefined)[]> {
    const running = this.#orphans.adopt(jobSet.directory);
    return jobs.map(({ key }) => running.get(key));
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    for (const jobId of jobIds) {
      this.#orphans.remove(jobId);
      const running = this.#running.get(jobId);
      if (running !== undefined) {
        running.removing = true;
        running.processes?.stop();
      }
      const job = this.#waiting.get(jobId) ?? this.#held.get(jobId);
      if (job !== undefined) this.#end(job, { jobId, kind: 'removed', reason: 'removed before it started' });
    }
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const runs = (jobId: string): boolean => this.#running.has(jobId) || this.#orphans.has(jobId);
    const known = jobIds.filter((jobId) => this.#waiting.has(jobId) || runs(jobId));
    return new Map(known.map((jobId) => [jobId, { jobId, kind: runs(jobId) ? 'running' : 'queued' }]));
  }

  async act({ kind }: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    const answers = jobIds.map((jobId) => [jobId, this.#act(kind, this.#running.get(jobId))] as const);
    return new Map(answers.filter((answer): answer is [string, string] => answer[1] !== undefined));
  }

  async analyze(jobId: string): Promise<string | undefined> {
    const job = this.#find(jobId);
    const before = [...this.#waiting.keys()].indexOf(jobId);
    return job && explainJob(job, before, this.#room.size);
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const jobs = jobIds.map((jobId) => this.#find(jobId)).filter((job) => job !== undefined);
    return new Map(jobs.map((job) => [job.id, classAdOf(job)]));
  }

  forMap(): LocalSystem {
    return new LocalSystem(this.#room);
  }

  async close(): Promise<void> {
    this.#orphans.close();
    await this.remove([...this.#waiting.keys(), ...this.#running.keys()]);
  }

  #find(jobId: string): LocalJob | undefined {
    return [this.#waiting, this.#running, this.#held, this.#ended]
      .map((jobs) => jobs.get(jobId))
      .find((job) => job !== undefined);
  }

  /** @returns why not */
  #act(kind: JobAction['kind'], job: LocalJob | undefined): string | undefined {
    // As what calls ask for when they are submitted.
    if (kind === 'edit') return undefined;
    if (kind === 'hold' || kind === 'release' || kind === 'vacate') return NO_QUEUE;
    if (kind === 'suspend' && job?.state === 'running') {
      job.processes?.suspend();
      job.state = 'suspended';
    } else if (kind === 'continue' && job?.state === 'suspended') {
      job.processes?.continue();
      job.state = 'running';
    } else return kind === 'suspend' ? 'it is not running' : 'it is not suspended';
    return undefined;
  }

  #startSome(): void {
    for (const job of this.#waiting.values()) {
      if (!this.#room.take()) return this.#room.callBack(this.#onRoom);
      this.#waiting.delete(job.id);
      void this.#run(job).then((event) => {
        this.#end(job, event);
        this.#room.leave();
      });
    }
  }

  /** Runs one job to its end; never rejects. */
  async #run(job: LocalJob): Promise<NonNullable<LocalJob['end']>> {
    const { id, batch } = job;
    try {
      const [shell, ...args] = commandOf(job) as [string, ...string[]];
      const mark = localJobMark(batch.jobSet.directory, id);
      // That of a map in whose job this program may run is not its own jobs'.
      const env = { ...process.env, [TAG_VARIABLE]: undefined, [LOCAL_JOB_VARIABLE]: mark };
      job.processes = new ProcessGroup(shell, args, { cwd: batch.cwd, env });
      if (batch.outlivesCalls === true) job.processes.unref();
      job.state = 'running';
      this.#running.set(id, job);
      await job.processes.started;
      job.startedAt = new Date();
      this.#emit({ jobId: id, kind: 'running', host: hostname() });
      const { exitCode, signal } = await job.processes.ended;
      return endOf(job, exitCode, signal);
    } catch (error) {
      const reason = `the job's process cannot be started: ${(error as Error).message}`;
      return { jobId: id, kind: 'held', reason };
    }
  }

  /** The job runs no more, or is held. */
  #end(job: LocalJob, event: NonNullable<LocalJob['end']>): void {
    for (const jobs of [this.#waiting, this.#running, this.#held]) jobs.delete(job.id);
    job.end = event;
    job.endedAt = new Date();
    job.state = event.kind === 'held' ? 'held' : 'ended';
    (event.kind === 'held' ? this.#held : this.#ended).set(job.id, job);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size > HISTORY) this.#ended.delete(oldest);
    this.#emit(event);
  }

  #emit(event: JobEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** How many jobs run at once on this machine, for all who share it. */
export class Room {
  readonly size: number;
  #taken = 0;
  /** Who wants to know of the next place, first come first served. */
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.size = size;
  }

  /** @returns whether there was a place */
  take(): boolean {
    if (this.#taken >= this.size) return false;
    this.#taken += 1;
    return true;
  }

  leave(): void {
    this.#taken -= 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** Calls back once, when there may be a place. */
  callBack(callback: () => void): void {
    this.#waiting.add(callback);
  }
}
