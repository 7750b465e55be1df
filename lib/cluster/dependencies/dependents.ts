import { control, type Future } from '../../futures/future.ts';
import type { Call } from '../calls/call.ts';
import { asDirectoryError } from '../calls/failed-future.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { LiveJobSet } from '../live-job-set.ts';
import type { Submissions } from '../submit/submissions.ts';
import { dependencyError, type Dependency } from './dependencies.ts';

/**
 * Calls that were given futures wait, on the disk and in no line, until those are done; a job is submitted when all have a result. A call
 * fails as soon as one of them does.
 */
export class Dependents {
  readonly #submissions: Submissions;
  readonly #directory: string;
  readonly #openJobSet: () => Promise<LiveJobSet>;
  /** Of each call, what it waits for, and how to ask for that no more. */
  readonly #waiting = new Map<Call, Map<Dependency, () => void>>();
  /** What is done, and has not been told yet to those that wait for it. */
  #news: [Call, Dependency][] = [];

  constructor(
    submissions: Submissions,
    { directory }: Pick<ResolvedOptions, 'directory'>,
    openJobSet: () => Promise<LiveJobSet>,
  ) {
    this.#submissions = submissions;
    this.#directory = directory;
    this.#openJobSet = openJobSet;
  }

  /** A call is to be submitted, which may need others first. */
  add(call: Call): void {
    call.waits = call.dependencies.length > 0;
    this.#submissions.add(call);
    if (!call.waits) return;
    const waiting = new Map<Dependency, () => void>();
    this.#waiting.set(call, waiting);
    for (const need of call.dependencies) {
      const takeBack = need.future?.addDoneCallback(() => this.#tell(call, need));
      if (takeBack !== undefined) waiting.set(need, takeBack);
    }
  }

  /** A call's future is done. */
  onDone(call: Call): void {
    this.#submissions.onDone(call);
    for (const takeBack of this.#waiting.get(call)?.values() ?? []) takeBack();
    this.#waiting.delete(call);
  }

  /** Later in the same turn, one after the other: chains of calls are long, and who cancels many of them has reasons for each. */
  #tell(call: Call, need: Dependency): void {
    this.#news.push([call, need]);
    if (this.#news.length > 1) return;
    queueMicrotask(() => {
      for (const [waiting, done] of this.#news) this.#hear(waiting, done);
      this.#news = [];
    });
  }

  #hear(call: Call, need: Dependency): void {
    const waiting = this.#waiting.get(call);
    const { future } = need;
    if (waiting === undefined || future === undefined || call.unwanted) return;
    const failed = future.state !== 'finished';
    // In a chunk, an error fails its own call alone.
    if (failed && call.items <= 1) return fail(call, future);
    // What it has returned may be large.
    if (!failed) need.future = undefined;
    waiting.delete(need);
    if (waiting.size > 0) return;
    this.#waiting.delete(call);
    void this.#provide(call);
  }

  async #provide(call: Call): Promise<void> {
    try {
      const { files } = await this.#openJobSet();
      if (call.unwanted) return;
      await files.results.use(call);
      // Cancelled before it was on the disk, it has nothing else to be removed.
      if (call.unwanted) return files.results.release(call);
    } catch (error) {
      if (!call.unwanted) call.controller.reject(asDirectoryError(error, this.#directory));
      return;
    }
    call.waits = false;
    this.#submissions.onReady(call);
  }
}

function fail(call: Call, future: Future<unknown>): void {
  const error = control.errorOf(future);
  if (future.cancelled()) call.future.cancel(error);
  else call.controller.reject(dependencyError(future, error));
}
