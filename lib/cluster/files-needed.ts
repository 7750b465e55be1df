import { resultFile } from '../job-set/names.ts';
import type { Call } from './call.ts';

/** What the job of a call reads besides its function and its inputs, by paths in its job set: the results of calls whose futures it was given. */
export function filesNeeded({ needs }: Pick<Call, 'needs'>): string[] {
  return [...new Set(needs.map(({ call }) => resultFile('', call.index)))];
}
