import type { JobBatch } from '../batch/batch-system.ts';
import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { journalJob } from '../job-set/journal.ts';
import { jobKey } from '../job-set/names.ts';
import { keptBefore } from './kept-before.ts';
import { filesNeeded } from './files-needed.ts';
import { travelsOf } from './travels.ts';
import type { Call } from './call.ts';
import { needNames } from './needs.ts';

/** Writes the functions and inputs that are not on the disk yet, as those of a call that is tried again are; tells which. */
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
  const { index, input, payloadHash: hash, items, growths, given } = call;
  const key = jobKey(index, attempt);
  const needs = [...needNames(call.needs), ...given];
  return journalJob({ key, ...(input as InputLocation), hash, items, growths, needs });
}

/** The same, for the batch system. */
export function batchedJob(call: Call, submission: number): JobBatch['jobs'][number] {
  const { key, input, payloadHash } = call;
  const { batch, offset, length, travels } = input as InputLocation;
  return {
    key,
    arguments: [key, batch, offset, length, payloadHash, submission].map(String),
    travels: travels && [...travels, ...filesNeeded(call), ...keptBefore(call)],
  };
}
