import { readFile } from 'node:fs/promises';
import { journalFile, parseJobKey } from './names.ts';

type Value = string | number | boolean;

/** The submit options of jobs that were submitted together: common ones, and those that differ from job to job. */
export type OptionsOfJobs = {
  readonly submit: Readonly<Record<string, Value>>;
  /** By name: the values in the order of the jobs. */
  readonly varied?: Readonly<Record<string, readonly Value[]>> | undefined;
};

/** A line of the journal. `submitting` is on the disk before the batch system is asked for the jobs. */
export type JournalEntry =
  | (OptionsOfJobs & {
      readonly event: 'submitting';
      readonly submission: number;
      /** By journalJob(). */
      readonly jobs: readonly string[];
    })
  | { readonly event: 'submitted'; readonly submission: number; readonly ids: readonly string[] }
  /** There were too many at once, or in the queue: its calls are still to be submitted. */
  | { readonly event: 'postponed'; readonly submission: number }
  | { readonly event: 'refused'; readonly submission: number; readonly error: string }
  /** Calls of which another job set had outcomes: they have no jobs. */
  | (OptionsOfJobs & { readonly event: 'reused'; readonly jobs: readonly string[] })
  /** Calls that are still to be submitted, under these keys; perhaps once more, as they failed. */
  | (OptionsOfJobs & { readonly event: 'waiting'; readonly jobs: readonly string[] })
  /** Of a map: the inputs of so many components are on the disk, and what the journal says of each is before this line. */
  | { readonly event: 'components'; readonly count: number }
  /** The executor was shut down: nothing is awaited any more. */
  | { readonly event: 'closed' };

/** A job as the journal has it: what the runner is told, and whether it is one call or a chunk of some. */
export interface JournalJob {
  readonly key: string;
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
  /** 0 for a call that is no chunk. */
  readonly items: number;
  /** How many of its call's earlier attempts were made for more memory. */
  readonly growths: number;
  /** As in an InputLocation. */
  readonly travels?: readonly string[] | undefined;
  /** The results of other calls that it needs, by resultName(). */
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
  // None of these has a space or a comma.
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

/** The entries of a journal; a line that is not whole, as after a crash, is none. */
export async function readJournal(directory: string): Promise<(JournalEntry & { readonly time: string })[]> {
  const text = await readFile(journalFile(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalEntry & { time: string }];
    } catch {
      return [];
    }
  });
}

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
export interface JournalState {
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
