import { OwnershipError, PayloadError } from '../../base/errors.ts';
import { Slots } from '../../base/fifo.ts';
import type { JobError } from '../../base/job-errors.ts';
import type { BatchSystem, JobEvent } from '../../batch/batch-system.ts';
import type { Archive } from '../../job-set/archive.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { outcomeFile } from '../../job-set/names.ts';
import type { OtherNode } from '../../payload/format.ts';
import { AwakeClock } from '../../watch/awake-clock.ts';
import type { Call } from '../calls/call.ts';
import type { JobFiles } from '../job-files.ts';
import { holdActionOf, type Retry, wantedRetry } from '../submit/retry.ts';
import { type Job, type JobEnd, newJob } from './job.ts';
import { postMortem } from './post-mortem.ts';
import {
  firstError,
  hasFailed,
  isOpen,
  lostError,
  type Outcome,
  patienceWith,
  readOutcome,
  settle,
  unreadableError,
} from './results.ts';
import { StatusPoll } from './status-poll.ts';

/** How many outcomes are read at once: each takes a file descriptor. */
const READS_AT_ONCE = 32;

/** Brings outcomes and events, in whatever order they come, together with the calls that wait for them. */
export class Tracker {
  readonly #host: TrackerHost;
  readonly #silence: StatusPoll;
  readonly #clock: AwakeClock;
  readonly #reads = new Slots(READS_AT_ONCE);
  /** Jobs whose files are not removed yet, by key and by id. */
  readonly #byKey = new Map<string, Job>();
  readonly #byId = new Map<string, Job>();
  /** Those that have ended, or are held, and whose outcome may still come. */
  readonly #ending = new Set<Job>();
  /** Those that have left the queue, and whose files are being removed. */
  readonly #gone = new Set<Job>();
  /** Events of jobs whose ids are not known yet: a job may end before condor_submit has answered. */
  readonly #early = new Map<string, JobEvent[]>();

