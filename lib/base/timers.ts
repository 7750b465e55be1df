import { checkOptions, checkSignal, type OptionTable, showValue } from './checks.ts';
import { TimeoutError } from './errors.ts';

/** The limits of a wait. A wait that ends early does not touch the futures and jobs that it waited for. */
export interface WaitOptions {
  /**
   * Milliseconds; with 0 the wait only looks at what has happened already.
   * @default Infinity
   */
  readonly timeout?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks what a wait was given: a timeout in milliseconds, or options.
 * @throws {TypeError} {@link RangeError}
 */
export function checkWaitOptions(
  owner: string,
  wait: number | WaitOptions,
  more: OptionTable = {},
): WaitOptions {
  const options = typeof wait === 'number' ? { timeout: wait } : wait;
  checkOptions(owner, options, { timeout: ['number'], signal: [], ...more });
  checkTimeout(options.timeout);
  checkSignal(owner, options.signal);
  return options;
}

/** The longest delay that Node's timers take; longer ones would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Checks a timeout given by the user; none means Infinity.
 * @throws {TypeError} if it is no number, {@link RangeError} if it is NaN
 */
export function checkTimeout(timeout: unknown): number {
  if (timeout === undefined) return Infinity;
  if (typeof timeout !== 'number') {
    throw new TypeError(`Expected \`timeout\` to be a number of milliseconds, got ${showValue(timeout)}`);
  }
  if (Number.isNaN(timeout))
    throw new RangeError('Expected `timeout` to be a number of milliseconds, got `NaN`');
  return timeout;
}

/**
 * Calls back once, `timeout` milliseconds from now; never, for Infinity.
 * @returns a function that cancels the timer
 */
export function startTimer(timeout: number, callback: () => void): () => void {
  if (timeout === Infinity) return () => {};
  const deadline = performance.now() + Math.max(0, timeout);
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const left = deadline - performance.now();
    timer = setTimeout(left > LONGEST_TIMER ? arm : callback, Math.min(Math.max(0, left), LONGEST_TIMER));
  };
  arm();
  return () => clearTimeout(timer);
}

/**
 * Calls back once, when the timeout is over or the signal aborts, whichever is first.
 * @returns a function that cancels both
 */
export function limitWait(
  { timeout = Infinity, signal }: WaitOptions,
  onTimeout: () => void,
  onAbort: (reason: unknown) => void,
): () => void {
  const stop = (): void => {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    stop();
    onAbort(signal?.reason);
  };
  const stopTimer = startTimer(timeout, () => {
    stop();
    onTimeout();
  });
  signal?.addEventListener('abort', abort, { once: true });
  return stop;
}

/**
 * Waits for a promise, but no longer than the options say.
 * @param describe makes the text of the TimeoutError
 */
export async function waitFor<T>(
  promise: PromiseLike<T>,
  options: WaitOptions,
  describe: () => string,
): Promise<T> {
  options.signal?.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const stop = limitWait(options, () => reject(new TimeoutError(describe())), reject);
    promise.then(resolve, reject).then(stop, stop);
  });
}
