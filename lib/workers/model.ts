import type { AvoidedMachine, BatchSystem, JobBatch, JobEvent } from '../batch/batch-system.ts';
import { type JobEnd, type JobLife, type LifeEvent, NEW_LIFE, nextLife } from '../batch/job-life.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import type { Assignment } from '../job-set/worker-inbox.ts';
import { longerHorizon } from './assignment-policy.ts';
import type { ResolvedWorkers } from './worker-options.ts';

/** The batch system, job set and options of workers. */
export interface WorkerSetup {
  readonly inner: BatchSystem;
  readonly jobSet: JobBatch['jobSet'];
  /** The current directory of the jobs. */
  readonly cwd: string;
  readonly options: ResolvedWorkers;
  /** How long an outcome may stay invisible after its worker has ended, in milliseconds. */
  readonly grace: number;
}

/** Workers with the same submit options, and the pending calls that any of them can run. */
export class Pool {
  readonly submit: SubmitOptions;
  readonly workers: Set<Worker> = new Set();
  /** Mean duration of its calls in milliseconds; undefined before the first has ended. */
  meanDuration: number | undefined;
  /** How much work a worker is assigned ahead, in milliseconds. */
  horizon: number = 200;
  /** Machines on which pending calls have failed: new workers should run elsewhere. */
  avoid: readonly AvoidedMachine[] = [];
  /** Pending submission of workers; undefined if there is none. */
  submitting: Promise<void> | undefined;
  /**
   * Upper limit of workers per submission: halved when the batch system refuses so many, doubled when it
   * accepts them.
   */
  submitLimit: number = Infinity;
  /** Time by performance.now() before which no worker is submitted, because the last submission failed. */
  pauseUntil = 0;
  #pendingCalls = new Set<WarmCall>();

  constructor(submit: SubmitOptions) {
    this.submit = submit;
  }

  /** Number of pending calls. */
  get pending(): number {
    return this.#pendingCalls.size;
  }

  add(call: WarmCall): void {
    this.#pendingCalls.add(call);
  }

  /** Adds calls in front of all others, because they have been pending before. */
  addFirst(calls: readonly WarmCall[]): void {
    this.#pendingCalls = new Set([...calls, ...this.#pendingCalls]);
  }

  remove(call: WarmCall): void {
    this.#pendingCalls.delete(call);
  }

  /** Removes the next calls from the pending ones, `count` at most, and returns them. */
  take(count: number): WarmCall[] {
    const calls: WarmCall[] = [];
    for (const call of this.#pendingCalls) {
      if (calls.length >= count) break;
      this.#pendingCalls.delete(call);
      calls.push(call);
    }
    return calls;
  }

  /** The pending calls in their order. */
  list(): WarmCall[] {
    return [...this.#pendingCalls];
  }

  /** A worker had run out of calls while others were pending. */
  onDrained(): void {
    this.horizon = longerHorizon(this.horizon);
  }

  /** Adds the duration of a call, in milliseconds, to the mean. */
  recordDuration(duration: number): void {
    const weight = this.meanDuration === undefined ? 1 : 0.2;
    this.meanDuration = (this.meanDuration ?? 0) * (1 - weight) + Math.max(duration, 0) * weight;
  }
}

/** A job that runs many calls. */
export class Worker {
  readonly number: number;
  readonly pool: Pool;
  /** Undefined until the batch system has returned it. */
  jobId: string | undefined;
  life: JobLife = NEW_LIFE;
  /** Whether it gets no more calls and will end. */
  isClosing = false;
  /** Whether its process is gone. */
  hasEnded = false;
  /** Its unfinished calls by assignment number, in the order in which it runs them. */
  readonly assigned: Map<number, WarmCall> = new Map();
  lastAssignment = 0;
  /** Number of calls that it has finished. */
  finished = 0;
  /** Time by performance.now() of the last sign of progress, or of an assignment while it had none. */
  progressAt: number = performance.now();
  /** Resolves when all lines appended to its inbox are written. */
  writing: Promise<void> = Promise.resolve();

  constructor(number: number, pool: Pool) {
    this.number = number;
    this.pool = pool;
  }

  /** `queued`: not started; `ready`: accepts calls. */
  get phase(): 'queued' | 'ready' | 'suspended' | 'closing' | 'ended' {
    if (this.hasEnded) return 'ended';
    if (this.isClosing) return 'closing';
    if (this.life.activity === 'suspended') return 'suspended';
    return this.life.state === 'running' ? 'ready' : 'queued';
  }

  /** Applies an event of its job. No grace, because the ending of a worker has one for each of its calls. */
  apply(event: LifeEvent): void {
    this.life = nextLife(this.life, event, performance.now(), 0);
  }
}

/** How a worker left the queue, or its machine. */
export type WorkerEnd = JobEnd | Extract<JobEvent, { kind: 'evicted' }>;

/** The call that a worker is running, or will run next. */
export function currentCall({ assigned }: Worker): WarmCall | undefined {
  for (const call of assigned.values()) return call;
  return undefined;
}

/** A call that a worker runs; the executor sees it as a job. */
export class WarmCall {
  readonly id: string;
  readonly key: string;
  readonly location: Omit<Assignment, 'number' | 'key'>;
  readonly pool: Pool;
  readonly queuedAt: Date = new Date();
  life: JobLife = NEW_LIFE;
  /** The worker to which it is assigned, or the one that has run it. */
  worker: Worker | undefined;
  /** Number of the assignment to {@link worker}. */
  assignment = 0;
  startedAt: Date | undefined;
  endedAt: Date | undefined;
  /** How often it was withdrawn from a worker, or lost one, and became pending again. */
  reassignments = 0;
  /** How many workers died while they ran it. */
  workerDeaths = 0;
  /** It was cancelled, and its worker is being ended. */
  isRemoving = false;

  constructor(key: string, location: WarmCall['location'], pool: Pool) {
    this.id = callId(key);
    this.key = key;
    this.location = location;
    this.pool = pool;
  }

  /** `pending`: in its pool's queue; `assigned`: in a worker's inbox; `settled`: its last event was emitted. */
  get state(): 'pending' | 'assigned' | 'running' | 'settled' {
    const { state, end } = this.life;
    if (state === 'settled' || end !== undefined) return 'settled';
    if (state === 'running') return 'running';
    return this.worker === undefined ? 'pending' : 'assigned';
  }
}

/** The job id of a call; it stays the same whichever worker runs the call. */
export function callId(key: string): string {
  return `call.${key}`;
}
