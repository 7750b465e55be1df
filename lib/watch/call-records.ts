import type { JobEvent, LostJob } from '../batch/batch-system.ts';
import {
  EarlyEvents,
  ID_GIVEN_AGAIN,
  type JobLife,
  type LifeEvent,
  MISSING_TIMES,
  NEW_LIFE,
  nextLife,
} from '../batch/job-life.ts';
import type { Settled } from '../job-set/archive.ts';
import type { JournalState, JournaledCall } from '../job-set/journal.ts';
import { parseJobKey } from '../job-set/names.ts';
import type { EncodedOutcome } from '../payload/call.ts';

/** All that the files of a job set and the batch system say of one call. */
export interface CallRecord {
  /** Position among the calls of the job set, from 0. */
  readonly index: number;
  /** Its current attempt, from the journal. */
  call: JournaledCall;
  /** The life of that attempt's job; the memory used is the most of all attempts. */
  life: JobLife;
  /** The id of its job, if the batch system was asked for it because the journal has none. */
  foundId: string | undefined;
  /** How many times the batch system was asked for its submission, and knew no such job. */
  timesNotFound: number;
  /** Whether its job script has started, because it has a log. */
  hasStarted: boolean;
  outcome: OutcomeSummary | undefined;
  /** The final result that the owner recorded: there is no outcome, or no retry of a failed one. */
  settled: Settled | undefined;
}

/** An outcome without its values. */
export interface OutcomeSummary extends Omit<EncodedOutcome, 'items'> {
  readonly failed: boolean;
}

/** Copies the outcome without its values, which may be large. */
export function summarize({ items, ...summary }: EncodedOutcome): OutcomeSummary {
  return { ...summary, failed: items.some((item) => !('value' in item || 'primitive' in item)) };
}

function newAttempt(life: JobLife): Omit<CallRecord, 'index' | 'call'> {
  return {
    life,
    foundId: undefined,
    timesNotFound: 0,
    hasStarted: false,
    outcome: undefined,
    settled: undefined,
  };
}

/** The id of the job of a call's current attempt; undefined until it has one. */
export function jobIdOf({ call, foundId }: CallRecord): string | undefined {
  return foundId ?? call.submission.ids?.[call.position];
}

/** Whether nothing has come yet of a call's current attempt: neither an outcome nor an end of its job. */
export function isPending({ outcome, settled, life }: CallRecord): boolean {
  return outcome === undefined && settled === undefined && life.end === undefined;
}

/** Whether a call's current attempt was never submitted, nor will be, because the job set has no owner. */
export function isNeverSubmitted(record: CallRecord, hasOwner: boolean): boolean {
  const { life, hasStarted, timesNotFound, call } = record;
  if (hasOwner || life.isKnown || life.end !== undefined || hasStarted) return false;
  if (jobIdOf(record) !== undefined) return false;
  return call.submission.waits || timesNotFound >= MISSING_TIMES;
}

/** The calls of a job set, combined from its files, which may be read in any order. */
export class CallRecords {
  readonly records: CallRecord[] = [];
  /** The highest submission number in the journal. */
  lastSubmission = 0;
  /** How long an outcome may stay invisible after its job has ended, in milliseconds; refined at each read. */
  grace = 1000;
  readonly #callsByJobId = new Map<string, JournaledCall>();
  /** Events of jobs that are not in the journal yet. */
  readonly #earlyEvents = new EarlyEvents();
  /** The last archive record of each call, whichever attempt it is about. */
  readonly #archived = new Map<number, Settled>();

  /** Applies the whole journal. */
  onJournal({ calls, earlier, submissions, components }: JournalState): void {
    for (const { submission } of submissions) this.lastSubmission = Math.max(this.lastSubmission, submission);
    const known = [...calls.values()].filter(({ index }) => index <= components);
    for (const call of known.toSorted((a, b) => a.index - b.index)) this.#onCall(call);
    for (const call of earlier) this.#registerJob(call.submission.ids?.[call.position], call);
  }

  #onCall(call: JournaledCall): void {
    const index = call.index - 1;
    const known = this.records[index];
    const { memoryUsed } = known?.life ?? NEW_LIFE;
    if (known === undefined) this.records[index] = { index, call, ...newAttempt(NEW_LIFE) };
    else if (known.call.attempt === call.attempt) known.call = call;
    else Object.assign(known, newAttempt({ ...NEW_LIFE, memoryUsed }), { call });
    const record = this.records[index] as CallRecord;
    const archived = this.#archived.get(index);
    if (archived !== undefined) applyArchived(record, archived);
    this.#registerJob(jobIdOf(record), call);
  }

  /** Applies an event of any job; a job that is not known yet may be in the journal soon. */
  onEvent(event: JobEvent | LostJob): void {
    const call = this.#callsByJobId.get(event.jobId);
    const record = call && this.records[call.index - 1];
    if (call !== undefined && record?.call.attempt === call.attempt) this.apply(record, event);
    else if (event.kind === 'lost') return;
    else if (record === undefined) this.#earlyEvents.keep(event);
    else {
      const memoryUsed = Math.max(event.memoryUsed ?? 0, record.life.memoryUsed ?? 0) || undefined;
      record.life = { ...record.life, memoryUsed };
    }
  }

  /** Applies an event to the job of a call's current attempt. */
  apply(record: CallRecord, event: LifeEvent, now: number = performance.now()): void {
    record.life = nextLife(record.life, event, now, this.grace);
  }

  /** Stores a job id that the batch system returned for a call without an id in the journal. */
  onFound(record: CallRecord, jobId: string): void {
    record.foundId = jobId;
    this.#registerJob(jobId, record.call);
  }

  onArchive(settled: Iterable<Settled>): void {
    for (const one of settled) {
      this.#archived.set(one.call - 1, one);
      const record = this.records[one.call - 1];
      if (record !== undefined) applyArchived(record, one);
    }
  }

  onOutcome(key: string, summary: OutcomeSummary): void {
    const record = this.findAwaiting(key);
    if (record !== undefined) record.outcome = summary;
  }

  /** @param keys of jobs whose scripts have started */
  onStarted(keys: Iterable<string>): void {
    for (const key of keys) {
      const record = this.findAwaiting(key);
      if (record !== undefined) record.hasStarted = true;
    }
  }

  /** The call whose current job has this key; undefined if there is none, or its outcome is known. */
  findAwaiting(key: string): CallRecord | undefined {
    const { call, attempt } = parseJobKey(key);
    const record = this.records[call - 1];
    return record?.call.attempt === attempt && record.outcome === undefined ? record : undefined;
  }

  /** Registers the job of an attempt. A schedd that was set up anew gives ids again: the last one counts. */
  #registerJob(jobId: string | undefined, call: JournaledCall): void {
    if (jobId === undefined || this.records[call.index - 1] === undefined) return;
    const known = this.#callsByJobId.get(jobId);
    if (known !== undefined && known.submission.submission >= call.submission.submission) return;
    this.#callsByJobId.set(jobId, call);
    const earlier = known && this.records[known.index - 1];
    if (earlier !== undefined && earlier.call.attempt === known?.attempt && isPending(earlier))
      this.apply(earlier, { jobId, kind: 'lost', reason: ID_GIVEN_AGAIN });
    for (const event of this.#earlyEvents.take(jobId)) this.onEvent(event);
  }
}

/** Ignores archive records about earlier attempts, because a rerun makes them obsolete. */
function applyArchived(record: CallRecord, settled: Settled): void {
  const isCurrent = (settled.attempt ?? 0) === record.call.attempt;
  record.settled = isCurrent && settled.kind !== 'outcome' ? settled : undefined;
}
