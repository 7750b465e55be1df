import type { OptionsOfJobs } from '../batch/varied-options.ts';
import { parseJournalJob, type JournalEntry, type JournalJob } from '../job-set/journal.ts';
import { parseJobKey } from '../job-set/names.ts';

/** A call as a journal tells it: its last attempt. */
export interface JournaledCall {
  /** Of the calls of the executor, counted from 1. */
  readonly index: number;
  readonly attempt: number;
  readonly job: JournalJob;
  readonly submission: JournaledSubmission;
  /** Among the jobs of the submission, counted from 0. */
  readonly position: number;
  /** Its outcome is another job set's: it had no job. */
  readonly reused?: boolean;
}

/** Jobs that were submitted together. */
export interface JournaledSubmission extends OptionsOfJobs {
  readonly submission: number;
  /** When the batch system was about to be asked for them. */
  readonly time: Date;
  /** Set if it has answered. */
  ids: readonly string[] | undefined;
  /** What it, or the journal's process, has said against them. */
  refusal: string | undefined;
  /** It has not been asked at all. */
  readonly waits: boolean;
}

/** What a job set's journal says. */
export interface Journaled {
  readonly calls: ReadonlyMap<number, JournaledCall>;
  /** Attempts before the last ones. */
  readonly earlier: readonly JournaledCall[];
  readonly submissions: readonly JournaledSubmission[];
  /** Nobody waits for its calls any more. */
  readonly closed: boolean;
  /** Of a map: how many components it has; calls beyond them were being added when that was cut off. */
  readonly components: number;
}

/** Puts together what the lines of a journal say of each call. */
export function readCalls(entries: readonly (JournalEntry & { readonly time: string })[]): Journaled {
  const calls = new Map<number, JournaledCall>();
  const earlier: JournaledCall[] = [];
  const submissions = new Map<number, JournaledSubmission>();
  let closed = false;
  let components = 0;
  for (const entry of entries) {
    if (entry.event === 'closed') {
      closed = true;
      continue;
    }
    if (entry.event === 'components') {
      components = entry.count;
      continue;
    }
    if (entry.event === 'submitting') {
      const { submission } = entry;
      const batch = { ...newSubmission(submission, entry), waits: false };
      submissions.set(submission, batch);
      for (const [position, text] of entry.jobs.entries()) {
        const job = parseJournalJob(text);
        const { call: index, attempt } = parseJobKey(job.key);
        const before = calls.get(index);
        if (before !== undefined) earlier.push(before);
        calls.set(index, { index, attempt, job, submission: batch, position });
      }
      continue;
    }
    if (entry.event === 'reused') {
      const batch = { ...newSubmission(0, entry), waits: false };
      for (const [position, text] of entry.jobs.entries()) {
        const job = parseJournalJob(text);
        const { call: index, attempt } = parseJobKey(job.key);
        calls.set(index, { index, attempt, job, submission: batch, position, reused: true });
      }
      continue;
    }
    if (entry.event === 'waiting') {
      const batch = { ...newSubmission(0, entry), waits: true };
      for (const [position, text] of entry.jobs.entries()) {
        const job = parseJournalJob(text);
        const { call: index, attempt: next } = parseJobKey(job.key);
        const attempt = next - 1;
        // It may have been submitted before this was written.
        const before = calls.get(index);
        if (before !== undefined && before.attempt > attempt) continue;
        if (before !== undefined) earlier.push(before);
        calls.set(index, { index, attempt, job, submission: batch, position });
      }
      continue;
    }
    const batch = submissions.get(entry.submission);
    if (batch === undefined) continue;
    if (entry.event === 'postponed') putBack(calls, batch);
    else if (entry.event === 'submitted') batch.ids = entry.ids;
    else batch.refusal = entry.error;
  }
  return { calls, earlier, submissions: [...submissions.values()], closed, components };
}

/** None of the calls of a submission has got a job by it. */
function putBack(calls: Map<number, JournaledCall>, batch: JournaledSubmission): void {
  const waiting = { ...batch, submission: 0, waits: true };
  for (const [index, call] of calls) {
    if (call.submission === batch)
      calls.set(index, { ...call, attempt: call.attempt - 1, submission: waiting });
  }
}

function newSubmission(
  submission: number,
  { submit, varied, time }: OptionsOfJobs & { readonly time: string },
): Omit<JournaledSubmission, 'waits'> {
  return { submission, time: new Date(time), submit, varied, ids: undefined, refusal: undefined };
}
