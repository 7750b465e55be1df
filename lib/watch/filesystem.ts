import { isOfThisMachine } from '../job-set/filesystem.ts';

/** `events`: every write raises one on this machine. `sweep`: it need not, or that cannot be told, so the directory is listed again and again. */
export type WatchMode = 'events' | 'sweep';

/** How writes to a directory can be noticed, by the type of its filesystem. */
export async function watchModeOf(directory: string): Promise<WatchMode> {
  return (await isOfThisMachine(directory)) ? 'events' : 'sweep';
}
