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
 * Writes the functions and inputs that are not on the disk yet, as those of a call that is tried again are;
 * tells which.
 */
export async function writeCalls(jobSet: JobSet, calls: readonly Call[]): Promise<Call[]> {
  for (const { fn } of calls) if (fn !== undefined) await jobSet.writeFunction(fn.hash, fn.bytes);
  const fresh = calls.filter((call) => call.payload !== undefined);
  if (fresh.length === 0) return [];
  const locations = await jobSet.writeInputs(fresh.map((call) => call.payload as Uint8Array));
  for (const [index, call] of fresh.entries()) {
    const input = locations[index] as InputLocation;
    call.input = jobSet.transfers ? { ...input, travels: await travelsOf(jobSet, call, input) } : input;
    call.payload = undefined;
    call.files = undefined;
    call.jobSet = jobSet;
  }
  return fresh;
}

/** What a call's job is to be, for the journal. */
export function journaledJob(call: Call, attempt: number): string {
  const { index, input, payloadHash: hash, items, growths, dependencies, givenResults } = call;
  const key = jobKey(index, attempt);
  const needs = [...dependencyNames(dependencies), ...givenResults];
  return journalJob({ key, ...(input as InputLocation), hash, items, growths, needs });
}

/** The same, for the batch system. */
export function batchedJob(call: Call, submission: number): JobBatch['jobs'][number] {
  const { key, input, payloadHash } = call;
  const { batch, offset, length, travels } = input as InputLocation;
  return {
    key,
    arguments: [key, batch, offset, length, payloadHash, submission].map(String),
    travels: travels && [...travels, ...neededResultFiles(call), ...keptBefore(call)],
  };
}

/**
 * What must travel to a job for its call, whose inputs and function have been written; the files that it is
 * given are brought into the job set by this. As in an InputLocation.
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

/**
 * What the job of a call reads besides its function and its inputs, by paths in its job set: the results of
 * calls whose futures it was given.
 */
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

/**
 * The checkpoints that a call's earlier jobs have sent back, as they travel to its next one: paths in the job
 * set.
 */
export function keptBefore({ attempts, index, jobSet }: Call): string[] {
  if (attempts <= 1 || jobSet === undefined) return [];
  const directory = callDirectory(jobSet.directory, index);
  return existsSync(directory) ? [relative(jobSet.directory, directory)] : [];
}
