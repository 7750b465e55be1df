import { showValue } from '../../base/checks.ts';
import type { ComponentStatus } from '../../base/map-errors.ts';
import type { JobEvent } from '../../batch/batch-system.ts';
import type { JobEnd } from '../../cluster/track/job.ts';
import type { Usage } from '../../futures/future-source.ts';
import type { Settled } from '../../job-set/archive.ts';
import type { JournaledCall } from '../../job-set/journal.ts';

/** All statuses, in the order of the columns of CSV. */
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
  /** HTCondor manual, "Job ClassAd Attributes", HoldReasonSubCode. */
  readonly subCode: number | undefined;
}

/** The state of one component of a map, as read from the disk. */
export interface Component {
  readonly index: number;
  /** Its current attempt, from the journal. */
  call: JournaledCall;
  /** The state of that attempt's job by the last event. */
  queue: 'unknown' | 'idle' | 'running' | 'transferring' | 'held' | 'suspended' | 'removed' | 'ended';
  /** The id of its job, if the batch system was asked for it because the journal has none. */
  foundId: string | undefined;
  /** How many times the batch system was asked and knew no such job. */
  missingAnswers: number;
  hold: ComponentHold | undefined;
  /** How its job ended, if the batch system has reported that. */
  end: JobEnd | undefined;
  /** The time at which this process learned of the end, by performance.now(). */
  endSeenAt: number;
  /** The machine on which its job runs or ran last. */
  host: string | undefined;
  /** The highest memory usage measured for any of its jobs, in bytes. */
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Whether its job script has started, because it has a log. */
  hasStarted: boolean;
  outcome: OutcomeSummary | undefined;
  /** The final result that the map's owner recorded: there is no outcome, or no retry of a failed one. */
  settled: Settled | undefined;
}

/** The fields of an outcome except its value. */
export interface OutcomeSummary {
  readonly failed: boolean;
  readonly host: string;
  readonly usage: Usage;
}

export function newComponent(call: JournaledCall): Component {
  return { index: call.index - 1, call, ...newAttemptState(), memoryUsed: undefined };
}

/** Resets a component to the start of another attempt. */
export function startAttempt(component: Component, call: JournaledCall): void {
  Object.assign(component, newAttemptState(), { call });
}

function newAttemptState(): Omit<Component, 'index' | 'call' | 'memoryUsed'> {
  return {
    queue: 'unknown',
    foundId: undefined,
    missingAnswers: 0,
    hold: undefined,
    end: undefined,
    endSeenAt: 0,
    host: undefined,
    memoryRequested: undefined,
    hasStarted: false,
    outcome: undefined,
    settled: undefined,
  };
}

/** The id of a component's current job; undefined until it has one. */
export function jobIdOf({ call, foundId }: Component): string | undefined {
  return foundId ?? call.submission.ids?.[call.position];
}

/** Answers that prove a job's absence; one does not, because a queue may be listed while it is rewritten. */
const MISSING_TIMES = 2;

/** Whether a component's current attempt was never submitted, nor will be, because there is no owner. */
export function isNeverSubmitted(component: Component, hasOwner: boolean): boolean {
  const { queue, hasStarted, missingAnswers, call } = component;
  if (hasOwner || queue !== 'unknown' || hasStarted || jobIdOf(component) !== undefined) return false;
  return call.submission.waits || missingAnswers >= MISSING_TIMES;
}

/** Applies an event of a component's current job. */
export function onJobEvent(component: Component, event: JobEvent, now: number): void {
  component.memoryUsed = Math.max(component.memoryUsed ?? 0, event.memoryUsed ?? 0) || undefined;
  component.memoryRequested = event.memoryRequested ?? component.memoryRequested;
  const queue = QUEUE_STATES[event.kind];
  if (queue === undefined) return;
  // After its end, a job's files are transferred back, and the end may be reported twice.
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

/** Marks a component's job as ended, because the batch system does not know it any more. */
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

/** The facts about a map on which the status of a component depends. */
export interface Circumstances {
  /** The current time, as performance.now() has it. */
  readonly now: number;
  /** How long an outcome may stay invisible after its job has ended, in milliseconds. */
  readonly grace: number;
  /** Whether the map has an owner that may retry failed components. */
  readonly isSupervised: boolean;
  /** Whether the map has an owner, which may be about to submit jobs. */
  readonly hasOwner: boolean;
}

export function statusOf(
  component: Component,
  { now, grace, isSupervised, hasOwner }: Circumstances,
): ComponentStatus {
  const { outcome, settled, queue, call, hasStarted, endSeenAt } = component;
  if (outcome !== undefined) {
    if (!outcome.failed) return 'completed';
    // Until the owner has recorded the failure as final, it may retry.
    return !isSupervised || settled !== undefined ? 'errored' : 'idle';
  }
  if (settled !== undefined)
    return settled.kind === 'cancelled' || queue === 'removed' ? 'removed' : 'errored';
  switch (queue) {
    case 'ended':
      return !isSupervised && now - endSeenAt >= grace ? 'errored' : 'running';
    case 'unknown':
      if (call.submission.refusal !== undefined || isNeverSubmitted(component, hasOwner)) return 'errored';
      return hasStarted ? 'running' : isLocalJob(component) ? 'idle' : 'unmaterialized';
    default:
      return queue;
  }
}

/** Whether a component has a local job: these have no event log, so that no event says that one is idle. */
function isLocalJob(component: Component): boolean {
  return jobIdOf(component)?.startsWith('local.') === true;
}

/**
 * Whether a status is final unless a user acts.
 * @param waitsHeld whether a held component is pending, rather than as good as failed
 */
export function isSettled(status: ComponentStatus, waitsHeld: boolean): boolean {
  return SETTLED_STATUSES.includes(status) || (status === 'held' && !waitsHeld);
}

const SETTLED_STATUSES: readonly ComponentStatus[] = ['completed', 'errored', 'removed'];

/** A choice of components: indices in any order, or a function that tests each component. */
export type ComponentChoice =
  Iterable<number> | ((component: number, status: ComponentStatus) => boolean | Promise<boolean>);

/**
 * Resolves a choice to sorted indices without duplicates; all components if undefined.
 * @throws {RangeError} for an index that the map does not have; {@link TypeError} for another kind of choice
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

/** The number of components by status, including statuses that no component has. */
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

/** Formats counts as a line such as `3 completed, 1 running`, without zeros. */
export function formatCounts(counts: StatusCounts): string {
  return STATUSES_AS_SHOWN.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}
