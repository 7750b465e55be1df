import { inspect } from 'node:util';
import { asItIs, type Boxed } from '../base/as-it-is.ts';
import { nameOfType, showValue } from '../base/checks.ts';
import type { FutureState } from '../base/diagnostics.ts';
import { CancelledError, InvalidStateError, JobControlError } from '../base/errors.ts';
import { checkWaitOptions, waitFor, type WaitOptions } from '../base/timers.ts';
import { warn } from '../base/warn.ts';
import type { JobAction } from '../batch/batch-system.ts';
import { diskEdit, memoryEdit, methodOf } from '../batch/job-actions.ts';
import type { OutputFile, Progress } from '../job-set/call-outputs.ts';
import { cannotTravel } from '../payload/reducers.ts';
import type { FutureSource, JobControl, Usage } from './future-source.ts';

declare module '../base/errors.ts' {
  // A DependencyError has the future that failed, and base imports nothing.
  interface FailedFuture extends Future<unknown> {}
}

/** Access to private members of Future for the rest of this file, assigned in its static block. */
let internals: {
  create<T>(source: FutureSource): Future<T>;
  setState<T>(future: Future<T>, state: 'pending' | 'running'): void;
  end<T>(future: Future<T>, state: 'finished' | 'failed', outcome: unknown): void;
  sourceOf(future: Future<unknown>): FutureSource;
  errorOf(future: Future<unknown>): unknown;
};

/**
 * The handle of one call: a real Promise of the call's value, which settles exactly once. A failed future
 * that is never awaited does not end the process.
 *
 * Created by `executor.submit`; implementations of executors create it with a FutureController.
 */
export class Future<T> extends Promise<T> {
  /** `then`, `catch` and `finally` return plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #source: FutureSource;
  readonly #resolve: (value: never) => void;
  readonly #reject: (error: unknown) => void;
  #state: FutureState = 'pending';
  #error: unknown = undefined;
  #outcomeText: string | undefined;
  #callbacks: Set<() => void> | undefined;

  private constructor(source: FutureSource) {
    // Promise's static methods, such as Future.resolve(), pass a function.
    if (typeof source !== 'object')
      throw new TypeError('A Future is made by an executor; for a plain promise use Promise');
    let settlers!: [resolve: (value: T) => void, reject: (error: unknown) => void];
    super((...functions) => {
      settlers = functions;
    });
    [this.#resolve, this.#reject] = settlers;
    this.#source = source;
  }

  get state(): FutureState {
    return this.#state;
  }

  /** Whether the call has returned, thrown, been cancelled, or its job has died. */
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
   * Cancels the call: the future rejects with a CancelledError at once, and its job is removed, even while it
   * runs.
   * @param reason the `cause` of that error
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
   * @throws the error that the call threw; {@link TimeoutError}, which does not affect the job;
   * {@link CancelledError}
   */
  async result(wait: number | WaitOptions = {}): Promise<T> {
    await this.#wait(wait);
    return this.then((value) => value);
  }

