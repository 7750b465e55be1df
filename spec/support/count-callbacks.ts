import type { ManualFuture } from './manual-future.ts';

/** How many callbacks were added to the futures and not taken back. */
export function countCallbacks(made: readonly ManualFuture<unknown>[]): () => number {
  let count = 0;
  for (const { future } of made) {
    const add = future.addDoneCallback.bind(future);
    future.addDoneCallback = (callback) => {
      count += 1;
      const takeBack = add(callback);
      return () => {
        count -= 1;
        takeBack();
      };
    };
  }
  return () => count;
}
