import { AsyncLocalStorage } from 'node:async_hooks';
import type { MapExecutor } from '../create/map-executor.ts';

/** By the directory of the map's job set: however many objects of this program stand for a map, one executor looks after its jobs. */
const keepers = new Map<string, MapExecutor>();

/** What looks after the jobs of a map in this program, if anything does. */
export function keeperOf(directory: string): MapExecutor | undefined {
  return keepers.get(directory);
}

/** From now on, and until it has let go, this one does. */
export function addKeeper(directory: string, keeper: MapExecutor): void {
  keepers.set(directory, keeper);
  void keeper.left.finally(() => {
    if (keepers.get(directory) === keeper) keepers.delete(directory);
  });
}

/** By the directory of a map's job set: what this program submits of it, one after the other, however many objects stand for the map. */
const turns = new Map<string, Promise<unknown>>();
const inside = new AsyncLocalStorage<string>();

/** Does something with a map when all that this program has begun to do so with it before is over. */
export async function inTurn<T>(directory: string, act: () => Promise<T>): Promise<T> {
  // Inputs that are being added may do so, too: they would wait for themselves.
  if (inside.getStore() === directory) return act();
  const before = turns.get(directory) ?? Promise.resolve();
  const begin = async (): Promise<T> => inside.run(directory, act);
  const own = before.then(begin, begin);
  turns.set(directory, own);
  try {
    return await own;
  } finally {
    if (turns.get(directory) === own) turns.delete(directory);
  }
}