  /**
   * The error that the call threw, or undefined if it returned.
   * @param wait how long to wait, in milliseconds or as options
   * @throws {TimeoutError} which does not affect the job; {@link CancelledError}
   */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
  exception(wait: number | WaitOptions = {}): Promise<unknown> {
    const find = async (): Promise<Boxed> => {
      await this.#wait(wait);
      if (this.#state === 'cancelled') throw this.#error;
      return { value: this.#error };
    };
    return asItIs(find());
  }

  /**
   * Calls `callback` with this future when it is done, at once if it is done already. An error that the
   * callback throws, or rejects with, becomes a process warning.
   * @returns a function that unregisters the callback
   */
  addDoneCallback(callback: (future: Future<T>) => unknown): () => void {
    if (typeof callback !== 'function') {
      throw new TypeError(`Expected \`callback\` to be a function, got ${showValue(callback)}`);
    }
    if (this.done()) {
      runDoneCallback(callback, this);
      return () => {};
    }
    // A function of its own, so that a callback that is added twice is called twice, as in Python.
    const entry = (): void => runDoneCallback(callback, this);
    this.#callbacks ??= new Set();
    this.#callbacks.add(entry);
    return () => {
      this.#callbacks?.delete(entry);
      if (this.#callbacks?.size === 0) this.#callbacks = undefined;
    };
  }

  /** The job's id in the batch system, `cluster.proc` on HTCondor; undefined until it is submitted. */
  get jobId(): string | undefined {
    return this.#source.jobId;
  }

  /** The machine on which the job runs or ran, once known. */
  get host(): string | undefined {
    return this.#source.host;
  }

  /** Time and memory that the call used; undefined until it has an outcome. */
  get usage(): Usage | undefined {
    return this.#source.usage;
  }

  /** Number of jobs that were submitted for this call so far: more than one with `retries`. */
  get attempts(): number {
    return this.#source.attempts;
  }

  /**
   * The call's standard output so far, also while it runs. Only the last 4 KiB once its files have been
   * deleted (`keepFiles`).
   */
  async stdout(): Promise<string> {
    return this.#source.stdout();
  }

  /** The call's standard error, like {@link stdout}. */
  async stderr(): Promise<string> {
    return this.#source.stderr();
  }

  /**
   * The files that the call's last attempt has sent back with outputFile(); all of them once the future is
   * done. They stay until their directory is deleted, also after a shutdown.
   */
  async outputFiles(): Promise<readonly OutputFile[]> {
    return (await this.#source.outputFiles?.()) ?? [];
  }

  /**
   * The call's last report by `progress()`; undefined if there is none, or its files have been deleted
   * (`keepFiles`).
   */
  async progress(): Promise<Progress | undefined> {
    return this.#source.progress?.();
  }

  /**
   * Puts the job on hold: it leaves its machine and stays in the queue until {@link release}, and then starts
   * from the beginning. The future is pending meanwhile.
   *
   * Like the methods below, waits until the job is submitted, and resolves when the batch system has accepted
   * the request.
   * @param reason the hold reason that the queue shows
   * @throws {JobControlError} if the batch system refuses; {@link CommandError}; {@link InvalidStateError} if
   * the future is done
   */
  async hold(reason?: string): Promise<void> {
    if (reason !== undefined && typeof reason !== 'string')
      throw new TypeError(`Expected \`reason\` to be a string, got ${showValue(reason)}`);
    await this.#act({ kind: 'hold', reason });
  }

  /** Releases a held job, so that it runs again. @throws the errors of {@link hold} */
  async release(): Promise<void> {
    await this.#act({ kind: 'release' });
  }

  /**
   * Removes a running job from its machine; it restarts there or on another.
   * @throws the errors of {@link hold}
   */
  async vacate(): Promise<void> {
    await this.#act({ kind: 'vacate' });
  }

  /**
   * Stops the processes of a running job on their machine, until {@link continue}. The future stays running.
   * @throws the errors of {@link hold}
   */
  async suspend(): Promise<void> {
    await this.#act({ kind: 'suspend' });
  }

  /** Continues a suspended job. @throws the errors of {@link hold} */
  async continue(): Promise<void> {
    await this.#act({ kind: 'continue' });
  }

  /**
   * Changes the memory request of the job, and of the call's later attempts. A running job keeps its memory
   * until it restarts.
   * @param amount a number of MiB, or text such as `'2GB'`, as in `request_memory`
   * @throws the errors of {@link hold}; {@link TypeError}
   */
  async setMemory(amount: number | string): Promise<void> {
    await this.#act(memoryEdit(amount));
  }

  /**
   * Changes the disk request, like {@link setMemory}.
   * @param amount a number of KiB, or text such as `'2GB'`, as in `request_disk`
   * @throws the errors of {@link setMemory}
   */
  async setDisk(amount: number | string): Promise<void> {
    await this.#act(diskEdit(amount));
  }

  /**
   * The batch system's explanation why the job does not run (`condor_q -better-analyze`), or how it ended, if
   * it has left the queue.
   * @throws {JobControlError} if the batch system does not know the job; {@link CommandError}
   */
  async analyze(): Promise<string> {
    return requireControl(this.#source, 'analyze').analyze();
  }

  /**
   * All attributes of the job by their HTCondor names, also after it has left the queue.
   * @throws the errors of {@link analyze}
   */
  async classAd(): Promise<Readonly<Record<string, unknown>>> {
    return requireControl(this.#source, 'classAd').classAd();
  }

  override get [Symbol.toStringTag](): string {
    return 'Future';
  }

  async #act(action: JobAction): Promise<void> {
    const name = methodOf(action);
    if (this.done()) throw new InvalidStateError(`The future is ${this.#state} already: nothing to ${name}`);
    await requireControl(this.#source, name).act(action);
  }

  async #wait(wait: number | WaitOptions): Promise<void> {
    const options = checkWaitOptions('result()', wait);
    if (this.done()) return;
    const late = (): string => `The call is still ${this.#state} after ${String(options.timeout)} ms`;
    const settled = this.then(
      () => {},
      () => {},
    );
    await waitFor(settled, options, late);
  }

  #assertOpen(): void {
    if (this.done()) throw new InvalidStateError(`The future is ${this.#state} already`);
  }

  #end(state: 'finished' | 'failed' | 'cancelled', outcome: unknown): void {
    this.#assertOpen();
    this.#state = state;
    // An error that is never handled must not end the process with an unhandledRejection; a value may be a
    // promise that rejects.
    if (state !== 'finished' || ['object', 'function'].includes(typeof outcome)) super.catch(() => {});
    if (state === 'finished') {
      this.#outcomeText = `returned ${nameOfType(outcome)}`;
      this.#resolve(outcome as never);
    } else {
      this.#error = outcome;
      this.#outcomeText = state === 'failed' ? `raised ${nameOfType(outcome)}` : undefined;
      this.#reject(outcome);
    }
    this.#source.onDone?.();
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    // One by one, because a callback may unregister later ones.
    for (const callback of callbacks) if (callbacks.delete(callback)) callback();
    this.#callbacks = undefined;
  }

  static {
    cannotTravel(this, 'a Future', 'Await it, and send what it gives.');
    Reflect.defineProperty(this.prototype, inspect.custom, {
      value(this: Future<unknown>) {
        const job = this.jobId === undefined ? '' : ` job ${this.jobId}`;
        return `Future {${job} ${this.#state}${this.#outcomeText === undefined ? '' : ` ${this.#outcomeText}`} }`;
      },
    });
    internals = {
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

/** A future of any value. */
export type AnyFuture = Future<unknown>;

/** Creates a future and settles it, for implementations of executors. */
export class FutureController<T> {
  readonly future: Future<T>;

  constructor(source: FutureSource) {
    this.future = internals.create<T>(source);
  }

  /**
   * Reports that the job has started, or is back in the queue, as after an eviction.
   * @throws {InvalidStateError} if the future is done
   */
  setState(state: 'pending' | 'running'): void {
    internals.setState(this.future, state);
  }

  /** @throws {InvalidStateError} if the future is done */
  resolve(value: T): void {
    internals.end(this.future, 'finished', value);
  }

  /** @throws {InvalidStateError} if the future is done */
  reject(error: unknown): void {
    internals.end(this.future, 'failed', error);
  }
}

/** The source with which an executor created a future. */
export function sourceOf(future: AnyFuture): FutureSource {
  return internals.sourceOf(future);
}

/** The error with which a failed or cancelled future has rejected. */
export function errorOf(future: AnyFuture): unknown {
  return internals.errorOf(future);
}

/** @throws {JobControlError} if no batch system runs the call */
function requireControl({ control, jobId }: FutureSource, action: string): JobControl {
  if (control === undefined) throw new JobControlError(action, jobId, 'no batch system has a job for it');
  return control;
}

function runDoneCallback<F>(callback: (future: F) => unknown, future: F): void {
  const onError = (error: unknown): void =>
    warn(`A done callback of ${inspect(future)} failed: ${inspect(error)}`);
  try {
    const returned = callback(future);
    if (returned instanceof Promise) returned.catch(onError);
  } catch (error) {
    onError(error);
  }
}
