import { checkOptions } from '../base/checks.ts';
import { type BrokenExecutorError, DetachedError, ShutdownError } from '../base/errors.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { Executor, type JobRequest, setCaptureForMaps, type ShutdownOptions } from '../futures/executor.ts';
import type { Future } from '../futures/future.ts';
import type { JobOptions } from '../futures/job-options.ts';
import type { ItemResult } from '../futures/map-results.ts';
import { checkDirectory } from '../job-set/trusted-files.ts';
import type { AnyFunction } from '../payload/graph.ts';
import { isLoadingModules, JOB_VARIABLE } from '../payload/main-program.ts';
import { attachCalls } from './attach/attach-calls.ts';
import type { Call } from './calls/call.ts';
import { Calls } from './calls/calls.ts';
import { failedFuture, asDirectoryError } from './calls/failed-future.ts';
import { JobCommands, warnOfUnremoved } from './calls/job-commands.ts';
import { JobControls } from './calls/job-controls.ts';
import type { ResolvedOptions } from './cluster-options.ts';
import { closeWhenEmpty, ConditionWait, JobsAtEnd, NONE_LEFT_MS } from './end/jobs-at-end.ts';
import { isEnding, watchExit } from './end/process-end.ts';
import { type ExecutorInternals, type LiveJobSet, LazyJobSet } from './live-job-set.ts';
import { Dependents } from './dependencies/dependents.ts';
import { Resubmissions } from './submit/retry.ts';
import { Submissions } from './submit/submissions.ts';
import { breakCalls, StartBreaker } from './track/start-breaker.ts';

/** The executor for all batch systems: a job for each call, whose outcome comes back by the job set. */
export class ClusterExecutor extends Executor {
  readonly #system: BatchSystem;
  readonly #options: ResolvedOptions;
  readonly #submissions: Submissions;
  readonly #dependents: Dependents;
  readonly #breaker = new StartBreaker();
  readonly #commands: JobCommands;
  readonly #calls: Calls;
  readonly #atEnd: JobsAtEnd;
  /** Calls whose futures are not done. */
  readonly #pending = new Set<Call>();
  readonly #conditionWait = new ConditionWait();
  readonly #jobSet: LazyJobSet;
  #futures: readonly Future<unknown>[] = [];
  #shutdown: Promise<void> | undefined;
  #isDetached = false;
  #brokenError: BrokenExecutorError | undefined;

