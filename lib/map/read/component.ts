import { showValue } from '../../base/checks.ts';
import type { ComponentStatus } from '../../base/map-errors.ts';
import type { JobEvent } from '../../batch/batch-system.ts';
import type { JobEnd } from '../../cluster/track/job.ts';
import type { Usage } from '../../futures/future-source.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JournaledCall } from '../../job-set/journal.ts';

/** All of them, in the order in which they are shown. */
export const COMPONENT_STATUSES: readonly ComponentStatus[] = [
  'unmaterialized',
  'idle',
  'running',
  'transferring',
  'held',
  'suspended',
  'removed',
  'completed',
  'errored',
];

/** Why a component's job is on hold. */
export interface ComponentHold {
  readonly reason: string;
  /** HTCondor manual, "Job ClassAd Attributes", HoldReasonCode. */
  readonly code: number | undefined;
  readonly subCode: number | undefined;
}

/** What is known of one component of a map, from what lies on the disk. */
export interface Component {
  readonly index: number;
  /** Its last attempt, by the journal. */
  call: JournaledCall;
  /** What the batch system said last of that attempt's job. */
  queue: 'unknown' | 'idle' | 'running' | 'transferring' | 'held' | 'suspended' | 'removed' | 'ended';
  /** The id of its job, where the batch system had to be asked for it, as nobody has written it down. */
  foundId: string | undefined;
  /** How many times it was asked, and did not know such a job. */
  missing: number;
  hold: ComponentHold | undefined;
  /** How its job ended, if the batch system has told. */
  end: JobEnd | undefined;
  /** Since when that is known here, by performance.now(). */
  endSeenAt: number;
  /** Where its job runs or ran last. */
  host: string | undefined;
  /** The most that any of its jobs has been seen to use, in bytes. */
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Its script has begun, as its log shows. */
  begun: boolean;
  outcome: OutcomeSummary | undefined;
  /** What the program that looks after it has noted as its end, instead of an outcome or of more tries. */
  verdict: Settled | undefined;
}

/** What an outcome says but for its value. */
export interface OutcomeSummary {
  readonly failed: boolean;
  readonly host: string;
  readonly usage: Usage;
}

export function newComponent(call: JournaledCall): Component {
  return { index: call.index - 1, call, ...unheardOf(), memoryUsed: undefined };
}

/** The component's job is another one from now on. */
export function beginAttempt(component: Component, call: JournaledCall): void {
  Object.assign(component, unheardOf(), { call });
}

type Heard = Omit<Component, 'index' | 'call' | 'memoryUsed'>;

function unheardOf(): Heard {
  return {
    queue: 'unknown',
    foundId: undefined,
    missing: 0,
    hold: undefined,
    end: undefined,
    endSeenAt: 0,
    host: undefined,
    memoryRequested: undefined,
    begun: false,
    outcome: undefined,
    verdict: undefined,
  };
}

/** The id of its present job; undefined until it has one. */
export function jobIdOf({ call, foundId }: Component): string | undefined {
  return foundId ?? call.submission.ids?.[call.position];
}

/** One answer without a job proves nothing: a queue may be listed while it is being rewritten. */
const MISSING_TIMES = 2;

/** Whether nobody has submitted its present attempt, nor will, as nobody looks after the map any more. */
export function isUnsent(component: Component, attended: boolean): boolean {
  const { queue, begun, missing, call } = component;
  if (attended || queue !== 'unknown' || begun || jobIdOf(component) !== undefined) return false;
  return call.submission.waits || missing >= MISSING_TIMES;
}

/** Takes in what the batch system says of the component's present job. */
export function onJobEvent(component: Component, event: JobEvent, now: number): void {
  component.memoryUsed = Math.max(component.memoryUsed ?? 0, event.memoryUsed ?? 0) || undefined;
  component.memoryRequested = event.memoryRequested ?? component.memoryRequested;
  const queue = QUEUE_STATES[event.kind];
  if (queue === undefined) return;
  // Its files are brought back after its end, and a second end says nothing new.
  if (component.queue === 'ended' && (queue === 'transferring' || queue === 'ended')) return;
  component.queue = queue;
  component.hold = undefined;
  component.end = undefined;
  if (event.kind === 'running') component.host = event.host ?? component.host;
  if (event.kind === 'held')
    component.hold = { reason: event.reason, code: event.code, subCode: event.subCode };
  if (event.kind === 'held' || event.kind === 'removed' || event.kind === 'ended') {
    component.end = event;
    component.endSeenAt = now;
  }
}

