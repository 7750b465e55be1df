import { checkOptions } from '../base/checks.ts';
import { type BrokenExecutorError, DetachedError, ShutdownError } from '../base/errors.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { Executor, type JobRequest, type ShutdownOptions } from '../futures/executor.ts';
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
import { type LiveJobSet, LazyJobSet } from './live-job-set.ts';
import { Dependents } from './dependencies/dependents.ts';
import { Resubmissions } from './submit/retry.ts';
import { Submissions } from './submit/submissions.ts';
import { breakCalls, StartBreaker } from './track/start-breaker.ts';

/** The one executor over a batch system: a job for each call, whose outcome comes back through the job set. */
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
  readonly #wait = new ConditionWait();
  readonly #own: LazyJobSet;
  #futures: readonly Future<unknown>[] = [];
  #shutdown: Promise<void> | undefined;
  #detached = false;
  #broken: BrokenExecutorError | undefined;

  /**
   * @param id of its job set, if that is given
   * @throws {TypeError} for options that the batch system cannot pass on; {@link DirectoryError}
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
      onCancel: (call) => this.#own.opened?.tracker.onCancel(call),
    });
    this.#submissions = new Submissions({
      system,
      options,
      inFlight: () => this.#own.opened?.tracker.size ?? 0,
      pending: () => this.#pending.size,
      openJobSet: async () => (await this.#openJobSet()).jobSet,
      onWritten: (call) => this.#own.opened?.files.useInputs(call.input?.batch as number),
      onSubmitted: (call, jobId) => this.#own.opened?.tracker.track(call, jobId),
      onRefused: (call, error) => this.#refuse(call, error),
    });
    this.#dependents = new Dependents(this.#submissions, options, async () => this.#openJobSet());
    const resubmissions = new Resubmissions(this.#submissions);
    this.#own = new LazyJobSet(
      system,
      options,
      {
        isSubmitting: () => this.#submissions.busy,
        releaseJob: (jobId) => this.#commands.release(jobId),
        resubmit: async (call, retry) => resubmissions.add(call, retry),
        onStarted: () => this.#breaker.onStarted(),
        onCouldNotStart: (error) => this.#break(this.#breaker.onCouldNotStart(error)),
        removeJob: (jobId) => {
          if (!this.#atEnd.removesAll) this.#commands.remove(jobId);
        },
        onGone: () => {
          this.#checkIdle();
          this.#submissions.onLeft();
        },
        onLost: () => this.#submissions.onLeft(),
      },
      id,
    );
    this.#atEnd = new JobsAtEnd({
      system,
      detachOnExit: options.detachOnExit,
      pending: this.#pending,
      submissions: this.#submissions,
      commands: this.#commands,
      opened: () => this.#own.opened,
      drain: async () => {
        const drained = this.#drain();
        this.#shutdown ??= drained;
        await drained;
      },
    });
  }

  /** The directory of this executor's job set, with its logs; undefined before the first submission. */
  get jobSetDirectory(): string | undefined {
    return this.#own.opened?.jobSet.directory;
  }

  /**
   * The name of this executor's job set, below its `directory`: what `attach` takes, in another process, should this one come to an end.
   */
  get id(): string {
    return this.#own.id;
  }

  /** After `attach`: the futures of all calls of the job set, in the order in which they were submitted. */
  get futures(): readonly Future<unknown>[] {
    return this.#futures;
  }

  /**
   * Leaves the jobs in the queue, and their results on the disk, for a process that attaches to them later. Futures that are pending reject
   * with a DetachedError; this executor takes no more calls.
   * @returns the id to attach with
   */
  async detach(): Promise<string> {
    const { name, jobSetRemoval } = this.#system;
    if (jobSetRemoval === undefined) throw new TypeError(`Jobs of the ${name} system end with the program`);
    this.assertOpen();
    this.#shutdown = Promise.resolve();
    await this.#submissions.idle();
    this.#submissions.leave();
    // Jobs of cancelled calls are not to be left.
    await this.#commands.idle();
    this.#detached = true;
    this.#own.opened?.tracker.abandon();
    const message = `The executor was detached; attach to ${this.#own.id} for this future`;
    for (const { controller } of this.#pending) controller.reject(new DetachedError(message));
    this.#atEnd.leave();
    await this.#own.opened?.leave();
    await this.#system.close();
    return this.#own.id;
  }

  /**
   * Goes on with the calls of a job set that another process made.
   * @throws {DirectoryError} {@link JobSetInUseError} {@link OwnershipError} {@link CommandError}
   */
  protected async attachTo(id: string, takeOver: boolean): Promise<void> {
    this.#futures = await attachCalls(id, takeOver, this.#system, this.#options, {
      work: async (jobSet, claim, lastSubmission) => {
        this.#submissions.startAfter(lastSubmission);
        return this.#own.takeUp(jobSet, claim);
      },
      addCall: (parts) => this.#await(this.#calls.restore(parts)),
      submit: (call) => this.#dependents.add(call),
      removeJob: (jobId) => this.#commands.remove(jobId),
    });
    if (this.#pending.size > 0) this.#own.opened?.watch.wake();
    this.#checkIdle();
  }

  /** What executors of maps are made of besides: they bring their calls to the disk by themselves. */
  protected get parts(): ExecutorParts {
    return {
      system: this.#system,
      options: this.#options,
      calls: this.#calls,
      submissions: this.#submissions,
      own: this.#own,
      add: (call) => this.#await(call),
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
    // A signal ends the process, not the program's waits.
    if (this.#atEnd.givenUp) await new Promise(() => {});
  }

  #start(request: JobRequest, single: boolean): Future<unknown> {
    this.assertOpen();
    if (this.#broken !== undefined) return failedFuture(this.#broken);
    let call: Call;
    try {
      call = this.#calls.make(request, single);
    } catch (error) {
      return failedFuture(error);
    }
    const { future } = this.#await(call);
    cancelOnAbort(future, request.options.signal);
    if (!future.done()) this.#dependents.add(call);
    return future;
  }

  #await(call: Call): Call {
    this.#pending.add(call);
    this.#atEnd.watch();
    return call;
  }

  #onDone(call: Call): void {
    this.#pending.delete(call);
    this.#dependents.onDone(call);
    if (!this.#detached) void this.#own.opened?.archiveEnd(call);
    this.#checkIdle();
  }

  /** No job can start: nothing more is sent, and what waits for a job does not wait any longer. */
  #break(error: BrokenExecutorError | undefined): void {
    if (error === undefined) return;
    this.#broken = error;
    breakCalls(this.#pending, error, this.#own.opened?.tracker);
  }

  #refuse(call: Call, error: unknown): void {
    // Another job set has inputs of the same number.
    if (call.input === undefined || call.jobSet === this.#own.opened?.jobSet)
      void this.#own.opened?.files.releaseInputs(call);
    call.input = undefined;
    call.payload = undefined;
    if (!call.isUnwanted) call.controller.reject(asDirectoryError(error, this.#options.directory));
  }

  /** Stops looking, and lets the process end, when nothing is awaited any more. */
  #checkIdle(): void {
    if (this.#pending.size > 0) return;
    void this.#atEnd.unwatch();
    const ending = this.#shutdown !== undefined && (this.#own.opened?.tracker.size ?? 0) > 0;
    if (!ending) this.#own.opened?.watch.sleep();
    this.#wait.look();
  }

  async #openJobSet(): Promise<LiveJobSet> {
    const opened = await this.#own.open();
    if (this.#pending.size > 0) opened.watch.wake();
    return opened;
  }

  /** Waits for everything that was submitted, then frees everything. */
  async #drain(): Promise<void> {
    // The caller's own tick may still cancel or look at its futures.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#wait.until(() => this.#pending.size === 0, Infinity);
    await this.#submissions.idle();
    await this.#commands.idle();
    this.#own.opened?.watch.wake();
    await this.#system.retire?.(NONE_LEFT_MS);
    if (this.#own.opened !== undefined) await closeWhenEmpty(this.#own.opened, this.#wait);
    await this.#system.close();
  }
}

/** What an executor is made of, for those built on it that bring their calls to the disk by themselves. */
export interface ExecutorParts {
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  readonly calls: Calls;
  readonly submissions: Submissions;
  readonly own: LazyJobSet;
  /** Waits for a call from now on. */
  readonly add: (call: Call) => Call;
}

/** Futures by the signal that cancels them: one listener for each signal, however many futures it has. */
const futuresOf = new WeakMap<AbortSignal, Set<Future<unknown>>>();

/** Cancels the future when the signal aborts, with its reason. */
export function cancelOnAbort(future: Future<unknown>, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (signal.aborted) return void future.cancel(signal.reason);
  const futures = futuresOf.get(signal) ?? listenTo(signal);
  futures.add(future);
  future.addDoneCallback(() => futures.delete(future));
}

/** On its own, so that what the listener can see holds no future. */
function listenTo(signal: AbortSignal): Set<Future<unknown>> {
  const futures = new Set<Future<unknown>>();
  futuresOf.set(signal, futures);
  signal.addEventListener('abort', () => cancelAll(signal), { once: true });
  return futures;
}

function cancelAll(signal: AbortSignal): void {
  for (const future of futuresOf.get(signal) ?? []) future.cancel(signal.reason);
}

/**
 * A job that loads a module which imports the program would submit everything once more.
 * @throws {ShutdownError} in such a job
 */
export function refuseWhileLoading(): void {
  if (!isLoadingModules() || process.env[JOB_VARIABLE] === undefined) return;
  throw new ShutdownError(
    'An executor is made while a job loads a module: the module imports a program that submits jobs. Remedy: move what jobs need ' +
      'to a module of its own, or submit only where the file is run itself: if (process.argv[1] === import.meta.filename)',
  );
}
