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
import { checkSubmitOptions } from '../htcondor/submit-description.ts';
import type { SubmitOptions } from '../submit-options.ts';
import { classAdOf, commandFor, endOf, explainJob, type LocalJob } from './local-job.ts';
import { Orphans } from './orphans.ts';
import { ProcessGroup } from './process-group.ts';

/** How many ended jobs are remembered. */
const HISTORY = 1000;

const NO_QUEUE =
  'this machine has no queue that would keep the job. Remedy: suspend() and continue() it, or use HTCondorExecutor';

/** Runs jobs as processes of this machine, a limited number at a time, in the order of their submission. */
export class LocalSystem implements BatchSystem {
  readonly name = 'local';
  readonly events: EventSource = {
    kind: 'callback',
    subscribe: (listener) => this.#listeners.push(listener),
  };
  readonly #concurrency: Concurrency;
  readonly #onRelease = (): void => this.#startQueued();
  readonly #listeners: ((event: JobEvent) => void)[] = [];
  readonly #queued = new Map<string, LocalJob>();
  readonly #running = new Map<string, LocalJob>();
  readonly #held = new Map<string, LocalJob>();
  readonly #ended = new Map<string, LocalJob>();
  readonly #orphans = new Orphans((event) => this.#emit(event));
  /**
   * Part of the job ids, because a process that attaches to a job set also knows ids that another process
   * gave.
   */
  readonly #name = randomBytes(3).toString('hex');
  #submitted = 0;

  /** @param concurrency maximum number of running jobs, or a limit shared with other systems */
  constructor(concurrency: number | Concurrency) {
    this.#concurrency = typeof concurrency === 'number' ? new Concurrency(concurrency) : concurrency;
  }

  /**
   * Refuses what HTCondor's system refuses, so that a program that runs here runs on a pool; other commands
   * have no effect.
   */
  checkSubmitOptions(submit: SubmitOptions): void {
    checkSubmitOptions(submit);
  }

  checkPlace(): void {}

  canVary(): boolean {
    return true;
  }

  async submit(batch: JobBatch): Promise<string[]> {
    const ids = batch.jobs.map((job) => {
      this.#submitted += 1;
      const id = `local.${this.#name}.${this.#submitted}`;
      this.#queued.set(id, { id, batch, job, submittedAt: new Date(), state: 'queued' });
      return id;
    });
    // The caller gets the ids before the first events.
    setImmediate(() => this.#startQueued());
    return ids;
  }

  /** Finds running jobs, which outlive a killed process; queued jobs do not. */
  async find({ jobSet, jobs }: SubmittedBatch): Promise<(string | undefined)[]> {
    const running = this.#orphans.adopt(jobSet.directory);
    return jobs.map(({ key }) => running.get(key));
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    for (const jobId of jobIds) {
      this.#orphans.remove(jobId);
      const running = this.#running.get(jobId);
      if (running !== undefined) {
        running.isRemoved = true;
        running.processes?.stop();
      }
      const job = this.#queued.get(jobId) ?? this.#held.get(jobId);
      if (job !== undefined) this.#end(job, { jobId, kind: 'removed', reason: 'removed before it started' });
    }
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const kindOf = (jobId: string): 'queued' | 'running' | 'suspended' | undefined => {
      if (this.#queued.has(jobId)) return 'queued';
      if (this.#running.get(jobId)?.state === 'suspended') return 'suspended';
      return this.#running.has(jobId) || this.#orphans.has(jobId) ? 'running' : undefined;
    };
    return new Map(
      jobIds.flatMap((jobId) => {
        const kind = kindOf(jobId);
        return kind === undefined ? [] : [[jobId, { jobId, kind }]];
      }),
    );
  }

  async act({ kind }: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    const answers = jobIds.map((jobId) => [jobId, this.#act(kind, this.#running.get(jobId))] as const);
    return new Map(answers.filter((answer): answer is [string, string] => answer[1] !== undefined));
  }

  async analyze(jobId: string): Promise<string | undefined> {
    const job = this.#find(jobId);
    const before = [...this.#queued.keys()].indexOf(jobId);
    return job && explainJob(job, before, this.#concurrency.limit);
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const jobs = jobIds.map((jobId) => this.#find(jobId)).filter((job) => job !== undefined);
    return new Map(jobs.map((job) => [job.id, classAdOf(job)]));
  }

  forMap(): LocalSystem {
    return new LocalSystem(this.#concurrency);
  }

  async close(): Promise<void> {
    this.#orphans.close();
    await this.remove([...this.#queued.keys(), ...this.#running.keys()]);
  }

  #find(jobId: string): LocalJob | undefined {
    return [this.#queued, this.#running, this.#held, this.#ended]
      .map((jobs) => jobs.get(jobId))
      .find((job) => job !== undefined);
  }

  /** @returns the reason of a refusal */
  #act(kind: JobAction['kind'], job: LocalJob | undefined): string | undefined {
    // Accepted without effect, like the requests in submit options.
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

  #startQueued(): void {
    for (const job of this.#queued.values()) {
      if (!this.#concurrency.acquire()) return this.#concurrency.onNextRelease(this.#onRelease);
      this.#queued.delete(job.id);
      void this.#run(job).then((event) => {
        this.#end(job, event);
        this.#concurrency.release();
      });
    }
  }

  /** Runs one job to its end; never rejects. */
  async #run(job: LocalJob): Promise<NonNullable<LocalJob['end']>> {
    const { id, batch } = job;
    try {
      const [shell, ...args] = commandFor(job) as [string, ...string[]];
      const mark = localJobMark(batch.jobSet.directory, id);
      // If this program itself runs in a job of a map, that map's tag is not meant for its jobs.
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

  /** Records that a job has ended or is held, and emits the event. */
  #end(job: LocalJob, event: NonNullable<LocalJob['end']>): void {
    for (const jobs of [this.#queued, this.#running, this.#held]) jobs.delete(job.id);
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

/** Limit of the number of jobs that run at once on this machine, for all systems that share it. */
export class Concurrency {
  readonly limit: number;
  #running = 0;
  /** Callbacks for the next release, in the order in which they were registered. */
  readonly #callbacks = new Set<() => void>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** @returns whether another job may run now */
  acquire(): boolean {
    if (this.#running >= this.limit) return false;
    this.#running += 1;
    return true;
  }

  release(): void {
    this.#running -= 1;
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  }

  /** Calls back once, after the next release. */
  onNextRelease(callback: () => void): void {
    this.#callbacks.add(callback);
  }
}
