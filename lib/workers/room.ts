import type { Pool } from './pool.ts';
import type { Warm } from './warm.ts';
import type { Worker } from './worker.ts';

/** How long the only worker of a pool may wait for a machine before others get its place. */
const QUEUED_LONG_MS = 60_000;

/** Shares the places for workers among the pools, whose calls cannot be made by each other's workers. */
export class Room {
  readonly #warm: Warm;
  readonly #max: number;
  /** Pools that have no worker and no place for one, those that have waited longest first. */
  readonly #asking = new Set<Pool>();

  constructor(warm: Warm, max: number) {
    this.#warm = warm;
    this.#max = max;
  }

  /** How many more workers a pool may have: a place is kept for each pool that asked before it. */
  for(pool: Pool): number {
    const before: Pool[] = [];
    for (const asking of this.#asking) {
      if (asking === pool) break;
      // What cannot use a place keeps none.
      if (asking.waiting > 0 && performance.now() >= asking.pauseUntil) before.push(asking);
    }
    return Math.max(0, this.#max - this.#warm.workers.size - before.length);
  }

  /**
   * A pool needs so many places that are not there.
   * @returns the workers that are to end, when they have made what they have
   */
  ask(pool: Pool, wanted: number): Worker[] {
    const others = [...this.#warm.workers].filter((worker) => worker.pool !== pool);
    const closing = others.filter(({ phase }) => phase === 'closing');
    // Others may take long to make what they have.
    const coming = closing.filter(({ assigned }) => assigned.size === 0).length;
    const idle = others.filter((worker) => isIdle(worker)).slice(0, Math.max(0, wanted - coming));
    // What has workers gets on without taking those of others that are at work.
    if (pool.workers.size > 0) return idle;
    this.#asking.add(pool);
    if (idle.length > 0 || closing.length > 0) return idle;
    const able = others.filter((worker) => hasHadItsTurn(worker));
    return able.toSorted((a, b) => a.assigned.size - b.assigned.size).slice(0, 1);
  }

  /** Workers of it are being submitted. */
  onStart(pool: Pool): void {
    this.#asking.delete(pool);
  }
}

function isIdle({ phase, pool, assigned }: Worker): boolean {
  return phase === 'ready' && assigned.size === 0 && pool.waiting === 0;
}

/** Or two pools would take each other's place for ever before a call is made. */
function hasHadItsTurn({ phase, pool, progressAt }: Worker): boolean {
  if (phase === 'closing') return false;
  if (phase !== 'queued' || pool.waiting === 0 || pool.workers.size > 1) return true;
  return performance.now() - progressAt > QUEUED_LONG_MS;
}
