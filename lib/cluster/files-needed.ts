import { parseResultName, resultFile } from '../job-set/names.ts';
import type { Call } from './call.ts';

/** What the job of a call reads besides its function and its inputs, by paths in its job set: the results of calls whose futures it was given. */
export function filesNeeded({
  needs,
  given = [],
}: Pick<Call, 'needs'> & Partial<Pick<Call, 'given'>>): string[] {
  const names = [...needs.map(({ call }) => call.index), ...given.map((name) => parseResultName(name).call)];
  return [...new Set(names.map((name) => resultFile('', name)))];
}
