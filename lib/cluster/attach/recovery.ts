import { readdir } from 'node:fs/promises';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournalState, JournaledCall, JournaledSubmission } from '../../job-set/journal.ts';
import { logsDirectory, outcomesDirectory, parseTransferredName } from '../../job-set/names.ts';

/**
 * What has become of a call while nobody looked after it. `settled`: its future was done; `submitted`: the
 * batch system knows its job; `begun`: it does not know the job, which has begun all the same; `refused`:
 * there never was a job; `waiting`: nor is there one yet.
 */
export type RecoveredCall = JournaledCall &
  (
    | { readonly state: 'settled'; readonly settled: Settled }
    | { readonly state: 'submitted'; readonly jobId: string }
    | { readonly state: 'refused'; readonly error: string }
    | { readonly state: 'begun' | 'waiting' }
  );

export interface Recovered {
  readonly calls: readonly RecoveredCall[];
  /**
   * Jobs that may be in the queue, though nobody waits for their calls: the process did not come to their
   * removal.
   */
  readonly abandoned: readonly string[];
}

/**
 * Finds out what has become of each call of a job set. No job of those that are `waiting` can begin any more,
 * however late it is queued.
 * @throws {CommandError} if the batch system gives no answer
 */
export async function recoverCalls(
  jobSet: JobSet,
  system: BatchSystem,
  { calls, earlier, submissions }: JournalState,
  archive: readonly Settled[],
): Promise<Recovered> {
  const settled = new Map(archive.map((record) => [record.call, record]));
  // The job of a call that has an outcome ends by itself.
  const wanted = [...calls.values()].filter(({ index }) => settled.get(index)?.kind !== 'outcome');
  const begun = await begunJobs(jobSet.directory);
  const jobIds = new Map<JournaledCall, string>();
  const bySubmission = new Map<JournaledSubmission, JournaledCall[]>(submissions.map((one) => [one, []]));
  for (const call of wanted) bySubmission.get(call.submission)?.push(call);
  for (const [submission, mine] of bySubmission) {
    if (mine.length > 0) await findJobs(jobSet, system, submission, mine, begun, jobIds);
  }
  const recovered = [...calls.values()].map((call): RecoveredCall => {
    const record = settled.get(call.index);
    if (record !== undefined) return { ...call, state: 'settled', settled: record };
    const jobId = jobIds.get(call);
    if (jobId !== undefined) return { ...call, state: 'submitted', jobId };
    const { refusal, waits } = call.submission;
    if (refusal !== undefined) return { ...call, state: 'refused', error: refusal };
    return { ...call, state: !waits && begun.has(call.job.key) ? 'begun' : 'waiting' };
  });
  const abandoned = [...jobIds].filter(([{ index }]) => settled.has(index)).map(([, jobId]) => jobId);
  // Most of them are gone; but one that was held, for instance, stays until it is removed.
  const replaced = earlier.map(({ submission, position }) => submission.ids?.[position]);
  return { calls: recovered, abandoned: [...abandoned, ...replaced.filter((id) => id !== undefined)] };
}

/**
 * Fills in the ids of the jobs of one submission, by call, and the keys of those that have begun meanwhile.
 */
async function findJobs(
  jobSet: JobSet,
  system: BatchSystem,
  { submission, submit, time, ids, refusal }: JournaledSubmission,
  calls: readonly JournaledCall[],
  begun: Set<string>,
  jobIds: Map<JournaledCall, string>,
): Promise<void> {
  if (refusal !== undefined) return;
  const jobs = calls.map(({ job: { key }, position }) => ({ key, position }));
  // The journal has the ids of all jobs of the submission, of which some may be settled.
  const told = ids === undefined ? undefined : calls.map(({ position }) => ids[position] as string);
  const find = async (): Promise<(string | undefined)[]> =>
    system.find({ jobSet, submission, submit, jobs }, told, time);
  const found = await find();
  const isUnknown = jobs.some(({ key }, index) => found[index] === undefined && !begun.has(key));
  const later: typeof found = [];
  if (told === undefined && isUnknown) {
    // The command that was to submit them may still be at work.
    await jobSet.revoke(submission);
    // What has begun before that is in the queue or in the history by now. Of the other late jobs nobody can
    // tell that they have not begun: those that have not will say so by their exit code.
    later.push(...(await find()));
    // Where there is no history, it may have ended as well.
    for (const key of await begunJobs(jobSet.directory)) begun.add(key);
  }
  for (const [index, call] of calls.entries()) {
    const id = later[index] ?? found[index];
    if (id !== undefined) jobIds.set(call, id);
  }
}

/** The keys of jobs that have come as far as their script. */
async function begunJobs(directory: string): Promise<Set<string>> {
  const outcomes = await readdir(outcomesDirectory(directory));
  const logs = await readdir(logsDirectory(directory));
  const begun = logs.map((name) => /^(.*)\.out$/.exec(name)?.[1]).filter((key) => key !== undefined);
  return new Set([...outcomes.map((name) => parseTransferredName(name) ?? name), ...begun]);
}
