import type { MapExecutor } from './map-executor.ts';

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
