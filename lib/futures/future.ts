import { inspect } from 'node:util';
import { nameOfType, showValue } from '../base/checks.ts';
import type { FutureState } from '../base/diagnostics.ts';
import { CancelledError, InvalidStateError, JobControlError } from '../base/errors.ts';
import { checkWaitOptions, waitFor, type WaitOptions } from '../base/timers.ts';
import type { JobAction } from '../batch/batch-system.ts';
import { diskEdit, memoryEdit, methodOf } from '../batch/job-actions.ts';
import type { OutputFile, Progress } from '../job-set/call-outputs.ts';
import { cannotTravel } from '../payload/reducers.ts';
import type { FutureSource, JobControl, Usage } from './future-source.ts';

/** The half of Future that only executors use, out of the reach of users: see FutureController. */
export let control: {
  create<T>(source: FutureSource): Future<T>;
  setState<T>(future: Future<T>, state: 'pending' | 'running'): void;
  end<T>(future: Future<T>, state: 'finished' | 'failed', outcome: unknown): void;
  sourceOf(future: Future<unknown>): FutureSource;
  /** What a future that failed, or was cancelled, rejects with. */
  errorOf(future: Future<unknown>): unknown;
};

/**
 * The handle of one call. It is a real Promise of the call's value, so `await` it; it settles exactly once. A failed future
 * that nobody awaits does not end the process.
 *
 * Made by `executor.submit`; whoever writes an executor makes it with a FutureController.
 */
export class Future<T> extends Promise<T> {
  /** What `then`, `catch` and `finally` return are plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #source: FutureSource;
  readonly #resolve: (value: never) => void;
  readonly #reject: (error: unknown) => void;
  #state: FutureState = 'pending';
  #error: unknown = undefined;
  #returned: string | undefined;
  #callbacks: Set<() => void> | undefined;

  private constructor(source: FutureSource) {
    // Promise's own statics, such as Future.resolve(), come here with a function.
    if (typeof source !== 'object')
      throw new TypeError('A Future is made by an executor; for a plain promise use Promise');
    let settlers!: [resolve: (value: T) => void, reject: (error: unknown) => void];
    super((...given) => {
      settlers = given;
    });
    [this.#resolve, this.#reject] = settlers;
    this.#source = source;
  }

  get state(): FutureState {
    return this.#state;
  }

  /** Whether the call has returned, thrown, died or been cancelled. */
  done(): boolean {
    return this.#state !== 'pending' && this.#state !== 'running';
  }

  running(): boolean {
    return this.#state === 'running';
  }

  cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /**
   * Gives the call up: the future rejects with a CancelledError at once, and its job is removed, also while it runs.
   * @returns whether the future is cancelled now; false only if it was done before
   */
  cancel(reason?: unknown): boolean {
    if (this.#state === 'cancelled') return true;
    if (this.done()) return false;
    const options = reason === undefined ? undefined : { cause: reason };
    this.#end('cancelled', new CancelledError('The call was cancelled', options));
    this.#source.onCancel();
    return true;
  }

  /**
   * The call's value.
   * @param wait how long to wait, in milliseconds or as options
   * @throws what the call threw; TimeoutError, which leaves the job alone; CancelledError
   */
  async result(wait: number | WaitOptions = {}): Promise<T> {
    await this.#wait(wait);
    return this.then((value) => value);
  }

  /**
   * What the call threw, or undefined if it returned.
   * @throws {TimeoutError} which leaves the job alone; CancelledError
   */
  async exception(wait: number | WaitOptions = {}): Promise<unknown> {
    await this.#wait(wait);
    if (this.#state === 'cancelled') throw this.#error;
    return this.#error;
  }

  /**
   * Calls `callback` with this future once it is done; at once if it is done already. What the callback throws, or rejects
   * with, becomes a process warning and harms nothing else.
   * @returns how to take the callback back
   */
  addDoneCallback(callback: (future: Future<T>) => unknown): () => void {
    if (typeof callback !== 'function') {
      throw new TypeError(`Expected \`callback\` to be a function, got ${showValue(callback)}`);
    }
    if (this.done()) {
      runDoneCallback(callback, this);
      return () => {};
    }
    // Its own function, so that adding one callback twice calls it twice, as Python does.
    const entry = (): void => runDoneCallback(callback, this);
    this.#callbacks ??= new Set();
    this.#callbacks.add(entry);
    return () => {
      this.#callbacks?.delete(entry);
      if (this.#callbacks?.size === 0) this.#callbacks = undefined;
    };
  }

  /** The id that the batch system gave the job, `cluster.proc` on HTCondor; undefined until it is submitted. */
  get jobId(): string | undefined {
    return this.#source.jobId;
  }

  /** The machine that the job runs or ran on, once known. */
  get host(): string | undefined {
    return this.#source.host;
  }

  /** What the call used, once it has an outcome. */
  get usage(): Usage | undefined {
    return this.#source.usage;
  }

  /** How many jobs were submitted for this call so far: more than one with `retries`. */
  get attempts(): number {
    return this.#source.attempts;
  }

  /**
   * What the call has written to its stdout so far, also while it runs. Once its files have been removed (`keepFiles`), the
   * last 4 KiB.
   */
  async stdout(): Promise<string> {
    return this.#source.stdout();
  }

  /** As {@link stdout}. */
  async stderr(): Promise<string> {
    return this.#source.stderr();
  }

  /**
   * The files that the call has sent back with outputFile(), of its last attempt: all of them once the future is done. They stay until their
   * directory is removed, also after a shutdown.
   */
  async outputFiles(): Promise<readonly OutputFile[]> {
    return (await this.#source.outputFiles?.()) ?? [];
  }

  /** What the call has told last by `progress()`; undefined if it has told nothing, or its files have been removed (`keepFiles`). */
  async progress(): Promise<Progress | undefined> {
    return this.#source.progress?.();
  }

  /**
   * Puts the job on hold: it gives up its machine, if it has one, and stays in the queue until {@link release}; then it begins anew.
   * The future is pending meanwhile. As all that follow, waits for the job to be submitted, and resolves when the batch system has
   * accepted it.
   * @param reason for those who look at the queue
   * @throws {JobControlError} if the batch system refuses; {@link InvalidStateError} if the future is done; {@link CommandError}
   */
  async hold(reason?: string): Promise<void> {
    if (reason !== undefined && typeof reason !== 'string')
      throw new TypeError(`Expected \`reason\` to be a string, got ${showValue(reason)}`);
    await this.#act({ kind: 'hold', reason });
  }

  /** Lets a held job run again. @throws as {@link hold} */
  async release(): Promise<void> {
    await this.#act({ kind: 'release' });
  }

  /** Takes a running job off its machine; it begins anew, there or elsewhere. @throws as {@link hold} */
  async vacate(): Promise<void> {
    await this.#act({ kind: 'vacate' });
  }

  /** Stops the processes of a running job where they are, until {@link continue}. The future stays running. @throws as {@link hold} */
  async suspend(): Promise<void> {
    await this.#act({ kind: 'suspend' });
  }

  /** Lets a suspended job go on. @throws as {@link hold} */
  async continue(): Promise<void> {
    await this.#act({ kind: 'continue' });
  }

  /**
   * Changes how much memory the job asks for, and the call's later attempts. One that runs keeps what it has until it begins anew.
   * @param amount in MiB, or text such as `'2GB'`, as `request_memory` takes it. @throws as {@link hold}; {@link TypeError}
   */
  async setMemory(amount: number | string): Promise<void> {
    await this.#act(memoryEdit(amount));
  }

  /** The same of disk; a number is one of KiB, as `request_disk` takes it. @throws as {@link setMemory} */
  async setDisk(amount: number | string): Promise<void> {
    await this.#act(diskEdit(amount));
  }

  /**
   * Why the job does not run, in the batch system's words (`condor_q -better-analyze`); what became of it, if it has left the queue.
   * @throws {JobControlError} if the batch system knows nothing of the job; {@link CommandError}
   */
  async analyze(): Promise<string> {
    return controlOf(this.#source, 'analyze').analyze();
  }

  /** All attributes of the job, by HTCondor's names; also of one that has left the queue. @throws as {@link analyze} */
  async classAd(): Promise<Readonly<Record<string, unknown>>> {
    return controlOf(this.#source, 'classAd').classAd();
  }

  override get [Symbol.toStringTag](): string {
    return 'Future';
  }

  async #act(action: JobAction): Promise<void> {
    const name = methodOf(action);
    if (this.done()) throw new InvalidStateError(`The future is ${this.#state} already: nothing to ${name}`);
    await controlOf(this.#source, name).act(action);
  }

  async #wait(wait: number | WaitOptions): Promise<void> {
    const options = checkWaitOptions('result()', wait);
    if (this.done()) return;
    const late = (): string => `The call is still ${this.#state} after ${String(options.timeout)} ms`;
    await waitFor(this.then(ignore, ignore), options, late);
  }

  #assertOpen(): void {
    if (this.done()) throw new InvalidStateError(`The future is ${this.#state} already`);
  }

  #end(state: 'finished' | 'failed' | 'cancelled', outcome: unknown): void {
    this.#assertOpen();
    this.#state = state;
    // A failure that nobody looks at must not end the process with an unhandledRejection; a value can be a promise of one.
    if (state !== 'finished' || ['object', 'function'].includes(typeof outcome)) super.catch(ignore);
    if (state === 'finished') {
      this.#returned = `returned ${nameOfType(outcome)}`;
      this.#resolve(outcome as never);
    } else {
      this.#error = outcome;
      this.#returned = state === 'failed' ? `raised ${nameOfType(outcome)}` : undefined;
      this.#reject(outcome);
    }
    this.#source.onDone?.();
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    // One by one, so that a callback can take back those after it.
    for (const callback of callbacks) if (callbacks.delete(callback)) callback();
    this.#callbacks = undefined;
  }

  static {
    cannotTravel(this, 'a Future', 'Await it, and send what it gives.');
    Reflect.defineProperty(this.prototype, inspect.custom, {
      value(this: Future<unknown>) {
        const job = this.jobId === undefined ? '' : ` job ${this.jobId}`;
        return `Future {${job} ${this.#state}${this.#returned === undefined ? '' : ` ${this.#returned}`} }`;
      },
    });
    control = {
      create: (source) => new Future(source),
      setState: (future, state) => {
        future.#assertOpen();
        future.#state = state;
      },
      end: (future, state, outcome) => future.#end(state, outcome),
      sourceOf: (future) => future.#source,
      errorOf: (future) => future.#error,
    };
  }
}

/** A future of whatever value. */
export type AnyFuture = Future<unknown>;

function ignore(): void {}

/** Makes a future and settles it: for those who write an executor. */
export class FutureController<T> {
  readonly future: Future<T>;

  constructor(source: FutureSource) {
    this.future = control.create<T>(source);
  }

  /**
   * The job has started; or it is back in the queue, after an eviction.
   * @throws {InvalidStateError} if the future is done
   */
  setState(state: 'pending' | 'running'): void {
    control.setState(this.future, state);
  }

  /** @throws {InvalidStateError} if the future is done */
  resolve(value: T): void {
    control.end(this.future, 'finished', value);
  }

  /** @throws {InvalidStateError} if the future is done */
  reject(error: unknown): void {
    control.end(this.future, 'failed', error);
  }
}

/** @throws {JobControlError} if no batch system runs the call */
export function controlOf(source: FutureSource, action: string): JobControl {
  const { control: jobControl, jobId } = source;
  if (jobControl === undefined) throw new JobControlError(action, jobId, 'no batch system has a job for it');
  return jobControl;
}

/** Calls a done callback of a future. What it throws, or rejects with, becomes a process warning. */
export function runDoneCallback<F>(callback: (future: F) => unknown, future: F): void {
  const warn = (error: unknown): void =>
    process.emitWarning(
      `A done callback of ${inspect(future)} failed: ${inspect(error)}`,
      'CondorFuturesWarning',
    );
  try {
    const returned = callback(future);
    if (returned instanceof Promise) returned.catch(warn);
  } catch (error) {
    warn(error);
  }
}
