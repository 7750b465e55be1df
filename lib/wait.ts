import { checkFutures } from './check-futures.ts';
import type { AnyFuture } from './future.ts';
import { showValue } from './options.ts';
import { checkWaitOptions, startTimer, type WaitOptions } from './timeout.ts';

const RETURN_WHEN = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'] as const;

/** What `wait` waits for. FIRST_EXCEPTION means a call that failed; a cancelled one does not count. */
export type ReturnWhen = (typeof RETURN_WHEN)[number];

/** The futures given to `wait`, each once. */
export interface WaitResult<F> {
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

/**
 * Waits for futures, of any executors. Never rejects because of a call, nor because of its timeout: what is not done by then
 * is in `notDone`.
 * @param options how long to wait, in milliseconds or as options
 * @throws {RangeError} if `returnWhen` is none of its values; the signal's reason, if it aborts the wait
 */
export async function wait<F extends AnyFuture>(
  futures: Iterable<F>,
  options: number | (WaitOptions & { readonly returnWhen?: ReturnWhen | undefined }) = {},
): Promise<WaitResult<F>> {
  const { timeout = Infinity, signal } = checkWaitOptions('wait()', options, { returnWhen: [] });
  const { returnWhen = 'ALL_COMPLETED' } = typeof options === 'object' ? options : {};
  if (!RETURN_WHEN.includes(returnWhen)) {
    throw new RangeError(
      `Expected \`returnWhen\` to be one of ${RETURN_WHEN.join(', ')}, got ${showValue(returnWhen)}`,
    );
  }
  signal?.throwIfAborted();
  const done = new Set<F>();
  const notDone = new Set<F>();
  for (const future of checkFutures(futures)) (future.done() ? done : notDone).add(future);
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
