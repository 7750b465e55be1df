import { join } from 'node:path';
import type { BatchSystem } from './batch/batch-system.ts';
import { Call, encodeRequest, type EncodedRequest } from './cluster/call.ts';
import { cancelOnAbort } from './cluster/cancel-on-abort.ts';
import { failedFuture } from './cluster/failed-future.ts';
import { Functions } from './cluster/functions.ts';
import { JobCommands } from './cluster/job-commands.ts';
import { JobControls } from './cluster/job-controls.ts';
import { JobFiles } from './cluster/job-files.ts';
import { JobsAtEnd } from './cluster/jobs-at-end.ts';
import { mainUrl } from './cluster/main-url.ts';
import { Resubmissions } from './cluster/resubmissions.ts';
import { isEnding, watchExit } from './cluster/process-end.ts';
import { Submissions } from './cluster/submissions.ts';
import { Tracker } from './cluster/tracker.ts';
import type { ResolvedOptions } from './cluster-options.ts';
import { StartBreaker } from './cluster/start-breaker.ts';
import { type BrokenExecutorError, CondorFuturesError, DirectoryError, ShutdownError } from './errors.ts';
import { Executor, type JobRequest, type ShutdownOptions } from './executor.ts';
import { mergeJobOptions, type JobOptions } from './job-options.ts';
import type { ItemResult } from './map-results.ts';
import type { Future } from './future.ts';
import { checkDirectory } from './job-set/directory.ts';
import { JobSet } from './job-set/job-set.ts';
import { checkOptions } from './options.ts';
import type { AnyFunction } from './payload/any-function.ts';
import type { CallOptions } from './payload/call.ts';
import { isLoadingModules } from './payload/loading-modules.ts';
import { JOB_VARIABLE } from './payload/reference/module-policy.ts';
import { JobSetWatch } from './watch/job-set-watch.ts';
import { watchModeOf } from './watch/filesystem.ts';

/** lib/ and dist/ lie side by side: jobs run the compiled runner, also those of a program that runs the sources. */
const RUNNER = join(import.meta.dirname, '..', 'dist', 'runner.cjs');

/**
 * How long `shutdown` waits for jobs to leave the queue after their calls are done, so that their files can go: longer than a job has
 * to end when it is removed.
 */
const LEAVE_QUEUE_MS = 12_000;

/** A directory that cannot be found for this many times the grace of an outcome is gone; before, it may be a network's hiccup. */
const LOST_AFTER_GRACES = 10;

/** What exists from the first submission on. */
interface OpenJobSet {
  readonly jobSet: JobSet;
  readonly files: JobFiles;
  readonly tracker: Tracker;
  readonly watch: JobSetWatch;
}

/** The one executor over a batch system: a job for each call, whose outcome comes back through the job set. */
export class ClusterExecutor extends Executor {
  readonly #system: BatchSystem;
  readonly #options: ResolvedOptions;
  readonly #submissions: Submissions;
  readonly #resubmissions: Resubmissions;
  readonly #breaker = new StartBreaker();
  readonly #commands: JobCommands;
  readonly #controls: JobControls;
  readonly #functions: Functions;
  readonly #callOptions: CallOptions;
  readonly #atEnd: JobsAtEnd;
  /** Calls whose futures are not done. */
  readonly #pending = new Set<Call>();
  #calls = 0;
  #open: Promise<OpenJobSet> | undefined;
  #opened: OpenJobSet | undefined;
  #shutdown: Promise<void> | undefined;
  #broken: BrokenExecutorError | undefined;
  #onIdle: (() => void) | undefined;

