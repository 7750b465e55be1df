import type { JobEvent, LostJob } from './batch-system.ts';

/** The end of a job, or its hold, either of which may leave its call without an outcome. */
export type JobEnd = Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' }> | LostJob;

/**
 * An event in the life of a job, from any source: an event log, a poll of a batch system that has none, the
 * files of the job set, or the passing of time.
 */
export type LifeEvent =
  | JobEvent
  | JobEnd
  /** The batch system has answered without it. */
  | { readonly kind: 'missing'; readonly jobId: string }
  /** Its hold is to last until it is released. */
  | { readonly kind: 'kept' }
  /** It is being released. */
  | { readonly kind: 'released' }
  /** Its outcome, which was unreadable for a while, may become visible only now. */
  | { readonly kind: 'readable' }
  /** Time has passed. */
  | { readonly kind: 'passed' }
  /** Its call has its result, or needs no job any more. */
  | { readonly kind: 'settled' };

/**
 * `queued` and `running`: it is in the queue; `held`: it is, and does not run by itself; `leaving`: it has
 * ended, and its outcome may still become visible; `lost`: it has left no outcome; `settled`: no outcome is
 * needed any more, though it may still be in the queue.
 */
export type JobState = 'queued' | 'running' | 'held' | 'leaving' | 'lost' | 'settled';

/** All that is known of one job at a time. Is replaced, not changed, by {@link nextLife}. */
export interface JobLife {
  readonly state: JobState;
  /** Whether the batch system has reported it in any way. */
  readonly isKnown: boolean;
  /** Whether its files are being transferred, or its processes are stopped. */
  readonly activity: 'transferring' | 'suspended' | undefined;
  /** Its end or hold; undefined while it is queued or running. A settled job without it is in the queue. */
  readonly end: JobEnd | undefined;
  /** Time after which no outcome is expected. */
  readonly deadline: number;
  /** Whether it was evicted and has not run since. */
  readonly isEvicted: boolean;
  /** Number of consecutive answers of the batch system without it. */
  readonly missing: number;
  /** The machine on which it runs or ran last. */
  readonly host: string | undefined;
  /** The most memory that was measured, and the request, in bytes. */
  readonly memoryUsed: number | undefined;
  readonly memoryRequested: number | undefined;
}

export const NEW_LIFE: JobLife = {
  state: 'queued',
  isKnown: false,
  activity: undefined,
  end: undefined,
  deadline: Infinity,
  isEvicted: false,
  missing: 0,
  host: undefined,
  memoryUsed: undefined,
  memoryRequested: undefined,
};

/** Consecutive answers without a job until it is lost: a queue may be listed while it is being rewritten. */
export const MISSING_TIMES = 2;

/** Why a job is lost whose id another one has got, as from a schedd that was set up anew. */
export const ID_GIVEN_AGAIN = 'the batch system has given its id to another job';

type Moves = Readonly<Partial<Record<LifeEvent['kind'], JobState>>>;

/** Events may be late, repeated, or missing, so that each of these may come in every state. */
const IN_QUEUE: Moves = {
  queued: 'queued',
  evicted: 'queued',
  released: 'queued',
  running: 'running',
  suspended: 'running',
  continued: 'running',
  held: 'held',
  removed: 'leaving',
  ended: 'leaving',
  lost: 'leaving',
  settled: 'settled',
};

/** The next state by the present one and the event; an event that is not in the table changes nothing. */
const MOVES: Readonly<Record<JobState, Moves>> = {
  queued: { ...IN_QUEUE, transferring: 'queued' },
  running: { ...IN_QUEUE, transferring: 'running' },
  held: { ...IN_QUEUE, kept: 'held', readable: 'held' },
  leaving: { ...IN_QUEUE, readable: 'leaving', passed: 'lost' },
  lost: IN_QUEUE,
  settled: Object.fromEntries(Object.keys(IN_QUEUE).map((kind) => [kind, 'settled'])),
};

/**
 * Returns the life of a job after an event: the same object if the event changes nothing.
 * @param now by a monotonic clock
 * @param grace for how long, by that clock, an outcome may stay invisible after the end of its job
 */
