import type * as Insides from './inside/inside.ts';
import type { RunningCall } from './running-call.ts';

const INSIDE = Symbol.for('condor-futures.inside');

/**
 * Lets calls ask about their job, by the functions of job.ts.
 * @param current the call in whose course it is asked
 */
export function offerInside(current: () => RunningCall | undefined): void {
  (globalThis as Record<symbol, unknown>)[INSIDE] = () => {
    const call = current();
    return call && (call.inside ??= new (insides().Inside)(call));
  };
}

/** Run when first asked for, as {@link seldom}. */
function insides(): typeof Insides {
  return require('./inside/inside.ts') as typeof Insides;
}
