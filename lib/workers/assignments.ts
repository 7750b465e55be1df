import { setTimeout as sleep } from 'node:timers/promises';
import type { InboxLine } from '../job-set/worker-inbox.ts';
import { fairShare, shareOf, windowOf } from './assignment-policy.ts';
import type { Pool, WarmCall, Worker } from './model.ts';
import type { WarmCalls } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

const RETRY_MS = 1000;

/** Assigns pending calls to workers. */
export class Assignments {
  readonly #calls: WarmCalls;
  readonly #files: WorkerFiles;

  constructor(calls: WarmCalls, files: WorkerFiles) {
    this.#calls = calls;
    this.#files = files;
  }

  /** Assigns each ready worker of a pool its share of the pending calls. */
  assign(pool: Pool): void {
    if (pool.pending === 0) return;
    const window = windowOf(pool.meanDuration, pool.horizon);
    const workers = [...pool.workers];
    const ready = workers.filter(({ phase }) => phase === 'ready');
    // Queued workers get their share when they start.
    const sharing = ready.length + workers.filter(({ phase }) => phase === 'queued').length;
    for (const worker of ready.toSorted((a, b) => a.assigned.size - b.assigned.size)) {
      const { size } = worker.assigned;
      // While durations are unknown, no call should wait behind one that may be long if a worker is about to
      // start.
      const fair = pool.meanDuration === undefined ? fairShare(pool.pending, size, sharing) : Infinity;
      const count = Math.min(shareOf(pool.pending, size, window, sharing), fair);
      if (count > 0) this.#assignTo(worker, pool.take(count));
    }
  }

  #assignTo(worker: Worker, calls: readonly WarmCall[]): void {
    if (worker.assigned.size === 0) worker.progressAt = performance.now();
    for (const call of calls) {
      worker.lastAssignment += 1;
      this.#calls.assign(call, worker, worker.lastAssignment);
    }
    const assignments = calls.map(({ key, assignment: number, location }) => ({ number, key, ...location }));
    const [known = 1] = worker.assigned.keys();
    appendLine(this.#files, worker, { kind: 'calls', assignments, known });
  }
}

/** Appends a line to a worker's inbox after those appended before; retries until the worker has ended. */
export function appendLine(files: WorkerFiles, worker: Worker, line: InboxLine): void {
  worker.writing = worker.writing.then(async () => {
    while (!worker.hasEnded) {
      try {
        return await files.append(worker.number, line);
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  });
}
