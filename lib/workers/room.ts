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
   * A pool needs a place that is not there.
   * @returns the worker that is to end when it has made what it has; undefined if there is none yet
   */
  ask(pool: Pool): Worker | undefined {
    this.#asking.add(pool);
    const others = [...this.#warm.workers].filter((worker) => worker.pool !== pool);
    const [leastBusy] = others
      .filter((worker) => hasHadItsTurn(worker))
      .toSorted((a, b) => a.assigned.size - b.assigned.size);
    const isComing = others.some(({ phase }) => phase === 'closing');
    return isComing && leastBusy?.assigned.size !== 0 ? undefined : leastBusy;
  }

  /** Workers of it are being submitted. */
  onStart(pool: Pool): void {
    this.#asking.delete(pool);
  }
}

/** Or two pools would take each other's place for ever before a call is made. */
function hasHadItsTurn({ phase, pool, progressAt }: Worker): boolean {
  if (phase === 'closing') return false;
  if (phase !== 'queued' || pool.waiting === 0 || pool.workers.size > 1) return true;
  return performance.now() - progressAt > QUEUED_LONG_MS;
}
