import { manualFuture, type ManualFuture } from './manual-future.ts';

/** The three ways in which a future becomes done. */
export const ends: [state: string, end: (made: ManualFuture<number>) => void][] = [
  ['finished', ({ controller }) => controller.resolve(42)],
  ['failed', ({ controller }) => controller.reject(new TypeError('wrong'))],
  ['cancelled', ({ future }) => future.cancel()],
];

/** A future that is done already. */
export function endedFuture(state: string): ManualFuture<number> {
  const made = manualFuture<number>();
  ends.find(([name]) => name === state)?.[1](made);
  return made;
}
