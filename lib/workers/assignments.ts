import { setTimeout as sleep } from 'node:timers/promises';
import type { InboxLine } from '../job-set/worker-inbox.ts';
import { fairShare, shareOf, windowOf } from './assignment-policy.ts';
import type { Pool, WarmCall, Worker } from './model.ts';
import type { Warm } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

const TRY_AGAIN_MS = 1000;

/** Gives calls to workers. */
export class Assignments {
  readonly #warm: Warm;
  readonly #files: WorkerFiles;

  constructor(warm: Warm, files: WorkerFiles) {
    this.#warm = warm;
    this.#files = files;
  }

  /** Gives each worker that is ready its share of what waits. */
  assign(pool: Pool): void {
    if (pool.waiting === 0) return;
    const window = windowOf(pool.meanDuration, pool.horizon);
    const workers = [...pool.workers];
    const ready = workers.filter(({ phase }) => phase === 'ready');
    // Those that have not begun get theirs when they do.
    const sharing = ready.length + workers.filter(({ phase }) => phase === 'queued').length;
    for (const worker of ready.toSorted((a, b) => a.assigned.size - b.assigned.size)) {
      const { size } = worker.assigned;
      // Long as they may be, none is to wait behind another one for which a worker is about to begin.
      const fair = pool.meanDuration === undefined ? fairShare(pool.waiting, size, sharing) : Infinity;
      const count = Math.min(shareOf(pool.waiting, size, window, sharing), fair);
      if (count > 0) this.#give(worker, pool.take(count));
    }
  }

  #give(worker: Worker, calls: readonly WarmCall[]): void {
    if (worker.assigned.size === 0) worker.progressAt = performance.now();
    for (const call of calls) {
      worker.lastAssignment += 1;
      this.#warm.assign(call, worker, worker.lastAssignment);
    }
    const assignments = calls.map(({ key, assignment: number, location }) => ({ number, key, ...location }));
    const [known = 1] = worker.assigned.keys();
    appendLine(this.#files, worker, { kind: 'calls', assignments, known });
  }
}

/** Appends to a worker's inbox, in the order of the calls of this; tries again for as long as the worker lives. */
export function appendLine(files: WorkerFiles, worker: Worker, line: InboxLine): void {
  worker.writing = worker.writing.then(async () => {
    while (worker.phase !== 'ended') {
      try {
        return await files.append(worker.number, line);
      } catch {
        await sleep(TRY_AGAIN_MS, undefined, { ref: false });
      }
    }
  });
}
