import { OwnershipError, PayloadError } from '../../base/errors.ts';
import { Slots } from '../../base/fifo.ts';
import { JobError } from '../../base/job-errors.ts';
import { showCaller } from '../../base/program-frames.ts';
import type { BatchSystem, JobEvent, LostJob } from '../../batch/batch-system.ts';
import { EarlyEvents, hasLeftQueue, ID_GIVEN_AGAIN, type LifeEvent, nextLife } from '../../batch/job-life.ts';
import type { Archive } from '../../job-set/archive.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { outcomeFile } from '../../job-set/names.ts';
import type { OtherNode } from '../../payload/format.ts';
import { AwakeClock } from '../../watch/awake-clock.ts';
import { type CallRecords, summarize } from '../../watch/call-records.ts';
import type { Call } from '../calls/call.ts';
import type { JobFiles } from '../job-files.ts';
import { decideHoldAction, type Retry, decideRetry } from '../submit/retry.ts';
import { isOpen, type Job, newJob } from './job.ts';
import { postMortem } from './post-mortem.ts';
import {
  firstError,
  hasFailed,
  directoryLostError,
  type Outcome,
  retryTimeFor,
  readOutcome,
  settle,
  unreadableError,
} from './results.ts';
import { StatusPoll } from './status-poll.ts';

/** Limited, because each read takes a file descriptor. */
const READS_AT_ONCE = 32;

/** Settles calls from outcomes and job events, in any order in which these arrive. */
export class Tracker {
  readonly #tracked: TrackedJobSet;
  readonly #host: TrackerHost;
  readonly #statusPoll: StatusPoll<Job>;
  readonly #clock: AwakeClock;
  readonly #reads = new Slots(READS_AT_ONCE);
  /** Jobs whose files have not been deleted. */
  readonly #jobs = new Set<Job>();
  readonly #jobsByKey = new Map<string, Job>();
  readonly #jobsById = new Map<string, Job>();
  /** Jobs that ended or are held and may still deliver an outcome. */
  readonly #endingJobs = new Set<Job>();
  /** Jobs that have left the queue, while their files are being deleted. */
  readonly #departedJobs = new Set<Job>();
  /** Events by job id that arrived before condor_submit has returned the id. */
  readonly #earlyEvents = new EarlyEvents();

