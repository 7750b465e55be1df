import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { functionFile, inputsFile } from '../job-set/names.ts';
import { relative } from 'node:path';
import type { Call } from './call.ts';

/** What must travel to a job for its call, whose function and inputs have been written: as in an InputLocation. */
export async function travelsOf({ directory }: JobSet, call: Call, input: InputLocation): Promise<string[]> {
  const files = [inputsFile(directory, input.batch)];
  if (call.fn !== undefined) files.push(functionFile(directory, call.fn.hash));
  return files.map((file) => relative(directory, file));
}