  /**
   * @param id of its job set, where that is fixed
   * @throws {TypeError} for options that the batch system does not support; {@link DirectoryError}
   */
  constructor(system: BatchSystem, options: ResolvedOptions, id?: string) {
    super();
    refuseWhileLoading();
    watchExit();
    system.checkSubmitOptions(options.submit);
    system.checkPlace(options);
    checkDirectory(options.directory);
    this.#system = system;
    this.#options = options;
    this.#commands = new JobCommands(system, warnOfUnremoved);
    this.#calls = new Calls(options, {
      controls: new JobControls(system, this.#commands),
      onDone: (call) => this.#onDone(call),
      onCancel: (call) => this.#jobSet.opened?.tracker.onCancel(call),
    });
    setCaptureForMaps(this, (fn) => this.#calls.captureForMap(fn));
    this.#submissions = new Submissions({
      system,
      options,
      inFlight: () => this.#jobSet.opened?.tracker.size ?? 0,
      pending: () => this.#pending.size,
      openJobSet: async () => (await this.#openJobSet()).jobSet,
      onWritten: (call) => this.#jobSet.opened?.files.useInputs(call.input?.batch as number),
      onSubmitted: (call, jobId) => this.#jobSet.opened?.tracker.track(call, jobId),
      onRefused: (call, error) => this.#refuse(call, error),
    });
    this.#dependents = new Dependents(this.#submissions, options, async () => this.#openJobSet());
    const resubmissions = new Resubmissions(this.#submissions);
    this.#jobSet = new LazyJobSet(
      system,
      options,
      {
        isSubmitting: () => this.#submissions.isBusy,
        releaseJob: (jobId, jobSetId) => this.#commands.release(jobId, jobSetId),
        resubmit: async (call, retry) => resubmissions.add(call, retry),
        onStarted: () => this.#breaker.onStarted(),
        onCouldNotStart: (error) => this.#break(this.#breaker.onCouldNotStart(error)),
        removeJob: (jobId, jobSetId) => {
          if (!this.#atEnd.removesAll) this.#commands.remove(jobId, jobSetId);
        },
        onGone: () => {
          this.#checkIdle();
          this.#submissions.onLeft();
        },
        onLost: () => this.#submissions.onLeft(),
      },
      id,
    );
    this.#atEnd = new JobsAtEnd(this.parts, this.#pending, this.#commands, async () => {
      const drained = this.#drain();
      this.#shutdown ??= drained;
      await drained;
    });
  }

  /** Directory of this executor's job set, which contains its logs; undefined before the first submission. */
  get jobSetDirectory(): string | undefined {
    return this.#jobSet.opened?.jobSet.directory;
  }

  /**
   * Name of this executor's job set in its `directory`. Another process passes it to `attach` to continue the
   * calls.
   */
  get id(): string {
    return this.#jobSet.id;
  }

  /** The futures of all calls of the job set, in the order of submission, after `attach`; empty otherwise. */
  get futures(): readonly Future<unknown>[] {
    return this.#futures;
  }

  /**
   * Leaves the jobs in the queue and their results on the disk, for a process that attaches to them later.
   * Pending futures reject with a DetachedError; this executor accepts no more calls.
   * @returns the id to attach with
   */
  async detach(): Promise<string> {
    const { name, jobSetRemoval } = this.#system;
    if (jobSetRemoval === undefined) throw new TypeError(`Jobs of the ${name} system end with the program`);
    this.assertOpen();
    this.#shutdown = Promise.resolve();
    await this.#submissions.idle();
    this.#submissions.detach();
    // Jobs of cancelled calls must not stay in the queue.
    await this.#commands.idle();
    this.#isDetached = true;
    this.#jobSet.opened?.tracker.abandon();
    const message = `The executor was detached; attach to ${this.#jobSet.id} for this future`;
    for (const { controller } of this.#pending) controller.reject(new DetachedError(message));
    this.#atEnd.detach();
    await this.#jobSet.opened?.leave();
    await this.#system.close();
    return this.#jobSet.id;
  }

  /**
   * Continues the calls of a job set that another process created.
   * @throws {DirectoryError} {@link JobSetInUseError} {@link OwnershipError} {@link CommandError}
   */
  protected async attachTo(id: string, takeOver: boolean): Promise<void> {
    this.#futures = await attachCalls(id, takeOver, this.parts, this.#dependents, this.#commands);
    if (this.#pending.size > 0) this.#jobSet.opened?.watch.wake();
    this.#checkIdle();
  }

  /** Internals for MapExecutor, which writes its calls itself, and for those who work on all calls. */
  protected get parts(): ExecutorInternals {
    return {
      system: this.#system,
      options: this.#options,
      calls: this.#calls,
      submissions: this.#submissions,
      own: this.#jobSet,
      add: (call) => this.#addPending(call),
    };
  }

  override get maxInFlight(): number {
    return this.#options.maxInFlight;
  }

  override with(options: JobOptions): Executor {
    const executor = super.with(options);
    this.#system.checkSubmitOptions(options.submit ?? {});
    return executor;
  }

  override prepare<F extends AnyFunction>(fn: F): F {
    return this.#calls.prepare(fn);
  }

  override assertOpen(): void {
    if (this.#shutdown !== undefined) throw new ShutdownError('Cannot schedule new futures after shutdown');
    if (isEnding()) throw new ShutdownError('Cannot schedule new futures while the process is ending');
  }

  override schedule(request: JobRequest): Future<ItemResult<unknown>[]> {
    return this.#start(request, false) as Future<ItemResult<unknown>[]>;
  }

  override scheduleOne(request: JobRequest): Future<unknown> {
    return this.#start(request, true);
  }

  override async shutdown(options: ShutdownOptions = {}): Promise<void> {
    checkOptions('shutdown()', options, { wait: ['boolean'], cancelFutures: ['boolean'] });
    this.#shutdown ??= this.#drain();
    if (options.cancelFutures === true) {
      for (const { future } of this.#pending) if (!future.running()) future.cancel();
    }
    if (options.wait !== false) await this.#shutdown;
    // While a signal ends the process, the program must not continue after its wait.
    if (this.#atEnd.isGivenUp) await new Promise(() => {});
  }

  #start(request: JobRequest, single: boolean): Future<unknown> {
    this.assertOpen();
    if (this.#brokenError !== undefined) return failedFuture(this.#brokenError);
    let call: Call;
    try {
      call = this.#calls.make(request, single);
    } catch (error) {
      return failedFuture(error);
    }
    const { future } = this.#addPending(call);
    cancelOnAbort(future, request.options.signal);
    if (!future.done()) this.#dependents.add(call);
    return future;
  }

  /** Counts a call as pending. */
  #addPending(call: Call): Call {
    this.#pending.add(call);
    this.#atEnd.register();
    return call;
  }

  #onDone(call: Call): void {
    this.#pending.delete(call);
    this.#dependents.onDone(call);
    if (!this.#isDetached) void this.#jobSet.opened?.archiveEnd(call);
    this.#checkIdle();
  }

  /** Fails all calls that have not started, because no job can start. */
  #break(error: BrokenExecutorError | undefined): void {
    if (error === undefined) return;
    this.#brokenError = error;
    breakCalls(this.#pending, error, this.#jobSet.opened?.tracker);
  }

  #refuse(call: Call, error: unknown): void {
    // A batch of inputs in another job set may have the same number.
    if (call.input === undefined || call.jobSet === this.#jobSet.opened?.jobSet)
      void this.#jobSet.opened?.files.releaseInputs(call);
    call.input = undefined;
    call.payload = undefined;
    if (!call.isUnwanted) call.controller.reject(asDirectoryError(error, this.#options.directory));
  }

  /** Stops watching, and lets the process end, when no call is pending. */
  #checkIdle(): void {
    if (this.#pending.size > 0) return;
    void this.#atEnd.unregister();
    const ending = this.#shutdown !== undefined && (this.#jobSet.opened?.tracker.size ?? 0) > 0;
    if (!ending) this.#jobSet.opened?.watch.sleep();
    this.#conditionWait.check();
  }

  async #openJobSet(): Promise<LiveJobSet> {
    const opened = await this.#jobSet.open();
    if (this.#pending.size > 0) opened.watch.wake();
    return opened;
  }

  /** Waits until all calls are done, then frees all resources. */
  async #drain(): Promise<void> {
    // The caller may still cancel or inspect its futures in this tick.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#conditionWait.until(() => this.#pending.size === 0, Infinity);
    await this.#submissions.idle();
    await this.#commands.idle();
    this.#jobSet.opened?.watch.wake();
    await this.#system.retire?.(NONE_LEFT_MS);
    if (this.#jobSet.opened !== undefined) await closeWhenEmpty(this.#jobSet.opened, this.#conditionWait);
    await this.#system.close();
  }
}

/** Futures by the signal that cancels them: each signal has one listener for all of them. */
const futuresBySignal = new WeakMap<AbortSignal, Set<Future<unknown>>>();

/** Cancels the future, with the signal's reason, when the signal aborts. */
function cancelOnAbort(future: Future<unknown>, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (signal.aborted) return void future.cancel(signal.reason);
  const futures = futuresBySignal.get(signal) ?? listenTo(signal);
  futures.add(future);
  future.addDoneCallback(() => futures.delete(future));
}

/** A function of its own, so that the listener's closure keeps no future in memory. */
function listenTo(signal: AbortSignal): Set<Future<unknown>> {
  const futures = new Set<Future<unknown>>();
  futuresBySignal.set(signal, futures);
  signal.addEventListener('abort', () => cancelAll(signal), { once: true });
  return futures;
}

function cancelAll(signal: AbortSignal): void {
  for (const future of futuresBySignal.get(signal) ?? []) future.cancel(signal.reason);
}

/**
 * Refuses to create an executor in a job that loads a module, because the module imports the program, which
 * would submit all its calls again.
 * @throws {ShutdownError} in such a job
 */
function refuseWhileLoading(): void {
  if (!isLoadingModules() || process.env[JOB_VARIABLE] === undefined) return;
  throw new ShutdownError(
    'An executor is made while a job loads a module: the module imports a program that submits jobs. Remedy: move what jobs need ' +
      'to a module of its own, or submit only where the file is run itself: if (process.argv[1] === import.meta.filename)',
  );
}
