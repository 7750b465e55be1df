import { open } from 'node:fs/promises';
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

/** An entry with the time at which it was written. */
export type TimedEntry = JournalEntry & { readonly time: string };

/** Reads the entries of a journal. Skips torn lines, as a crash leaves them. */
export async function readJournal(directory: string): Promise<TimedEntry[]> {
  return (await readJournalFrom(directory, 0)).entries;
}

/**
 * Reads the entries of a journal from an offset on. A line that is still being written is left for the next
 * read.
 * @param from end of an earlier read
 */
export async function readJournalFrom(
  directory: string,
  from: number,
): Promise<{ readonly entries: TimedEntry[]; readonly end: number }> {
  const handle = await open(journalFile(directory)).catch(ignoreMissing);
  if (handle === undefined) return { entries: [], end: 0 };
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, size - from));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const whole = bytes.lastIndexOf('\n', bytesRead) + 1;
    const lines = bytes.toString('utf8', 0, whole).split('\n');
    // The last line may lack nothing but its line break.
    const last = parseEntry(bytes.toString('utf8', whole, bytesRead));
    const entries = [...lines.map((line) => parseEntry(line)), last].filter((entry) => entry !== undefined);
    return { entries, end: from + (last === undefined ? whole : bytesRead) };
  } finally {
    await handle.close();
  }
}

function parseEntry(line: string): TimedEntry | undefined {
  try {
    return JSON.parse(line) as TimedEntry;
  } catch {
    return undefined;
  }
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

/** Replays the entries of a whole journal. */
export function replayJournal(entries: readonly TimedEntry[]): JournalState {
  const replay = new JournalReplay();
  for (const entry of entries) replay.apply(entry);
  return replay;
}

/** Replays a journal that grows. */
export class JournalReplay implements JournalState {
  readonly calls: Map<number, JournaledCall> = new Map();
  readonly earlier: JournaledCall[] = [];
  closed = false;
  components = 0;
  readonly #submissions = new Map<number, JournaledSubmission>();

  get submissions(): readonly JournaledSubmission[] {
    return [...this.#submissions.values()];
  }

  apply(entry: TimedEntry): void {
    switch (entry.event) {
      case 'closed':
        this.closed = true;
        return;
      case 'components':
        this.components = entry.count;
        return;
      case 'submitting': {
        const batch = { ...newSubmission(entry.submission, entry), waits: false };
        this.#submissions.set(entry.submission, batch);
        return this.#addJobs(entry.jobs, batch);
      }
      case 'reused':
        return this.#addJobs(entry.jobs, { ...newSubmission(0, entry), waits: false }, true);
      case 'waiting':
        return this.#addJobs(entry.jobs, { ...newSubmission(0, entry), waits: true });
      default: {
        const batch = this.#submissions.get(entry.submission);
        if (batch === undefined) return;
        if (entry.event === 'postponed') this.#unsubmit(batch);
        else if (entry.event === 'submitted') batch.ids = entry.ids;
        else batch.refusal = entry.error;
      }
    }
  }

  #addJobs(jobs: readonly string[], submission: JournaledSubmission, reused?: true): void {
    for (const [position, text] of jobs.entries()) {
      const job = parseJournalJob(text);
      const { call: index, attempt: next } = parseJobKey(job.key);
      // A waiting call has the key of its next attempt.
      const attempt = submission.waits ? next - 1 : next;
      const before = this.calls.get(index);
      // A waiting call may have been submitted before this line was written.
      if (submission.waits && before !== undefined && before.attempt > attempt) continue;
      if (before !== undefined && reused !== true) this.earlier.push(before);
      this.calls.set(index, { index, attempt, job, submission, position, ...(reused && { reused }) });
    }
  }

  /** Makes the calls of a submission pending again, because none of them got a job. */
  #unsubmit(batch: JournaledSubmission): void {
    const submission = { ...batch, submission: 0, waits: true };
    for (const [index, call] of this.calls)
      if (call.submission === batch)
        this.calls.set(index, { ...call, attempt: call.attempt - 1, submission });
  }
}

function newSubmission(
  submission: number,
  { submit, varied, time }: OptionsOfJobs & { readonly time: string },
): Omit<JournaledSubmission, 'waits'> {
  return { submission, time: new Date(time), submit, varied, ids: undefined, refusal: undefined };
}
