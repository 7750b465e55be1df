import { TimeoutError } from './errors.ts';
import type { Future } from './future.ts';
import { showValue } from './options.ts';
import { checkTimeout, startTimer, type WaitOptions } from './timeout.ts';

const RETURN_WHEN = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'] as const;

/** What `wait` waits for. FIRST_EXCEPTION means a call that failed; a cancelled one does not count. */
export type ReturnWhen = (typeof RETURN_WHEN)[number];

/** The futures given to `wait`, each once. */
export interface WaitResult<F> {
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

type AnyFuture = Future<unknown>;

/**
 * Waits for futures, of any executors. Never rejects because of a call, nor because of its timeout: what is not done by then
 * is in `notDone`.
 * @throws {RangeError} if `returnWhen` is none of its values; the signal's reason, if it aborts the wait
 */
export async function wait<F extends AnyFuture>(
  futures: Iterable<F>,
  options: WaitOptions & { readonly returnWhen?: ReturnWhen } = {},
): Promise<WaitResult<F>> {
  const { returnWhen = 'ALL_COMPLETED', signal } = options;
  if (!RETURN_WHEN.includes(returnWhen)) {
    throw new RangeError(
      `Expected \`returnWhen\` to be one of ${RETURN_WHEN.join(', ')}, got ${showValue(returnWhen)}`,
    );
  }
  const timeout = checkTimeout(options.timeout);
  signal?.throwIfAborted();
  const done = new Set<F>();
  const notDone = new Set<F>();
  for (const future of futures) (future.done() ? done : notDone).add(future);
  const isEnough = (): boolean => {
    if (notDone.size === 0) return true;
    if (returnWhen === 'FIRST_COMPLETED') return done.size > 0;
    return returnWhen === 'FIRST_EXCEPTION' && [...done].some((future) => future.state === 'failed');
  };
  if (isEnough()) return { done, notDone };
  return new Promise((resolve, reject) => {
    const end = (): void => {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
      for (const detach of detachers) detach();
    };
    const finish = (): void => {
      end();
      resolve({ done, notDone });
    };
    const onAbort = (): void => {
      end();
      reject(signal?.reason as Error);
    };
    const stopTimer = startTimer(timeout, finish);
    signal?.addEventListener('abort', onAbort, { once: true });
    const detachers = [...notDone].map((future) =>
      future.addDoneCallback(() => {
        notDone.delete(future);
        done.add(future);
        const triggers =
          notDone.size === 0 ||
          returnWhen === 'FIRST_COMPLETED' ||
          (returnWhen === 'FIRST_EXCEPTION' && future.state === 'failed');
        if (triggers) finish();
      }),
    );
  });
}

/**
 * Yields each future once it is done, in the order in which they complete; those done already come first. Yields failed and
 * cancelled futures too, and never throws a call's error: `await` the future for that. Leaving the loop detaches everything.
 * @param options.timeout milliseconds from this call, not from the first `next()`
 * @throws {TimeoutError} while iterating, after the futures that were done in time
 */
export function asCompleted<F extends AnyFuture>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): AsyncIterableIterator<F> & AsyncDisposable {
  return new Completions(futures, options);
}

class Completions<F extends AnyFuture> implements AsyncIterableIterator<F>, AsyncDisposable {
  readonly #total: number;
  /** Done, not yet yielded. */
  readonly #ready: F[] = [];
  readonly #pending = new Map<F, () => void>();
  /** Calls of next() that wait for a future. */
  readonly #waiting: { resolve(result: IteratorResult<F, undefined>): void; reject(error: unknown): void }[] =
    [];
  readonly #stop: () => void;
  #failure: { error: unknown } | undefined;

  constructor(futures: Iterable<F>, options: WaitOptions) {
    const timeout = checkTimeout(options.timeout);
    const { signal } = options;
    const unique = new Set(futures);
    this.#total = unique.size;
    for (const future of unique) {
      if (future.done()) this.#ready.push(future);
      else
        this.#pending.set(
          future,
          future.addDoneCallback(() => this.#complete(future)),
        );
    }
    const onAbort = (): void => this.#fail(signal?.reason);
    const stopTimer = startTimer(this.#pending.size === 0 ? Infinity : timeout, () => {
      this.#fail(new TimeoutError(`${this.#pending.size} (of ${this.#total}) futures unfinished`));
    });
    this.#stop = (): void => {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
      for (const detach of this.#pending.values()) detach();
      this.#pending.clear();
    };
    if (signal?.aborted) this.#fail(signal.reason);
    else signal?.addEventListener('abort', onAbort, { once: true });
  }

  async next(): Promise<IteratorResult<F, undefined>> {
    const future = this.#ready.shift();
    if (future !== undefined) return { value: future, done: false };
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#pending.size === 0) {
      this.#stop();
      return { value: undefined, done: true };
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<F, undefined>> {
    this.#stop();
    this.#ready.length = 0;
    this.#failure = undefined;
    this.#endWaiting();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #complete(future: F): void {
    this.#pending.delete(future);
    const next = this.#waiting.shift();
    if (next === undefined) this.#ready.push(future);
    else next.resolve({ value: future, done: false });
    if (this.#pending.size === 0) {
      this.#stop();
      this.#endWaiting();
    }
  }

  #fail(error: unknown): void {
    this.#stop();
    const next = this.#waiting.shift();
    if (next === undefined) this.#failure = { error };
    else next.reject(error);
    this.#endWaiting();
  }

  #endWaiting(): void {
    for (const next of this.#waiting.splice(0)) next.resolve({ value: undefined, done: true });
  }
}
