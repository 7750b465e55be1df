import { inspect } from 'node:util';
import { CancelledError, InvalidStateError } from './errors.ts';
import { showValue } from './options.ts';
import { cannotTravel } from './payload/untransferable.ts';
import { checkWaitOptions, waitFor, type WaitOptions } from './timeout.ts';

/**
 * Where a call stands. `pending`: not started yet; `running`: its job has started; `finished`: it returned; `failed`: it
 * threw, or its job died; `cancelled`.
 */
export type FutureState = 'pending' | 'running' | 'finished' | 'failed' | 'cancelled';

/** What one call used on the machine that ran it. */
export interface Usage {
  /** When the call began and ended, by the clock of the machine that ran it. */
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Processor time of the job's process, in milliseconds. */
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** The largest resident set of the job's process. */
  readonly peakMemoryBytes: number;
  readonly pid: number;
  /** Node's version there, such as `v20.19.0`. */
  readonly nodeVersion: string;
}

/** What a future asks of the executor that made it. */
export interface FutureSource {
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly usage: Usage | undefined;
  readonly attempts: number;
  stdout(): Promise<string>;
  stderr(): Promise<string>;
  /** Called once, when the future has become cancelled. */
  onCancel(): void;
}

/** The half of Future that only executors use, out of the reach of users. */
let control: {
  create<T>(source: FutureSource): Future<T>;
  setState<T>(future: Future<T>, state: 'pending' | 'running'): void;
  end<T>(future: Future<T>, state: 'finished' | 'failed', outcome: unknown): void;
};

/**
 * The handle of one call. It is a real Promise of the call's value, so `await` it; it settles exactly once. A failed future
 * that nobody awaits does not end the process.
 *
 * Made by `executor.submit`; whoever writes an executor makes it with a {@link FutureController}.
 */
export class Future<T> extends Promise<T> {
  /** What `then`, `catch` and `finally` return are plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #source: FutureSource;
  readonly #settle: { resolve(value: T): void; reject(error: unknown): void };
  #state: FutureState = 'pending';
  #error: unknown = undefined;
  #returned: string | undefined;
  #callbacks: Set<() => void> | undefined;

  private constructor(source: FutureSource) {
    // Promise's own statics, such as Future.resolve(), come here with a function.
    if (typeof source !== 'object')
      throw new TypeError('A Future is made by an executor; for a plain promise use Promise');
    let settle!: { resolve(value: T): void; reject(error: unknown): void };
    super((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#settle = settle;
    this.#source = source;
    // A failure that nobody looks at must not end the process with an unhandledRejection.
    super.catch(() => {});
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
    this.#end(
      'cancelled',
      new CancelledError('The call was cancelled', reason === undefined ? undefined : { cause: reason }),
    );
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
      this.#call(callback);
      return () => {};
    }
    // Its own function, so that adding one callback twice calls it twice, as Python does.
    const entry = (): void => this.#call(callback);
    this.#callbacks ??= new Set();
    this.#callbacks.add(entry);
    return () => this.#callbacks?.delete(entry);
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

  override get [Symbol.toStringTag](): string {
    return 'Future';
  }

  #inspect(): string {
    const job = this.jobId === undefined ? '' : ` job ${this.jobId}`;
    return `Future {${job} ${this.#state}${this.#returned === undefined ? '' : ` ${this.#returned}`} }`;
  }

  async #wait(wait: number | WaitOptions): Promise<void> {
    const options = checkWaitOptions('result()', wait);
    if (this.done()) return;
    const settled = this.then(
      () => {},
      () => {},
    );
    await waitFor(
      settled,
      options,
      () => `The call is still ${this.#state} after ${String(options.timeout)} ms`,
    );
  }

  #end(state: 'finished' | 'failed' | 'cancelled', outcome: unknown): void {
    if (this.done()) throw new InvalidStateError(`The future is ${this.#state} already`);
    this.#state = state;
    if (state === 'finished') {
      this.#returned = `returned ${nameOfType(outcome)}`;
      this.#settle.resolve(outcome as T);
    } else {
      this.#error = outcome;
      this.#returned = state === 'failed' ? `raised ${nameOfType(outcome)}` : undefined;
      this.#settle.reject(outcome);
    }
    const callbacks = this.#callbacks ?? new Set();
    // One by one, so that a callback can take back those after it.
    for (const callback of callbacks) if (callbacks.delete(callback)) callback();
  }

  #call(callback: (future: Future<T>) => unknown): void {
    const warn = (error: unknown): void =>
      process.emitWarning(
        `A done callback of ${inspect(this)} failed: ${inspect(error)}`,
        'CondorFuturesWarning',
      );
    try {
      const returned = callback(this);
      if (returned instanceof Promise) returned.catch(warn);
    } catch (error) {
      warn(error);
    }
  }

  static {
    cannotTravel(this, 'a Future', 'Await it, and send what it gives.');
    Reflect.defineProperty(this.prototype, inspect.custom, {
      value(this: Future<unknown>) {
        return this.#inspect();
      },
    });
    control = {
      create: (source) => new Future(source),
      setState: (future, state) => {
        if (future.done()) throw new InvalidStateError(`The future is ${future.#state} already`);
        future.#state = state;
      },
      end: (future, state, outcome) => future.#end(state, outcome),
    };
  }
}

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

/** A future of whatever value. */
export type AnyFuture = Future<unknown>;

function nameOfType(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return (value.constructor as { name?: string } | undefined)?.name ?? 'object';
}