/** The batch system knows nothing of its job any more. */
export function onJobLost(component: Component, now: number): void {
  const jobId = jobIdOf(component) ?? 'unknown';
  Object.assign(component, { queue: 'ended', hold: undefined, end: { kind: 'lost', jobId }, endSeenAt: now });
}

const QUEUE_STATES: Readonly<Record<string, Component['queue'] | undefined>> = {
  queued: 'idle',
  evicted: 'idle',
  running: 'running',
  continued: 'running',
  suspended: 'suspended',
  transferring: 'transferring',
  held: 'held',
  removed: 'removed',
  ended: 'ended',
} satisfies Partial<
  Record<JobEvent['kind'] | 'continued' | 'suspended' | 'transferring', Component['queue']>
>;

/** By what a status is judged besides. */
export interface Circumstances {
  /** By performance.now(). */
  readonly now: number;
  /** How long an outcome may stay invisible after its job has ended, in milliseconds. */
  readonly grace: number;
  /** Whether a program looks after the map that may try failed components again. */
  readonly supervised: boolean;
  /** Whether any program looks after the map: it may be about to submit jobs. */
  readonly attended: boolean;
}

export function statusOf(
  component: Component,
  { now, grace, supervised, attended }: Circumstances,
): ComponentStatus {
  const { outcome, verdict, queue, call, begun, endSeenAt } = component;
  if (outcome !== undefined) {
    if (!outcome.failed) return 'completed';
    // Else it is about to be tried again.
    return !supervised || verdict !== undefined ? 'errored' : 'idle';
  }
  if (verdict !== undefined)
    return verdict.kind === 'cancelled' || queue === 'removed' ? 'removed' : 'errored';
  switch (queue) {
    case 'ended':
      return !supervised && now - endSeenAt >= grace ? 'errored' : 'running';
    case 'unknown':
      if (call.submission.refusal !== undefined || isUnsent(component, attended)) return 'errored';
      return begun ? 'running' : isQueued(component) ? 'idle' : 'unmaterialized';
    default:
      return queue;
  }
}

/** A batch system without a log tells nothing of jobs that wait. */
function isQueued(component: Component): boolean {
  return jobIdOf(component)?.startsWith('local.') === true;
}

/** Whether nothing more comes of it, unless somebody does something. */
export function isSettled(status: ComponentStatus, waitsHeld: boolean): boolean {
  return SETTLED.includes(status) || (status === 'held' && !waitsHeld);
}

const SETTLED: readonly ComponentStatus[] = ['completed', 'errored', 'removed'];

/** Which components: their indices, in any order; or those for which a function says so. */
export type ComponentChoice =
  Iterable<number> | ((component: number, status: ComponentStatus) => boolean | Promise<boolean>);

/**
 * The indices of a choice, each once, in order.
 * @throws {RangeError} for one that the map does not have
 */
export async function chooseComponents(
  choice: ComponentChoice | undefined,
  statuses: readonly ComponentStatus[],
): Promise<number[]> {
  if (choice === undefined) return statuses.map((_, index) => index);
  if (typeof choice !== 'function') {
    if (typeof (choice as Partial<Iterable<number>> | null)?.[Symbol.iterator] !== 'function')
      throw new TypeError(
        `Expected \`components\` to be indices, such as [0, 3], or a function of them, got ${showValue(choice)}`,
      );
    return [...new Set(choice)]
      .map((index) => checkComponent(index, statuses.length))
      .toSorted((a, b) => a - b);
  }
  const chosen: number[] = [];
  for (const [index, status] of statuses.entries()) if (await choice(index, status)) chosen.push(index);
  return chosen;
}

/** @throws {RangeError} */
export function checkComponent(index: number, length: number): number {
  if (Number.isInteger(index) && index >= 0 && index < length) return index;
  throw new RangeError(`Expected a component from 0 to ${length - 1}, got ${showValue(index)}`);
}

/** How many components are in which status; all statuses are there. */
export type StatusCounts = Readonly<Record<ComponentStatus, number>>;

export function countStatuses(statuses: Iterable<ComponentStatus>): StatusCounts {
  const counts = Object.fromEntries(COMPONENT_STATUSES.map((status) => [status, 0])) as Record<
    ComponentStatus,
    number
  >;
  for (const status of statuses) counts[status] += 1;
  return counts;
}

/** All statuses, in the order in which tables and summaries show them. */
export const STATUSES_AS_SHOWN: readonly ComponentStatus[] = [
  'completed',
  'running',
  'transferring',
  'suspended',
  'idle',
  'unmaterialized',
  'held',
  'errored',
  'removed',
];

/** Counts as a line such as `3 completed, 1 running`, without zeros. */
export function formatCounts(counts: StatusCounts): string {
  return STATUSES_AS_SHOWN.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}
