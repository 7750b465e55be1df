import type { AnyFuture } from './future.ts';
import { showValue } from './options.ts';

/**
 * The futures of any executors, also of another copy of this package.
 * @throws {TypeError} if they are not iterable, or one is no future
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
