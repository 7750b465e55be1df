import { mkdirSync } from 'node:fs';
import { PRIVATE_DIRECTORY } from '../../job-set/directory.ts';

/** Makes directories, each in the one before; but not the job set again, where that has been removed. */
export function makeDirectoriesSync(...directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      mkdirSync(directory, { mode: PRIVATE_DIRECTORY });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