  constructor(host: TrackerHost) {
    this.#host = host;
    this.#clock = new AwakeClock(host.outcomeGrace);
    this.#silence = new StatusPoll(
      host.system,
      (event) => this.onEvent(event),
      (job) => this.#onEnd(job, { kind: 'lost', jobId: job.jobId }),
    );
  }

  /** How many jobs have not left the queue, as far as is known. */
  get size(): number {
    return this.#byId.size - this.#gone.size;
  }

  /** A call's job is in the queue; `submission` if an earlier process has asked for it. */
  track(call: Call, jobId: string, submission?: number): void {
    const job = newJob(call, jobId, submission);
    call.jobId = jobId;
    this.#byKey.set(job.key, job);
    this.#byId.set(jobId, job);
    this.#silence.onHeard();
    if (call.isUnwanted) {
      this.#host.removeJob(jobId);
      this.#settled(job, false);
    }
    for (const event of this.#early.get(jobId) ?? []) this.onEvent(event);
    this.#early.delete(jobId);
    // It may have been told before the job was known.
    this.#host.lookForOutcomes();
  }

  /** As {@link track}, for a job that has begun, and of which the batch system knows nothing. */
  trackLost(call: Call): void {
    const jobId = call.jobId ?? `lost.${call.key}`;
    this.track(call, jobId);
    this.#onEnd(this.#byId.get(jobId) as Job, { jobId, kind: 'lost' });
  }

  /** Asks the batch system soon, rather than when nothing has been heard for long. */
  ask(): void {
    this.#silence.askSoon();
  }

  onCancel(call: Call): void {
    const job = call.jobId === undefined ? undefined : this.#byId.get(call.jobId);
    if (job === undefined || job.phase !== 'open') return;
    this.#host.removeJob(job.jobId);
    this.#settled(job, false);
  }

  onOutcome(key: string): void {
    const job = this.#byKey.get(key);
    if (job !== undefined) this.#read(job);
  }

  onEvent(event: JobEvent): void {
    this.#silence.onHeard();
    const job = this.#byId.get(event.jobId);
    if (job === undefined) return this.#onStranger(event);
    // Told twice, while its files are being removed.
    if (job.phase === 'gone') return;
    job.missing = 0;
    job.memoryUsed = Math.max(event.memoryUsed ?? 0, job.memoryUsed ?? 0) || undefined;
    job.memoryRequested = event.memoryRequested ?? job.memoryRequested;
    switch (event.kind) {
      case 'queued':
      case 'evicted':
      case 'running':
        return this.#onAlive(job, event);
      case 'held':
      case 'removed':
      case 'ended':
        return this.#onEnd(job, event);
      default: // it goes on as it was
    }
  }

  /** Forgets all jobs: another process looks after them from now on. */
  abandon(): void {
    for (const job of this.#byId.values()) job.phase = 'gone';
    for (const jobs of [this.#byId, this.#byKey, this.#ending, this.#gone]) jobs.clear();
  }

  /** Looks after the jobs that time alone can settle. */
  onTick(): void {
    this.#clock.check();
    const now = this.#clock.now();
    // A network filesystem may open by name what it does not list yet.
    for (const job of this.#ending) this.#read(job, now >= job.deadline);
    this.#silence.onTick(this.#byId.values());
  }

  /** The job set's directory is gone: nothing can come of its jobs any more. */
  onDirectoryLost(cause: unknown): void {
    for (const job of this.#byId.values()) {
      if (job.phase === 'gone') continue;
      this.#byId.delete(job.jobId);
      this.#byKey.delete(job.key);
      this.#ending.delete(job);
      this.#host.removeJob(job.jobId);
      if (job.phase === 'open') {
        job.phase = 'gone';
        // Not tried again: the call itself was in there.
        job.call.controller.reject(lostError(this.#host.jobSet.directory, cause));
      }
    }
  }

  /** An event of a job that is gone, or whose id is not known yet. */
  #onStranger(event: JobEvent): void {
    if (!this.#host.isSubmitting()) return this.#early.clear();
    this.#early.set(event.jobId, [...(this.#early.get(event.jobId) ?? []), event]);
  }

  #onAlive(job: Job, event: Extract<JobEvent, { kind: 'queued' | 'evicted' | 'running' }>): void {
    job.end = undefined;
    job.evicted = event.kind === 'evicted' || (job.evicted && event.kind === 'queued');
    this.#ending.delete(job);
    if (job.phase !== 'open') return;
    if (event.kind === 'running' && event.host !== undefined) {
      job.call.host = event.host;
      job.call.machine = event.host;
    }
    job.call.setState(event.kind === 'running' ? 'running' : 'pending');
  }

  #onEnd(job: Job, end: JobEnd): void {
    if (job.end !== undefined && end.kind === 'held') return;
    // What was removed on purpose stays so, although its process has ended too.
    if (job.end?.kind === 'removed' && end.kind !== 'removed') return;
    job.end = end;
    if (job.phase === 'settled') return this.#leave(job, end);
    if (end.kind === 'held' && end.requested === true) {
      // Until its future releases it; an outcome that it has left all the same counts.
      job.deadline = Infinity;
      job.call.setState('pending');
      return this.onOutcome(job.key);
    }
    job.deadline = this.#clock.now() + this.#host.outcomeGrace;
    this.#ending.add(job);
    this.onOutcome(job.key);
  }

  /** @param isLast what is not there by then will not come */
  #read(job: Job, isLast: boolean = false): void {
    if (job.phase !== 'open' || job.reading) return;
    job.reading = true;
    this.#reads.run(async () => {
      await this.#look(job);
      if (isLast) await this.#giveUp(job);
      job.reading = false;
    });
  }

  async #look(job: Job): Promise<void> {
    try {
      const outcome = await readOutcome(this.#host, job);
      // A filesystem that was away may take a moment to show it.
      if (job.trouble !== undefined)
        job.deadline = Math.max(job.deadline, this.#clock.now() + this.#host.outcomeGrace);
      job.trouble = undefined;
      if (outcome !== undefined) this.#onResults(job, outcome);
    } catch (error) {
      if (error instanceof OwnershipError || error instanceof PayloadError) {
        this.#host.system.onOutcome?.(job.jobId, undefined);
        this.#fail(job, error);
      }
      // Anything else is the filesystem's, and may pass.
      else job.trouble = error as Error;
    }
  }

  #onResults(job: Job, { bytes, results }: Outcome): void {
    this.#host.onStarted();
    if (results.every(hasFailed) && this.#retries(job, firstError(results))) return;
    const failed = results.some(hasFailed);
    settle(job.call, results);
    if (!this.#host.files.keeps(failed)) {
      job.archived = archiveOutcome(this.#host.archive, job.call, bytes);
    }
    this.#settled(job, failed);
  }

  /**
   * The time for an outcome is over, and it has been looked for once more: fails the call with how its job
   * ended.
   */
  async #giveUp(job: Job): Promise<void> {
    // Meanwhile it may have begun again, and ended again.
    if (job.phase !== 'open' || job.end === undefined || this.#clock.now() < job.deadline) return;
    const { jobSet, files } = this.#host;
    if (job.trouble !== undefined) {
      if (this.#clock.now() < job.deadline + patienceWith(job.trouble)) return;
      return this.#fail(job, unreadableError(outcomeFile(jobSet.directory, job.key), job.trouble));
    }
    if (this.#staysHeld(job, job.end)) return;
    const { error, beforeCall, turnedAway } = await postMortem(jobSet, files, job, job.end);
    if (job.phase !== 'open' || job.end === undefined) return;
    if (turnedAway) {
      // It does not count as an attempt of its call.
      job.call.growths += 1;
      return this.#resubmit(job, { delay: 0, avoidHost: 0, memory: undefined });
    }
    this.#fail(job, error);
    if (beforeCall) this.#host.onCouldNotStart(error);
  }

  /** @returns whether a held job keeps its call, as its options want it */
  #staysHeld(job: Job, end: JobEnd): boolean {
    if (end.kind !== 'held') return false;
    const action = holdActionOf(job.call.options, end.code, job.releases);
    if (action === 'fail') return false;
    job.end = undefined;
    this.#ending.delete(job);
    job.call.setState('pending');
    if (action === 'release') {
      job.releases += 1;
      this.#host.releaseJob(job.jobId);
    }
    return true;
  }

  #fail(job: Job, error: unknown): void {
    if (job.phase !== 'open' || this.#retries(job, error)) return;
    job.call.controller.reject(error);
    this.#settled(job, true);
  }

  /** Sends the call on its way again, if it has tries left. */
  #retries(job: Job, error: unknown): boolean {
    const { call } = job;
    // What somebody has removed on purpose is not brought back.
    if (job.end?.kind === 'removed' && job.end.byPolicy !== true) return false;
    const retry = wantedRetry(call.options, call, error);
    // Its policy has cancelled the call.
    if (!isOpen(job)) return true;
    if (retry === undefined) return false;
    this.#resubmit(job, retry);
    return true;
  }

  /** Submits another job for the call, in place of this one. */
  #resubmit(job: Job, retry: Retry): void {
    const { call } = job;
    call.jobId = undefined;
    call.setState('pending');
    job.archived = this.#host.resubmit(call, retry);
    job.archived.catch(() => {});
    this.#settled(job, false);
  }

  #settled(job: Job, failed: boolean): void {
    job.phase = 'settled';
    if (this.#host.files.keeps(failed)) this.#host.files.keep(job);
    this.#ending.delete(job);
    if (job.end !== undefined) this.#leave(job, job.end);
  }

  /**
   * The call needs the job no more, and the job has ended, or is held: then it stays in the queue until it is
   * removed.
   */
  #leave(job: Job, end: JobEnd): void {
    if (end.kind === 'held') this.#host.removeJob(job.jobId);
    else this.#onGone(job);
  }

  #onGone(job: Job): void {
    if (job.phase === 'gone') return;
    job.phase = 'gone';
    this.#byKey.delete(job.key);
    this.#gone.add(job);
    this.#host.onGone();
    this.#host.files.remove(job, () => {
      this.#byId.delete(job.jobId);
      this.#gone.delete(job);
    });
  }
}

