import type { JobEvent } from '../batch/batch-system.ts';
import type { Pool } from './pool.ts';
import type { WarmCall } from './warm-call.ts';

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
