import type { Assignment } from '../job-set/inbox.ts';
import type { Pool } from './pool.ts';
import type { Worker } from './worker.ts';

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