  /** @throws {TypeError} for options that the batch system cannot pass on; {@link DirectoryError} */
  constructor(system: BatchSystem, options: ResolvedOptions) {
    super();
    refuseWhileLoading();
    watchExit();
    system.checkSubmitOptions(options.submit);
    system.checkPlace(options);
    checkDirectory(options.directory);
    this.#system = system;
    this.#options = options;
    this.#functions = new Functions(options.capture);
    this.#callOptions = { capture: options.capture, otherNode: options.otherNode, main: mainUrl() };
    this.#commands = new JobCommands(system, (jobIds, error) =>
      warn(
        `${jobIds.length} jobs could not be removed from the queue (${jobIds.slice(0, 10).join(' ')}…): ${String(error)}`,
      ),
    );
    this.#controls = new JobControls(system, this.#commands);
    this.#submissions = new Submissions({
      system,
      cwd: options.cwd,
      submit: options.submit,
      openJobSet: async () => (await this.#openJobSet()).jobSet,
      onWritten: (call) => this.#opened?.files.useInputs(call.input?.batch as number),
      onSubmitted: (call, jobId) => this.#opened?.tracker.track(call, jobId),
      onRefused: (call, error) => this.#refuse(call, error),
    });
    this.#resubmissions = new Resubmissions(this.#submissions);
    this.#atEnd = new JobsAtEnd({
      system,
      detachOnExit: options.detachOnExit,
      pending: this.#pending,
      submissions: this.#submissions,
      commands: this.#commands,
      opened: () => this.#opened,
      drain: async () => {
        const drained = this.#drain();
        this.#shutdown ??= drained;
        await drained;
      },
    });
  }

  /** The directory of this executor's job set, with its logs; undefined before the first submission. */
  get jobSetDirectory(): string | undefined {
    return this.#opened?.jobSet.directory;
  }

  override with(options: JobOptions): Executor {
    const executor = super.with(options);
    this.#system.checkSubmitOptions(options.submit ?? {});
    return executor;
  }

  override prepare<F extends AnyFunction>(fn: F): F {
    return this.#functions.prepare(fn);
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
    const options = mergeJobOptions(this.#options.policies, request.options);
    let encoded: EncodedRequest;
    try {
      const { timeLimit } = options;
      const callOptions = timeLimit === undefined ? this.#callOptions : { ...this.#callOptions, timeLimit };
      encoded = encodeRequest(request, this.#functions, callOptions, single);
    } catch (error) {
      return failedFuture(error);
    }
    this.#calls += 1;
    const call = new Call(this.#calls, encoded, options, single, () => this.#onCancel(call));
    call.controls = this.#controls;
    this.#pending.add(call);
    this.#atEnd.watch();
    call.future.addDoneCallback(() => this.#onDone(call));
    cancelOnAbort(call.future, request.options.signal);
    if (!call.future.done()) this.#submissions.add(call);
    return call.future;
  }

  #onCancel(call: Call): void {
    this.#opened?.tracker.onCancel(call);
  }

  #onDone(call: Call): void {
    call.tellEnd();
    this.#pending.delete(call);
    this.#checkIdle();
  }

  /** No job can start: nothing more is sent, and what waits for a job does not wait any longer. */
  #break(error: BrokenExecutorError | undefined): void {
    if (error === undefined) return;
    this.#broken = error;
    for (const call of this.#pending) {
      if (call.future.running()) continue;
      call.controller.reject(error);
      this.#onCancel(call);
    }
  }

  #releaseJob(jobId: string): void {
    const failed = (error: unknown): void =>
      warn(`The held job ${jobId} could not be released: ${String(error)}`);
    this.#commands.act(jobId, { kind: 'release' }).catch(failed);
  }

  #refuse(call: Call, error: unknown): void {
    if (call.input !== undefined) void this.#opened?.files.releaseInputs(call.input.batch);
    call.input = undefined;
    if (!call.unwanted) call.controller.reject(ownError(error, this.#options.directory));
  }

  /** Stops looking, and lets the process end, when nothing is awaited any more. */
  #checkIdle(): void {
    if (this.#pending.size > 0) return;
    void this.#atEnd.unwatch();
    const ending = this.#shutdown !== undefined && (this.#opened?.tracker.size ?? 0) > 0;
    if (!ending) this.#opened?.watch.sleep();
    this.#onIdle?.();
  }

  async #openJobSet(): Promise<OpenJobSet> {
    this.#open ??= this.#makeJobSet();
    try {
      this.#opened = await this.#open;
    } catch (error) {
      // The next submission may find the directory repaired.
      this.#open = undefined;
      throw error;
    }
    if (this.#pending.size > 0) this.#opened.watch.wake();
    return this.#opened;
  }

  async #makeJobSet(): Promise<OpenJobSet> {
    const options = this.#options;
    const { directory, setup, node, execArgv, submit } = options;
    const environment = { variables: options.environment, system: this.#system.jobVariables };
    const header = { system: this.#system.name, node, execArgv, setup, submit, keepFiles: options.keepFiles };
    const jobSet = await JobSet.create(
      directory,
      { runner: RUNNER, node, execArgv, environment, setup },
      header,
    );
    const files = new JobFiles(jobSet, options.keepFiles);
    const mode = options.watch === 'auto' ? await watchModeOf(jobSet.directory) : options.watch;
    const outcomeGrace = options.outcomeGrace ?? (mode === 'sweep' ? 15_000 : 1000);
    const tracker = new Tracker({
      system: this.#system,
      jobSet,
      files,
      outcomeGrace,
      otherNode: options.otherNode,
      isSubmitting: () => this.#submissions.busy,
      releaseJob: (jobId) => this.#releaseJob(jobId),
      resubmit: (call, retry) => this.#resubmissions.add(call, retry),
      onStarted: () => this.#breaker.onStarted(),
      onCouldNotStart: (error) => this.#break(this.#breaker.onCouldNotStart(error)),
      removeJob: (jobId) => {
        if (!this.#atEnd.removesAll) this.#commands.remove(jobId);
      },
      onGone: () => this.#checkIdle(),
    });
    const timing = { sweepInterval: options.sweepInterval, lostAfter: LOST_AFTER_GRACES * outcomeGrace };
    const watch = new JobSetWatch(
      { ...timing, directory: jobSet.directory, mode, events: this.#system.events },
      {
        onOutcome: (key) => tracker.onOutcome(key),
        onEvent: (event) => tracker.onEvent(event),
        onTick: () => tracker.onTick(),
        onLost: (error) => {
          tracker.onDirectoryLost(error);
          void watch.close();
          // Calls to come get a job set of their own.
          this.#open = undefined;
        },
      },
    );
    return { jobSet, files, tracker, watch };
  }

  /** Waits for everything that was submitted, then frees everything. */
  async #drain(): Promise<void> {
    // The caller's own tick may still cancel or look at its futures.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#until(() => this.#pending.size === 0, Infinity);
    await this.#submissions.idle();
    await this.#commands.idle();
    const opened = this.#opened;
    if (opened !== undefined) {
      const { jobSet, files, tracker, watch } = opened;
      watch.wake();
      await this.#until(() => tracker.size === 0, LEAVE_QUEUE_MS);
      await watch.close();
      if (tracker.size > 0) {
        warn(`${tracker.size} jobs have not left the queue yet, so their files stay: ${jobSet.directory}`);
      } else if (!files.keptAny) {
        await jobSet.remove().catch((error: unknown) => warn(String(error)));
      }
    }
    await this.#system.close();
  }

  async #until(condition: () => boolean, longestMs: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = longestMs === Infinity ? undefined : setTimeout(resolve, longestMs);
      this.#onIdle = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onIdle = undefined;
  }
}

/** A job that loads a module which imports the program would submit everything once more. */
function refuseWhileLoading(): void {
  if (!isLoadingModules() || process.env[JOB_VARIABLE] === undefined) return;
  throw new ShutdownError(
    'An executor is made while a job loads a module: the module imports a program that submits jobs. Remedy: move what jobs need ' +
      'to a module of its own, or submit only where the file is run itself: if (process.argv[1] === import.meta.filename)',
  );
}

/** What the filesystem says against a submission, as an error of ours that names the directory. */
function ownError(error: unknown, directory: string): unknown {
  if (error instanceof CondorFuturesError) return error;
  const message = `A call could not be written to a job set in ${directory}: ${(error as Error).message}`;
  return new DirectoryError(message, directory, { cause: error });
}

function warn(message: string): void {
  process.emitWarning(message, 'CondorFuturesWarning');
}
