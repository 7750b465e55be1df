import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { callDirectory } from '../job-set/names.ts';
import type { Call } from './call.ts';

/** The checkpoints that a call's earlier jobs have sent back, as they travel to its next one: paths in the job set. */
export function keptBefore({ attempts, index, jobSet }: Call): string[] {
  if (attempts <= 1 || jobSet === undefined) return [];
  const directory = callDirectory(jobSet.directory, index);
  return existsSync(directory) ? [relative(jobSet.directory, directory)] : [];
}