  constructor(tracked: TrackedJobSet, host: TrackerHost) {
    this.#tracked = tracked;
    this.#host = host;
    this.#clock = new AwakeClock(tracked.outcomeGrace);
    this.#statusPoll = new StatusPoll(
      tracked.system,
      tracked.jobSet.id,
      (event) => this.onEvent(event),
      (job) => this.#apply(job, { kind: 'missing', jobId: job.jobId }),
    );
  }

  /** Number of jobs that are not known to have left the queue. */
  get size(): number {
    return this.#jobs.size - this.#departedJobs.size;
  }

  /**
   * Tracks a call's job, which is in the queue.
   * @param submission its submission, if an earlier process has submitted it
   */
  track(call: Call, jobId: string, submission?: number): void {
    const job = newJob(call, jobId, submission);
    const known = this.#jobsById.get(jobId);
    call.jobId = jobId;
    this.#jobs.add(job);
    this.#jobsByKey.set(job.key, job);
    // If a schedd that was set up anew has given an id again, it belongs to the later submission.
    const isOutdated = known !== undefined && (known.submission ?? Infinity) > (submission ?? Infinity);
    if (!isOutdated) this.#jobsById.set(jobId, job);
    const lost = isOutdated ? job : known;
    if (lost !== undefined) this.#apply(lost, { jobId, kind: 'lost', reason: ID_GIVEN_AGAIN });
    this.#statusPoll.onHeard();
    if (call.isUnwanted) this.#abandonJob(job);
    for (const event of this.#earlyEvents.take(jobId)) this.onEvent(event);
    // Its outcome may have been noticed before the job was tracked.
    this.#tracked.lookForOutcomes();
  }

  /** Tracks a job that has started, but that the batch system does not know. */
  trackLost(call: Call): void {
    const jobId = call.jobId ?? `lost.${call.key}`;
    this.track(call, jobId);
    this.#apply(this.#jobsById.get(jobId) as Job, { jobId, kind: 'lost' });
  }

  /** Polls the batch system at the next tick. */
  poll(): void {
    this.#statusPoll.pollSoon();
  }

  onCancel(call: Call): void {
    const job = this.#jobsByKey.get(call.key);
    if (job !== undefined && isOpen(job)) this.#abandonJob(job);
  }

  onOutcome(key: string): void {
    const job = this.#jobsByKey.get(key);
    if (job !== undefined) this.#read(job);
  }

  onEvent(event: JobEvent | LostJob): void {
    this.#statusPoll.onHeard();
    const job = this.#jobsById.get(event.jobId);
    if (job !== undefined) this.#apply(job, event);
    // Its id may not be known yet, or it has been finished.
    else if (this.#host.isSubmitting() && event.kind !== 'lost') this.#earlyEvents.keep(event);
    else this.#earlyEvents.clear();
  }

  /** Stops tracking all jobs, because another process takes them over. */
  abandon(): void {
    for (const job of this.#jobs) job.isGone = true;
    for (const jobs of [this.#jobs, this.#endingJobs, this.#departedJobs]) jobs.clear();
    for (const jobs of [this.#jobsById, this.#jobsByKey]) jobs.clear();
  }

  /** Fails jobs whose grace is over, and polls the batch system when due. */
  onTick(): void {
    this.#clock.check();
    const now = this.#clock.now();
    // Reads by name, because a network file system may open files that it does not list yet.
    for (const job of this.#endingJobs) this.#read(job, now >= job.life.deadline);
    this.#statusPoll.onTick([...this.#jobs].filter(({ isGone }) => !isGone));
  }

  /** Fails all calls, because the job set's directory has been deleted. */
  onDirectoryLost(cause: unknown): void {
    for (const job of this.#jobs) {
      if (job.isGone) continue;
      this.#forget(job);
      this.#jobsByKey.delete(job.key);
      this.#endingJobs.delete(job);
      if (!hasLeftQueue(job.life)) this.#host.removeJob(job.jobId, this.#tracked.jobSet.id);
      // Not retried, because the call's input was in the directory.
      if (isOpen(job)) job.call.controller.reject(directoryLostError(this.#tracked.jobSet.directory, cause));
      job.isGone = true;
    }
  }

  #apply(job: Job, event: LifeEvent): void {
    // A repeated event, while its files are being deleted.
    if (job.isGone) return;
    const { life, call } = job;
    job.life = nextLife(life, event, this.#clock.now(), this.#tracked.outcomeGrace);
    const { state, end, deadline, host } = job.life;
    if (deadline === Infinity) this.#endingJobs.delete(job);
    else if (isOpen(job)) this.#endingJobs.add(job);
    const isSame = state === life.state && end === life.end && host === life.host;
    if (isSame) return;
    switch (state) {
      case 'settled':
        // A held job of a settled call is removed from the queue; another one is waited for.
        if (hasLeftQueue(job.life)) this.#onGone(job);
        else if (end !== undefined) this.#host.removeJob(job.jobId, this.#tracked.jobSet.id);
        return;
      case 'running':
        if (host !== undefined) call.host = call.machine = host;
        return call.setState('running');
      case 'queued':
        return call.setState('pending');
      case 'held':
        // It waits until it is released; an outcome that it has left counts.
        if (deadline === Infinity) call.setState('pending');
        return this.onOutcome(job.key);
      default:
        this.onOutcome(job.key);
    }
  }

  /** @param isLast whether the job fails if there is no outcome now */
  #read(job: Job, isLast: boolean = false): void {
    if (!isOpen(job) || job.isReading) return;
    job.isReading = true;
    this.#reads.run(async () => {
      await this.#readOutcome(job);
      if (isLast) await this.#failWithoutOutcome(job);
      job.isReading = false;
    });
  }

  async #readOutcome(job: Job): Promise<void> {
    try {
      const outcome = await readOutcome(this.#tracked, job);
      // A file system that has just recovered may take a moment to show the outcome.
      if (job.readError !== undefined) this.#apply(job, { kind: 'readable' });
      job.readError = undefined;
      if (outcome !== undefined) this.#onResults(job, outcome);
    } catch (error) {
      if (error instanceof OwnershipError || error instanceof PayloadError) {
        this.#tracked.system.onOutcome?.(job.jobId, undefined);
        this.#fail(job, error);
      }
      // Errors of the file system may be temporary.
      else job.readError = error as Error;
    }
  }

  #onResults(job: Job, { bytes, outcome, results }: Outcome): void {
    this.#host.onStarted();
    this.#tracked.calls?.onOutcome(job.key, summarize(outcome));
    if (results.every(hasFailed) && this.#retries(job, firstError(results))) return;
    const failed = results.some(hasFailed);
    settle(job.call, results);
    if (!this.#tracked.files.keeps(failed)) {
      job.archived = archiveOutcome(this.#tracked.archive, job.call, bytes);
    }
    this.#onSettled(job, failed);
  }

  /** Fails the call of a job that has left no outcome within the grace, by the way in which the job ended. */
  async #failWithoutOutcome(job: Job): Promise<void> {
    // The job may have restarted, and ended again, during the read.
    if (!isOpen(job) || this.#clock.now() < job.life.deadline) return;
    const { jobSet, files } = this.#tracked;
    if (job.readError !== undefined) {
      if (this.#clock.now() < job.life.deadline + retryTimeFor(job.readError)) return;
      return this.#fail(job, unreadableError(outcomeFile(jobSet.directory, job.key), job.readError));
    }
    if (this.#handleHold(job)) return;
    this.#apply(job, { kind: 'passed' });
    const { end } = job.life;
    if (end === undefined) return;
    const { error, beforeCall, wasTurnedAway } = await postMortem(jobSet, files, job, end);
    if (!isOpen(job) || job.life.end === undefined) return;
    if (wasTurnedAway) {
      // It does not count as an attempt of its call.
      job.call.growths += 1;
      return this.#resubmit(job, { delay: 0, avoidHost: 0, memory: undefined });
    }
    this.#fail(job, error);
    if (beforeCall) this.#host.onCouldNotStart(error);
  }

  /** @returns whether a held job keeps its call, because of the option `onHold` */
  #handleHold(job: Job): boolean {
    const { end } = job.life;
    if (end?.kind !== 'held') return false;
    const action = decideHoldAction(job.call.options, end.code, job.releases);
    if (action === 'fail') return false;
    this.#apply(job, { kind: action === 'release' ? 'released' : 'kept' });
    job.call.setState('pending');
    if (action === 'release') {
      job.releases += 1;
      this.#host.releaseJob(job.jobId, this.#tracked.jobSet.id);
    }
    return true;
  }

  #fail(job: Job, error: unknown): void {
    if (!isOpen(job) || this.#retries(job, error)) return;
    if (error instanceof JobError) showCaller(error, job.call.caller);
    job.call.controller.reject(error);
    this.#onSettled(job, true);
  }

  /** Retries the call, if its policy allows. */
  #retries(job: Job, error: unknown): boolean {
    const { call, life } = job;
    // A job that was removed on purpose is not retried.
    if (life.end?.kind === 'removed' && life.end.byPolicy !== true) return false;
    const retry = decideRetry(call.options, call, error);
    // The policy itself may have cancelled the call.
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
    this.#onSettled(job, false);
  }

  /** Removes the job of a call that needs none any more. */
  #abandonJob(job: Job): void {
    // A held job is removed as one whose call is settled.
    if (job.life.end === undefined) this.#host.removeJob(job.jobId, this.#tracked.jobSet.id);
    this.#onSettled(job, false);
  }

  #onSettled(job: Job, failed: boolean): void {
    if (this.#tracked.files.keeps(failed)) this.#tracked.files.keep(job);
    this.#endingJobs.delete(job);
    this.#apply(job, { kind: 'settled' });
  }

  #onGone(job: Job): void {
    job.isGone = true;
    this.#jobsByKey.delete(job.key);
    this.#departedJobs.add(job);
    this.#host.onGone();
    this.#tracked.files.remove(job, () => {
      this.#forget(job);
      this.#departedJobs.delete(job);
    });
  }

  #forget(job: Job): void {
    this.#jobs.delete(job);
    // Its id may belong to a later job by now.
    if (this.#jobsById.get(job.jobId) === job) this.#jobsById.delete(job.jobId);
  }
}

/** The job set of a tracker. */
export interface TrackedJobSet {
  readonly system: BatchSystem;
  readonly jobSet: JobSet;
  readonly files: JobFiles;
  readonly archive: Archive;
  /** Time in milliseconds for which an outcome may stay invisible after its job has ended. */
  readonly outcomeGrace: number;
  /** Whether to refuse functions in results of another major version of Node. */
  readonly otherNode: OtherNode;
  /** Records of the calls, for those who read the same job set, if it belongs to a map. */
  readonly calls: Pick<CallRecords, 'onOutcome'> | undefined;
  /** Looks for outcomes soon. */
  lookForOutcomes(): void;
}

/** Receives the events of a job set, and acts on its jobs. */
export interface TrackerHost {
  /** Whether there may be jobs whose ids are not known yet. */
  isSubmitting(): boolean;
  removeJob(jobId: string, jobSetId: string): void;
  releaseJob(jobId: string, jobSetId: string): void;
  /** Submits another job for a failed call; resolves when that is journaled. */
  resubmit(call: Call, retry: Retry): Promise<void>;
  /** A job has run its call. */
  onStarted(): void;
  /** A job has ended before its call started. */
  onCouldNotStart(error: JobError): void;
  /** A job has left the queue. */
  onGone(): void;
  /** The directory has been deleted; its calls have failed. */
  onLost(): void;
}

/** Archives an outcome. A rejection is handled when the job has left the queue, which may be much later. */
function archiveOutcome(archive: Archive, call: Call, bytes: Uint8Array): Promise<void> {
  const archived = archive.add({ call: call.index, kind: 'outcome', bytes }).then((at) => {
    call.archivedAt = at;
  });
  archived.catch(() => {});
  return archived;
}
