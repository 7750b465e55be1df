import type { BatchSystem } from '../../batch/batch-system.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { JournalState, JournaledCall, JournaledSubmission } from '../../job-set/journal.ts';
import { findStartedKeys } from '../../watch/job-set-reader.ts';

/**
 * State of a call whose process has ended. `settled`: its future was done; `submitted`: the batch system
 * knows its job; `begun`: its job has started, but the batch system does not know it; `refused`: its
 * submission was refused; `waiting`: it has not been submitted.
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
  /** Ids of jobs to remove, because their calls are done or at a later attempt. */
  readonly abandoned: readonly string[];
}

/**
 * Determines the state of each call of a job set. No job of a call that is `waiting` can start afterwards,
 * however late it enters the queue.
 * @throws {CommandError} if the batch system does not answer
 */
export async function recoverCalls(
  jobSet: JobSet,
  system: BatchSystem,
  { calls, earlier, submissions }: JournalState,
  archive: readonly Settled[],
): Promise<Recovered> {
  const settled = new Map(archive.map((record) => [record.call, record]));
  // A call with an outcome is left out, because its job ends by itself.
  const withoutOutcome = [...calls.values()].filter(({ index }) => settled.get(index)?.kind !== 'outcome');
  const startedKeys = new Set(await findStartedKeys(jobSet.directory));
  const jobIds = new Map<JournaledCall, string>();
  const callsBySubmission = new Map<JournaledSubmission, JournaledCall[]>(
    submissions.map((one) => [one, []]),
  );
  for (const call of withoutOutcome) callsBySubmission.get(call.submission)?.push(call);
  for (const [submission, submitted] of callsBySubmission) {
    if (submitted.length > 0) await findJobs(jobSet, system, submission, submitted, startedKeys, jobIds);
  }
  const recovered = [...calls.values()].map((call): RecoveredCall => {
    const record = settled.get(call.index);
    if (record !== undefined) return { ...call, state: 'settled', settled: record };
    const jobId = jobIds.get(call);
    if (jobId !== undefined) return { ...call, state: 'submitted', jobId };
    const { refusal, waits } = call.submission;
    if (refusal !== undefined) return { ...call, state: 'refused', error: refusal };
    return { ...call, state: !waits && startedKeys.has(call.job.key) ? 'begun' : 'waiting' };
  });
  const abandoned = [...jobIds].filter(([{ index }]) => settled.has(index)).map(([, jobId]) => jobId);
  // A schedd that was set up anew may have given their ids to later jobs of this job set.
  const current = new Set(jobIds.values());
  // Most jobs of earlier attempts have left the queue, but a held one stays until it is removed.
  const replaced = earlier
    .map(({ submission, position }) => submission.ids?.[position])
    .filter((id) => id !== undefined)
    .filter((id) => !current.has(id));
  return { calls: recovered, abandoned: [...abandoned, ...replaced] };
}

/**
 * Adds the ids of one submission's jobs to `jobIds`, and the keys of jobs that have started to `startedKeys`.
 */
async function findJobs(
  jobSet: JobSet,
  system: BatchSystem,
  { submission, submit, time, ids, refusal }: JournaledSubmission,
  calls: readonly JournaledCall[],
  startedKeys: Set<string>,
  jobIds: Map<JournaledCall, string>,
): Promise<void> {
  if (refusal !== undefined) return;
  const jobs = calls.map(({ job: { key }, position }) => ({ key, position }));
  // The journal has the ids of all jobs of the submission, including settled ones.
  const journaledIds = ids === undefined ? undefined : calls.map(({ position }) => ids[position] as string);
  const find = async (): Promise<(string | undefined)[]> =>
    system.find({ jobSet, submission, submit, jobs }, journaledIds, time);
  const found = await find();
  const isUnknown = jobs.some(({ key }, index) => found[index] === undefined && !startedKeys.has(key));
  const later: typeof found = [];
  if (journaledIds === undefined && isUnknown) {
    // The command that submits them may still be running.
    await jobSet.revoke(submission);
    // Jobs that started before the revocation are in the queue or the history by now. Other jobs found now
    // may have started or not; those that have not report it by their exit code.
    later.push(...(await find()));
    // Without a history, a job that is not found may also have ended.
    for (const key of await findStartedKeys(jobSet.directory)) startedKeys.add(key);
  }
  for (const [index, call] of calls.entries()) {
    const id = later[index] ?? found[index];
    if (id !== undefined) jobIds.set(call, id);
  }
}
