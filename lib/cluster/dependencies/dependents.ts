import { showCaller } from '../../base/program-frames.ts';
import type { Future } from '../../futures/future.ts';
import type { Call, Dependency } from '../calls/call.ts';
import { asDirectoryError } from '../calls/failed-future.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { LiveJobSet } from '../live-job-set.ts';
import type { Submissions } from '../submit/submissions.ts';
import { dependencyFailure } from './dependencies.ts';

/**
 * Calls that were given futures. Their inputs are written at once, but a job is submitted only when all of
 * the futures have results; a call fails as soon as one of them does.
 */
export class Dependents {
  readonly #submissions: Submissions;
  readonly #directory: string;
  readonly #openJobSet: () => Promise<LiveJobSet>;
  /** The unfinished dependencies of each call, with the removal of the callback on each. */
  readonly #unfinishedByCall = new Map<Call, Map<Dependency, () => void>>();
  /** Dependencies that are done, while their dependents have not been notified. */
  #notifications: [Call, Dependency][] = [];

  constructor(
    submissions: Submissions,
    { directory }: Pick<ResolvedOptions, 'directory'>,
    openJobSet: () => Promise<LiveJobSet>,
  ) {
    this.#submissions = submissions;
    this.#directory = directory;
    this.#openJobSet = openJobSet;
  }

  /** Submits a call, once its dependencies are done. */
  add(call: Call): void {
    call.isBlocked = call.dependencies.length > 0;
    this.#submissions.add(call);
    if (!call.isBlocked) return;
    const unfinished = new Map<Dependency, () => void>();
    this.#unfinishedByCall.set(call, unfinished);
    for (const dependency of call.dependencies) {
      const unregister = dependency.future?.addDoneCallback(() => this.#notify(call, dependency));
      if (unregister !== undefined) unfinished.set(dependency, unregister);
    }
  }

  /** The future of a call is done. */
  onDone(call: Call): void {
    this.#submissions.onDone(call);
    for (const unregister of this.#unfinishedByCall.get(call)?.values() ?? []) unregister();
    this.#unfinishedByCall.delete(call);
  }

  /**
   * Notifies a dependent in a microtask, in order: chains of calls are too long for the stack, and a program
   * that cancels many futures wants each to get its own reason.
   */
  #notify(call: Call, dependency: Dependency): void {
    this.#notifications.push([call, dependency]);
    if (this.#notifications.length > 1) return;
    queueMicrotask(() => {
      for (const notification of this.#notifications) this.#onDependencyDone(...notification);
      this.#notifications = [];
    });
  }

  #onDependencyDone(call: Call, dependency: Dependency): void {
    const unfinished = this.#unfinishedByCall.get(call);
    const { future } = dependency;
    if (unfinished === undefined || future === undefined || call.isUnwanted) return;
    const hasFailed = future.state !== 'finished';
    // In a chunk, an error fails its own item alone.
    if (hasFailed && call.items <= 1) return fail(call, future);
    // Its value may be large.
    if (!hasFailed) dependency.future = undefined;
    unfinished.delete(dependency);
    if (unfinished.size > 0) return;
    this.#unfinishedByCall.delete(call);
    void this.#provideResults(call);
  }

  async #provideResults(call: Call): Promise<void> {
    try {
      const { files } = await this.#openJobSet();
      if (call.isUnwanted) return;
      await files.results.use(call);
      // A call that was cancelled before it was written has no files besides.
      if (call.isUnwanted) return files.results.release(call);
    } catch (error) {
      if (!call.isUnwanted) call.controller.reject(asDirectoryError(error, this.#directory));
      return;
    }
    call.isBlocked = false;
    this.#submissions.onReady(call);
  }
}

function fail(call: Call, future: Future<unknown>): void {
  const error = dependencyFailure(future);
  if (future.cancelled()) return void call.future.cancel(error);
  showCaller(error, call.caller);
  call.controller.reject(error);
}
