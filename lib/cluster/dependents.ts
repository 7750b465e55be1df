import type { ResolvedOptions } from '../cluster-options.ts';
import { control } from '../future.ts';
import type { Call } from './call.ts';
import { dependencyError } from './dependency-errors.ts';
import type { Need } from './needs.ts';
import type { OpenJobSet } from './open-job-set.ts';
import { ownError } from './own-error.ts';
import type { Submissions } from './submissions.ts';

/**
 * Calls that were given futures wait, on the disk and in no line, until those are done; a job is submitted when all have a result. A call
 * fails as soon as one of them does.
 */
export class Dependents {
  readonly #submissions: Submissions;
  readonly #directory: string;
  readonly #openJobSet: () => Promise<OpenJobSet>;
  /** Of each call, how many futures are not done yet, and how to ask them no more. */
  readonly #waiting = new Map<Call, { left: number; readonly takeBacks: (() => void)[] }>();
  /** What is done, and has not been told yet to those that wait for it. */
  #news: [Call, Need][] = [];

  constructor(
    submissions: Submissions,
    { directory }: Pick<ResolvedOptions, 'directory'>,
    openJobSet: () => Promise<OpenJobSet>,
  ) {
    this.#submissions = submissions;
    this.#directory = directory;
    this.#openJobSet = openJobSet;
  }

  /** A call is to be submitted, which may need others first. */
  add(call: Call): void {
    call.waits = call.needs.length > 0;
    this.#submissions.add(call);
    if (!call.waits) return;
    const waiting = { left: call.needs.length, takeBacks: [] as (() => void)[] };
    this.#waiting.set(call, waiting);
    for (const need of call.needs)
      waiting.takeBacks.push(need.future.addDoneCallback(() => this.#tell(call, need)));
  }

  /** A call's future is done. */
  onDone(call: Call): void {
    this.#submissions.onDone(call);
    for (const takeBack of this.#waiting.get(call)?.takeBacks ?? []) takeBack();
    this.#waiting.delete(call);
  }

  /** Later in the same turn, one after the other: chains of calls are long, and who cancels many of them has reasons for each. */
  #tell(call: Call, need: Need): void {
    this.#news.push([call, need]);
    if (this.#news.length > 1) return;
    queueMicrotask(() => {
      for (const [waiting, done] of this.#news) this.#hear(waiting, done);
      this.#news = [];
    });
  }

  #hear(call: Call, { future }: Need): void {
    const waiting = this.#waiting.get(call);
    if (waiting === undefined || call.unwanted) return;
    const error = control.errorOf(future);
    // In a chunk, an error fails its own call alone.
    if (future.state !== 'finished' && call.items <= 1) {
      if (future.cancelled()) call.future.cancel(error);
      else call.controller.reject(dependencyError(future, error));
      return;
    }
    waiting.left -= 1;
    if (waiting.left > 0) return;
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
      if (!call.unwanted) call.controller.reject(ownError(error, this.#directory));
      return;
    }
    call.waits = false;
    this.#submissions.onReady(call);
  }
}
