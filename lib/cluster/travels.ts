import { relative } from 'node:path';
import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { writeGiven } from '../job-set/write-given.ts';
import { functionFile, givenFilesOf, inputsFile } from '../job-set/names.ts';
import type { Call } from './call.ts';

/**
 * What must travel to a job for its call, whose inputs and function have been written; the files that it is given are brought into the job
 * set by this. As in an InputLocation.
 */
export async function travelsOf(
  { directory }: JobSet,
  { fn, files }: Call,
  { batch }: InputLocation,
): Promise<string[]> {
  const paths = [inputsFile(directory, batch)];
  if (fn !== undefined) paths.push(functionFile(directory, fn.hash));
  if (files !== undefined && files.files.size > 0) {
    await writeGiven(givenFilesOf(directory, batch), files.files);
    paths.push(givenFilesOf(directory, batch));
  }
  return [...paths.map((path) => relative(directory, path)), ...(files?.urls ?? [])];
}