/** What the tracker of a job set's jobs needs, and whom it tells. */
export interface TrackerHost {
  readonly system: BatchSystem;
  readonly jobSet: JobSet;
  readonly files: JobFiles;
  readonly archive: Archive;
  /** How long an outcome may stay invisible after its job has ended, in milliseconds. */
  readonly outcomeGrace: number;
  /** How to treat functions in results that another major version of Node sent. */
  readonly otherNode: OtherNode;
  /** Whether there may be jobs whose ids are still to come. */
  isSubmitting(): boolean;
  /** Tells soon which outcomes are there. */
  lookForOutcomes(): void;
  removeJob(jobId: string): void;
  /** A held job is to run after all. */
  releaseJob(jobId: string): void;
  /** A call that failed wants another job; resolves when that is written down. */
  resubmit(call: Call, retry: Retry): Promise<void>;
  /** A job has come as far as its call. */
  onStarted(): void;
  /** A job has ended before it came to its call. */
  onCouldNotStart(error: JobError): void;
  /** A job has left the queue. */
  onGone(): void;
}

/**
 * Done when the outcome of a call is in the archive; that is looked at when its job has left the queue, which
 * may be much later.
 */
export function archiveOutcome(archive: Archive, call: Call, bytes: Uint8Array): Promise<void> {
  const archived = archive.add({ call: call.index, kind: 'outcome', bytes }).then((at) => {
    call.archivedAt = at;
  });
  archived.catch(() => {});
  return archived;
}
