import { showValue } from '../base/checks.ts';
import { checkWaitOptions, limitWait, type WaitOptions } from '../base/timers.ts';
import type { AnyFuture } from './future.ts';

const RETURN_WHEN = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'] as const;

/** Condition on which `wait` returns. FIRST_EXCEPTION means a failed call; a cancelled one does not count. */
export type ReturnWhen = (typeof RETURN_WHEN)[number];

/** The futures passed to `wait`, each once. */
export interface WaitResult<F> {
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

/**
 * Waits for futures of any executors. Never rejects because of a failed call or the timeout: futures that are
 * not done by then are in `notDone`.
 * @param options a timeout in milliseconds, or options
 * @throws {RangeError} if `returnWhen` is none of its values; the signal's reason, if the signal aborts the
 * wait
 */
export async function wait<F extends AnyFuture>(
  futures: Iterable<F>,
  options: number | (WaitOptions & { readonly returnWhen?: ReturnWhen | undefined }) = {},
): Promise<WaitResult<F>> {
  const limits = checkWaitOptions('wait()', options, { returnWhen: [] });
  const { returnWhen = 'ALL_COMPLETED' } = typeof options === 'object' ? options : {};
  if (!RETURN_WHEN.includes(returnWhen)) {
    throw new RangeError(
      `Expected \`returnWhen\` to be one of ${RETURN_WHEN.join(', ')}, got ${showValue(returnWhen)}`,
    );
  }
  limits.signal?.throwIfAborted();
  const notDone = new Set(checkFutures(futures));
  const done = new Set<F>();
  let hasFailed = false;
  const onDone = (future: F): void => {
    notDone.delete(future);
    done.add(future);
    hasFailed ||= future.state === 'failed';
  };
  const isEnough = (): boolean =>
    notDone.size === 0 ||
    (returnWhen === 'FIRST_COMPLETED' && done.size > 0) ||
    (returnWhen === 'FIRST_EXCEPTION' && hasFailed);
  for (const future of notDone) if (future.done()) onDone(future);
  if (isEnough()) return { done, notDone };
  return new Promise((resolve, reject) => {
    const unregister = (): void => {
      for (const remove of callbacks) remove();
    };
    const finish = (): void => {
      stop();
      unregister();
      resolve({ done, notDone });
    };
    const stop = limitWait(limits, finish, (reason) => {
      unregister();
      reject(reason);
    });
    const callbacks = [...notDone].map((future) =>
      future.addDoneCallback(() => {
        onDone(future);
        if (isEnough()) finish();
      }),
    );
  });
}

/**
 * Yields the futures after a check. They may be of any executor, also of another copy of this package.
 * @throws {TypeError} if they are not iterable, or one is not a future
 */
export function* checkFutures<F extends AnyFuture>(futures: Iterable<F>): Generator<F> {
  if (typeof (futures as Partial<Iterable<F>> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`Expected \`futures\` to be an iterable of futures, got ${showValue(futures)}`);
  }
  for (const future of futures) {
    if (typeof (future as Partial<F> | null)?.addDoneCallback !== 'function') {
      throw new TypeError(`Expected \`futures\` to hold futures only, got ${showValue(future)}`);
    }
    yield future;
  }
}
