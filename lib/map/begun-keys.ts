import { readdir } from 'node:fs/promises';
import { logsDirectory } from '../job-set/names.ts';

/** The keys of the jobs whose scripts have begun. */
export async function begunKeys(directory: string): Promise<string[]> {
  const names = await readdir(logsDirectory(directory));
  return names.flatMap((name) => /^(.*)\.out$/.exec(name)?.[1] ?? []);
}
