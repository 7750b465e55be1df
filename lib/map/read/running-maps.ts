import { AsyncLocalStorage } from 'node:async_hooks';
import type { MapExecutor } from '../create/map-executor.ts';

/** The executors that supervise maps in this program, by job set directory; a map's objects share one. */
const executors = new Map<string, MapExecutor>();

/** The executor of this program that supervises the jobs of a map; undefined if none does. */
export function findRunningExecutor(directory: string): MapExecutor | undefined {
  return executors.get(directory);
}

/** Makes an executor the supervisor of a map's jobs in this program, until it is closed. */
export function registerExecutor(directory: string, executor: MapExecutor): void {
  executors.set(directory, executor);
  void executor.closed.finally(() => {
    if (executors.get(directory) === executor) executors.delete(directory);
  });
}

/** The last pending action on each map, by job set directory. */
const lastActions = new Map<string, Promise<unknown>>();
const lockedDirectory = new AsyncLocalStorage<string>();

/** Runs an action on a map when all earlier ones of this program on the same map have ended. */
export async function withMapLock<T>(directory: string, act: () => Promise<T>): Promise<T> {
  // Iterating over inputs that are being added may take the lock again, which must not deadlock.
  if (lockedDirectory.getStore() === directory) return act();
  const previous = lastActions.get(directory) ?? Promise.resolve();
  const start = async (): Promise<T> => lockedDirectory.run(directory, act);
  const own = previous.then(start, start);
  lastActions.set(directory, own);
  try {
    return await own;
  } finally {
    if (lastActions.get(directory) === own) lastActions.delete(directory);
  }
}
