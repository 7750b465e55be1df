import type { AvoidedHost, JobEvent } from '../batch/batch-system.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import type { Assignment } from '../job-set/worker-inbox.ts';
import { longerHorizon } from './assignment-policy.ts';

/** Workers that were submitted alike, and the calls that any of them can make. */
export class Pool {
  readonly submit: SubmitOptions;
  readonly workers: Set<Worker> = new Set();
  /** How long its calls take, on average, in milliseconds; undefined before the first. */
  meanDuration: number | undefined;
  /** How much work a worker gets ahead, in milliseconds. */
  horizon: number = 200;
  /** Machines that the calls that wait would rather not meet again. */
  avoid: readonly AvoidedHost[] = [];
  /** Set while workers are being submitted; resolves when that is over. */
  starting: Promise<void> | undefined;
  /** How many are submitted together at the most: fewer once more were refused, and more again as they are taken. */
  atOnce: number = Infinity;
  /** By performance.now(): before it nothing is submitted, as the last time that failed. */
  pauseUntil = 0;
  /** Calls that wait, in their order. */
  #queue = new Set<WarmCall>();

  constructor(submit: SubmitOptions) {
    this.submit = submit;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(call: WarmCall): void {
    this.#queue.add(call);
  }

  /** Before all others, as they have waited before. */
  addFirst(calls: readonly WarmCall[]): void {
    this.#queue = new Set([...calls, ...this.#queue]);
  }

  /** A call does not wait here any more. */
  drop(call: WarmCall): void {
    this.#queue.delete(call);
  }

  /** The next calls, `count` at the most; they do not wait any more. */
  take(count: number): WarmCall[] {
    const taken: WarmCall[] = [];
    for (const call of this.#queue) {
      if (taken.length >= count) break;
      this.#queue.delete(call);
      taken.push(call);
    }
    return taken;
  }

  /** All that wait, in their order. */
  list(): WarmCall[] {
    return [...this.#queue];
  }

  /** A worker had nothing to do while calls waited. */
  onDrained(): void {
    this.horizon = longerHorizon(this.horizon);
  }

  /** A call took so long. */
  measure(duration: number): void {
    const weight = this.meanDuration === undefined ? 1 : 0.2;
    this.meanDuration = (this.meanDuration ?? 0) * (1 - weight) + Math.max(duration, 0) * weight;
  }
}

/**
 * A job that makes many calls. `queued`: it has not begun; `ready`: it takes calls; `suspended`; `closing`: it gets no more calls and is to
 * end; `ended`: its process is no more.
 */
export interface Worker {
  readonly number: number;
  readonly pool: Pool;
  /** Of the job that it is; undefined until the batch system has told. */
  jobId: string | undefined;
  phase: 'queued' | 'ready' | 'suspended' | 'closing' | 'ended';
  host: string | undefined;
  /** What it has been given and has not finished as far as is known, by number, in the order in which it makes them. */
  readonly assigned: Map<number, WarmCall>;
  lastAssignment: number;
  /** How many calls it has finished. */
  finished: number;
  /** When something was heard of its calls, or it got one while it had none; by performance.now(). */
  progressAt: number;
  /** How many times in a row the batch system did not know it. */
  missing: number;
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Resolves when all that was appended to its inbox is there. */
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
    missing: 0,
    memoryUsed: undefined,
    memoryRequested: undefined,
    writing: Promise.resolve(),
  };
}

/** How a worker has left the queue. */
export type WorkerEnd =
  | Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' | 'evicted' }>
  | { readonly kind: 'lost'; readonly jobId: string };

/** What it is making now, as far as is known. */
export function firstOf({ assigned }: Worker): WarmCall | undefined {
  for (const call of assigned.values()) return call;
  return undefined;
}

/**
 * A call on its way through the workers: what is a job to the executor. `waiting`: in its pool's queue; `assigned`: in a worker's inbox;
 * `running`: seen to have begun there; `gone`: nothing more comes of it.
 */
export interface WarmCall {
  readonly id: string;
  readonly key: string;
  readonly location: Omit<Assignment, 'number' | 'key'>;
  readonly pool: Pool;
  readonly queuedAt: Date;
  state: 'waiting' | 'assigned' | 'running' | 'gone';
  worker: Worker | undefined;
  /** Among those of the worker. */
  assignment: number;
  startedAt: Date | undefined;
  /** How often it was taken from a worker, to be given to another one. */
  moves: number;
  /** How many workers have died while they made it. */
  deaths: number;
  /** Nobody wants it any more; its worker is being ended. */
  removing: boolean;
}

export function newCall(id: string, key: string, location: WarmCall['location'], pool: Pool): WarmCall {
  return {
    id,
    key,
    location,
    pool,
    queuedAt: new Date(),
    state: 'waiting',
    worker: undefined,
    assignment: 0,
    startedAt: undefined,
    moves: 0,
    deaths: 0,
    removing: false,
  };
}

/** The id of a call's job: it stays the same whichever worker makes the call. */
export function idOf(key: string): string {
  return `call.${key}`;
}
