import type { AvoidedHost, JobEvent } from '../batch/batch-system.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import type { Assignment } from '../job-set/worker-inbox.ts';
import { longerHorizon } from './assignment-policy.ts';

/** Workers with the same submit options, and the pending calls that any of them can run. */
export class Pool {
  readonly submit: SubmitOptions;
  readonly workers: Set<Worker> = new Set();
  /** Mean duration of its calls in milliseconds; undefined before the first has ended. */
  meanDuration: number | undefined;
  /** How much work a worker is assigned ahead, in milliseconds. */
  horizon: number = 200;
  /** Machines on which pending calls have failed: new workers should run elsewhere. */
  avoid: readonly AvoidedHost[] = [];
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

/**
 * A job that runs many calls. `queued`: not started; `ready`: accepts calls; `suspended`; `closing`: gets no
 * more calls and will end; `ended`: its process is gone.
 */
export interface Worker {
  readonly number: number;
  readonly pool: Pool;
  /** Undefined until the batch system has returned it. */
  jobId: string | undefined;
  phase: 'queued' | 'ready' | 'suspended' | 'closing' | 'ended';
  host: string | undefined;
  /** Its unfinished calls by assignment number, in the order in which it runs them. */
  readonly assigned: Map<number, WarmCall>;
  lastAssignment: number;
  /** Number of calls that it has finished. */
  finished: number;
  /** Time by performance.now() of the last sign of progress, or of an assignment while it had none. */
  progressAt: number;
  /** How many times in a row the batch system did not know its job. */
  timesUnknown: number;
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Resolves when all lines appended to its inbox are written. */
  writing: Promise<void>;
}

export function newWorker(number: number, pool: Pool): Worker {
  return {
    number,
    pool,
    jobId: undefined,
    phase: 'queued',
    host: undefined,
    assigned: new Map(),
    lastAssignment: 0,
    finished: 0,
    progressAt: performance.now(),
    timesUnknown: 0,
    memoryUsed: undefined,
    memoryRequested: undefined,
    writing: Promise.resolve(),
  };
}

/** How a worker left the queue. */
export type WorkerEnd =
  | Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' | 'evicted' }>
  | { readonly kind: 'lost'; readonly jobId: string };

/** The call that a worker is running, or will run next. */
export function currentCall({ assigned }: Worker): WarmCall | undefined {
  for (const call of assigned.values()) return call;
  return undefined;
}

/**
 * A call that a worker runs; the executor sees it as a job. `pending`: in its pool's queue; `assigned`: in a
 * worker's inbox; `running`: seen to have started there; `settled`: its last event was emitted.
 */
export interface WarmCall {
  readonly id: string;
  readonly key: string;
  readonly location: Omit<Assignment, 'number' | 'key'>;
  readonly pool: Pool;
  readonly queuedAt: Date;
  state: 'pending' | 'assigned' | 'running' | 'settled';
  worker: Worker | undefined;
  /** Number of the assignment to {@link worker}. */
  assignment: number;
  startedAt: Date | undefined;
  /** How often it was withdrawn from a worker, or lost one, and became pending again. */
  reassignments: number;
  /** How many workers died while they ran it. */
  workerDeaths: number;
  /** It was cancelled, and its worker is being ended. */
  isRemoving: boolean;
}

export function newCall(id: string, key: string, location: WarmCall['location'], pool: Pool): WarmCall {
  return {
    id,
    key,
    location,
    pool,
    queuedAt: new Date(),
    state: 'pending',
    worker: undefined,
    assignment: 0,
    startedAt: undefined,
    reassignments: 0,
    workerDeaths: 0,
    isRemoving: false,
  };
}

/** The job id of a call; it stays the same whichever worker runs the call. */
export function callId(key: string): string {
  return `call.${key}`;
}