export function nextLife(life: JobLife, event: LifeEvent, now: number, grace: number): JobLife {
  if (event.kind === 'missing') {
    const seen = { ...life, missing: life.missing + 1 };
    return seen.missing < MISSING_TIMES
      ? seen
      : nextLife(seen, { kind: 'lost', jobId: event.jobId }, now, grace);
  }
  const seen = 'jobId' in event && event.kind !== 'lost' ? afterSighting(life, event) : life;
  const state = MOVES[life.state][event.kind];
  if (state === undefined || (event.kind === 'passed' && now < life.deadline)) return seen;
  switch (event.kind) {
    case 'held':
    case 'removed':
    case 'ended':
    case 'lost':
      return replacesEnd(life.end, event)
        ? {
            ...seen,
            state,
            activity: undefined,
            end: event,
            deadline: deadlineAfter(life, event, now, grace),
          }
        : seen;
    case 'kept':
      return { ...seen, deadline: Infinity };
    case 'readable':
      return { ...seen, deadline: Math.max(life.deadline, now + grace) };
    case 'passed':
    case 'settled':
      return { ...seen, state };
    case 'transferring':
      return { ...seen, activity: 'transferring' };
    default: {
      const isEvicted = event.kind === 'evicted' || (life.isEvicted && event.kind === 'queued');
      const activity = event.kind === 'suspended' ? ('suspended' as const) : undefined;
      return { ...seen, state, activity, isEvicted, end: undefined, deadline: Infinity };
    }
  }
}

/** The life of a job that the batch system has reported. */
function afterSighting(life: JobLife, event: JobEvent): JobLife {
  const memoryUsed = Math.max(event.memoryUsed ?? 0, life.memoryUsed ?? 0) || undefined;
  const memoryRequested = event.memoryRequested ?? life.memoryRequested;
  const host = (event.kind === 'running' ? event.host : undefined) ?? life.host;
  const isSame =
    life.isKnown &&
    life.missing === 0 &&
    host === life.host &&
    memoryUsed === life.memoryUsed &&
    memoryRequested === life.memoryRequested;
  return isSame ? life : { ...life, isKnown: true, missing: 0, host, memoryUsed, memoryRequested };
}

/** Whether an end says more than the one that is known. */
function replacesEnd(known: JobEnd | undefined, end: JobEnd): boolean {
  if (known === undefined) return true;
  switch (end.kind) {
    case 'held':
      return known.kind === 'lost' || (known.kind === 'held' && !isSameHold(known, end));
    case 'lost':
      return known.kind === 'held';
    case 'ended':
      return known.kind === 'held' || known.kind === 'lost';
    // A job that was removed on purpose stays so, although its process has ended too.
    case 'removed':
      return known.kind !== 'removed';
  }
}

type Hold = Extract<JobEnd, { kind: 'held' }>;

/** Reasons are not compared, because a log and a query may format them differently. */
function isSameHold(a: Hold, b: Hold): boolean {
  return a.code === b.code && a.subCode === b.subCode && a.requested === b.requested;
}

function deadlineAfter(life: JobLife, end: JobEnd, now: number, grace: number): number {
  // A held job whose release was promised may leave an outcome at any later time.
  if (end.kind === 'held') return end.requested === true ? Infinity : now + grace;
  return life.state === 'leaving' || life.state === 'lost' ? life.deadline : now + grace;
}

/** Whether a job is over for the batch system, too. */
export function hasLeftQueue({ end }: JobLife): boolean {
  return end !== undefined && end.kind !== 'held';
}

/**
 * Whether the end of a job may go unnoticed, so that the batch system should be asked. That includes a job
 * whose call is done, even while it is held until its removal, because calls may wait for its place in the
 * queue.
 */
export function mayEndUnnoticed(life: JobLife): boolean {
  if (life.state === 'settled') return !hasLeftQueue(life);
  return life.end === undefined || (life.state === 'held' && life.deadline === Infinity);
}

/** The present state of a job as an event, for those who ask now and then. */
export function lifeAsEvent(jobId: string, { state, end, host }: JobLife): JobEvent {
  if (end !== undefined && end.kind !== 'lost') return end;
  return state === 'running' ? { jobId, kind: 'running', host } : { jobId, kind: 'queued' };
}

/** Events of jobs whose ids are not known yet, as of a submission that the batch system has not answered. */
export class EarlyEvents {
  readonly #eventsByJobId = new Map<string, JobEvent[]>();

  keep(event: JobEvent): void {
    const events = this.#eventsByJobId.get(event.jobId);
    if (events === undefined) this.#eventsByJobId.set(event.jobId, [event]);
    else events.push(event);
  }

  /** Returns the events of a job in their order, and forgets them. */
  take(jobId: string): readonly JobEvent[] {
    const events = this.#eventsByJobId.get(jobId) ?? [];
    this.#eventsByJobId.delete(jobId);
    return events;
  }

  /** Forgets the events of jobs that are not ours after all. */
  clear(): void {
    this.#eventsByJobId.clear();
  }
}
