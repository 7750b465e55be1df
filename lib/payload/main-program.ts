import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Set in the environment of a job: the URL of the file that submitted it, or `''` if there was none. */
export const JOB_VARIABLE = 'CONDOR_FUTURES_JOB';
const LOADING = Symbol.for('condor-futures.loading-modules');

/**
 * URL of the file that this program was started with, which its jobs must never run; empty if there is none.
 */
export function mainUrl(): string {
  const [, file] = process.argv;
  // Jobs that a job submits must not run the first program either.
  return process.env[JOB_VARIABLE] ?? (file === undefined ? '' : pathToFileURL(resolve(file)).href);
}

/**
 * Notes that modules are being loaded by reference. Such a module may import the program that submitted the
 * job, and so run it; executors created meanwhile must be refused, because they would submit everything once
 * more.
 * @returns ends the note
 */
export function beginLoading(): () => void {
  counts[LOADING] = (counts[LOADING] ?? 0) + 1;
  return () => {
    const count = (counts[LOADING] ?? 1) - 1;
    if (count > 0) counts[LOADING] = count;
    else delete counts[LOADING];
  };
}

/** Whether this process is loading modules for functions that another process sent. */
export function isLoadingModules(): boolean {
  return (counts[LOADING] ?? 0) > 0;
}

// The count is global because the job's runner and the module have a copy of condor-futures each.
const counts = globalThis as unknown as Record<symbol, number | undefined>;
