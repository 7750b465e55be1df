import { readFile } from 'node:fs/promises';
import { ignoreMissing } from '../base/missing-files.ts';
import { journalFile, parseJobKey } from './names.ts';

type Value = string | number | boolean;

/**
 * The submit options of jobs that were submitted together: common ones, and those that differ from job to
 * job.
 */
export type OptionsOfJobs = {
  readonly submit: Readonly<Record<string, Value>>;
  /** The values of each varied command, by its name, in the order of the jobs. */
  readonly varied?: Readonly<Record<string, readonly Value[]>> | undefined;
};

/** A line of the journal. `submitting` is written before the jobs are submitted. */
export type JournalEntry =
  | (OptionsOfJobs & {
      readonly event: 'submitting';
      readonly submission: number;
      /** The jobs as texts, see {@link journalJob}. */
      readonly jobs: readonly string[];
    })
  | { readonly event: 'submitted'; readonly submission: number; readonly ids: readonly string[] }
  /** The queue or the submission was too large: its calls are still pending. */
  | { readonly event: 'postponed'; readonly submission: number }
  | { readonly event: 'refused'; readonly submission: number; readonly error: string }
  /** Calls whose outcomes were taken from another job set: they have no jobs. */
  | (OptionsOfJobs & { readonly event: 'reused'; readonly jobs: readonly string[] })
  /** Pending calls, to be submitted under these keys; after a failed attempt, to be submitted again. */
  | (OptionsOfJobs & { readonly event: 'waiting'; readonly jobs: readonly string[] })
  /** In a map: the inputs of this many components are on the disk, and all their lines precede this one. */
  | { readonly event: 'components'; readonly count: number }
  /** The executor was shut down: no call is pending. */
  | { readonly event: 'closed' };

/** A job in the journal: the runner's arguments, and the size of its chunk. */
export interface JournalJob {
  readonly key: string;
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
  /** Number of calls in the chunk; 0 for a single call. */
  readonly items: number;
  /** Number of retries with more memory before this attempt. */
  readonly growths: number;
  /** See InputLocation. */
  readonly travels?: readonly string[] | undefined;
  /** Names of the results of other calls that it needs, as resultName() makes them. */
  readonly needs?: readonly string[] | undefined;
}

export function journalJob({
  key,
  batch,
  offset,
  length,
  hash,
  items,
  growths,
  travels = [],
  needs = [],
}: JournalJob): string {
  const words = [key, batch, offset, length, hash, items, growths];
  // Paths and names here contain no spaces and commas.
  const travelling = travels.length === 0 ? [] : [`travels:${travels.join(',')}`];
  const needed = needs.length === 0 ? [] : [`needs:${needs.join(',')}`];
  return [...words, ...travelling, ...needed].join(' ');
}

export function parseJournalJob(text: string): JournalJob {
  const [key = '', batch, offset, length, hash = '', items, growths, ...more] = text.split(' ');
  const listOf = (name: string): string[] | undefined =>
    more
      .find((word) => word.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .split(',');
  return {
    key,
    batch: Number(batch),
    offset: Number(offset),
    length: Number(length),
    hash,
    items: Number(items),
    growths: Number(growths),
    travels: listOf('travels'),
    needs: listOf('needs') ?? [],
  };
}

/** Reads the entries of a journal. Skips torn lines, as a crash leaves them. */
export async function readJournal(directory: string): Promise<(JournalEntry & { readonly time: string })[]> {
  const text = (await readFile(journalFile(directory), 'utf8').catch(ignoreMissing)) ?? '';
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalEntry & { time: string }];
    } catch {
      return [];
    }
  });
}

/** A call in the journal, with its last attempt. */
export interface JournaledCall {
  /** Number of the call, counted from 1. */
  readonly index: number;
  readonly attempt: number;
  readonly job: JournalJob;
  readonly submission: JournaledSubmission;
  /** Index among the jobs of the submission. */
  readonly position: number;
  /** Whether its outcome was taken from another job set, so that it had no job. */
  readonly reused?: boolean;
}

/** A submission: jobs that were submitted together. */
export interface JournaledSubmission extends OptionsOfJobs {
  readonly submission: number;
  /** Time just before the jobs were submitted. */
  readonly time: Date;
  /** Ids of the jobs; undefined if the batch system's reply is not in the journal. */
  ids: readonly string[] | undefined;
  /** Error with which the submission was refused. */
  refusal: string | undefined;
  /** Whether the jobs are pending: not submitted yet. */
  readonly waits: boolean;
}

/** State of a job set according to its journal. */
export interface JournalState {
  readonly calls: ReadonlyMap<number, JournaledCall>;
  /** Earlier attempts of the calls. */
  readonly earlier: readonly JournaledCall[];
  readonly submissions: readonly JournaledSubmission[];
  /** Whether the executor was shut down. */
  readonly closed: boolean;
  /** In a map: number of components. Calls beyond them belong to components whose adding was interrupted. */
  readonly components: number;
}

/** Replays the entries of a journal. */
export function replayJournal(entries: readonly (JournalEntry & { readonly time: string })[]): JournalState {
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
        // The call may have been submitted before this line was written.
        const before = calls.get(index);
        if (before !== undefined && before.attempt > attempt) continue;
        if (before !== undefined) earlier.push(before);
        calls.set(index, { index, attempt, job, submission: batch, position });
      }
      continue;
    }
    const batch = submissions.get(entry.submission);
    if (batch === undefined) continue;
    if (entry.event === 'postponed') unsubmit(calls, batch);
    else if (entry.event === 'submitted') batch.ids = entry.ids;
    else batch.refusal = entry.error;
  }
  return { calls, earlier, submissions: [...submissions.values()], closed, components };
}

/** Makes the calls of a submission pending again, because none of them got a job. */
function unsubmit(calls: Map<number, JournaledCall>, batch: JournaledSubmission): void {
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
