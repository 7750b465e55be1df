/**
 * A module that a job loads by reference may import the program that submitted the job, and so run it again. Executors that are made
 * meanwhile are refused: they would submit everything once more, and their jobs again.
 *
 * The count is global, as the job's runner and the module have a copy of condor-futures each.
 */
export function beginLoading(): () => void {
  counts[LOADING] = (counts[LOADING] ?? 0) + 1;
  return () => {
    const left = (counts[LOADING] ?? 1) - 1;
    if (left > 0) counts[LOADING] = left;
    else delete counts[LOADING];
  };
}

/** Whether this process is loading modules for functions that came from another one. */
export function isLoadingModules(): boolean {
  return (counts[LOADING] ?? 0) > 0;
}

const LOADING = Symbol.for('condor-futures.loading-modules');
const counts = globalThis as unknown as Record<symbol, number | undefined>;
