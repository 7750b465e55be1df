import { resultFile } from '../job-set/names.ts';
import type { Call } from './call.ts';

/** The files that the job of a call reads besides its function and its inputs: the results of calls whose futures it was given. */
export function filesNeeded(directory: string, { needs }: Pick<Call, 'needs'>): string[] {
  return [...new Set(needs.map(({ call }) => resultFile(directory, call.index)))];
}
