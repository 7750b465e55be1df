import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import type { JobBatch } from '../../batch/batch-system.ts';
import type { InputLocation, JobSet } from '../../job-set/job-set.ts';
import { journalJob } from '../../job-set/journal.ts';
import {
  callDirectory,
  functionFile,
  givenFilesOf,
  inputsFile,
  jobKey,
  parseResultName,
  resultFile,
} from '../../job-set/names.ts';
import { writeGiven } from '../../job-set/results.ts';
import type { Call } from '../calls/call.ts';
import { dependencyNames } from '../dependencies/dependencies.ts';

/**
 * Writes the functions and inputs of calls.
 * @returns the calls that were not on the disk yet; those of retries are
 */
export async function writeCalls(jobSet: JobSet, calls: readonly Call[]): Promise<Call[]> {
  for (const { fn } of calls) if (fn !== undefined) await jobSet.writeFunction(fn.hash, fn.bytes);
  const unwritten = calls.filter((call) => call.payload !== undefined);
  if (unwritten.length === 0) return [];
  const locations = await jobSet.writeInputs(unwritten.map((call) => call.payload as Uint8Array));
  for (const [index, call] of unwritten.entries()) {
    const input = locations[index] as InputLocation;
    call.input = jobSet.transfers ? { ...input, travels: await filesToTransfer(jobSet, call, input) } : input;
    call.payload = undefined;
    call.files = undefined;
    call.jobSet = jobSet;
  }
  return unwritten;
}

/** A job in the journal. */
export function journaledJob(call: Call, attempt: number): string {
  const { index, input, payloadHash: hash, items, growths, dependencies, givenResults } = call;
  const key = jobKey(index, attempt);
  const needs = [...dependencyNames(dependencies), ...givenResults];
  return journalJob({ key, ...(input as InputLocation), hash, items, growths, needs });
}

/** A job in a submission. */
export function batchedJob(call: Call, submission: number): JobBatch['jobs'][number] {
  const { key, input, payloadHash } = call;
  const { batch, offset, length, travels } = input as InputLocation;
  return {
    key,
    arguments: [key, batch, offset, length, payloadHash, submission].map(String),
    travels: travels && [...travels, ...neededResultFiles(call), ...checkpointFiles(call)],
  };
}

/**
 * Lists the files that are transferred to the job of a call, as in an InputLocation, and copies its input
 * files into the job set.
 */
async function filesToTransfer(
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

/** Paths in the job set of the results of other calls that a job reads. */
export function neededResultFiles({
  dependencies,
  givenResults = [],
}: Pick<Call, 'dependencies'> & Partial<Pick<Call, 'givenResults'>>): string[] {
  const names = [
    ...dependencies.map(({ call }) => call.index),
    ...givenResults.map((name) => parseResultName(name).call),
  ];
  return [...new Set(names.map((name) => resultFile('', name)))];
}

/** Paths in the job set of the checkpoints of earlier attempts. */
function checkpointFiles({ attempts, index, jobSet }: Call): string[] {
  if (attempts <= 1 || jobSet === undefined) return [];
  const directory = callDirectory(jobSet.directory, index);
  return existsSync(directory) ? [relative(jobSet.directory, directory)] : [];
}
