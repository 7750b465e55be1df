import { showValue } from '../../base/checks.ts';
import type { ComponentStatus } from '../../base/map-errors.ts';
import { type CallRecord, isNeverSubmitted, jobIdOf } from '../../watch/call-records.ts';

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

/** One component of a map: a call of its job set. */
export type Component = CallRecord;

/** The facts about a map on which the status of a component depends. */
export interface Circumstances {
  /** The current time, as performance.now() has it. */
  readonly now: number;
  /** Whether the map has an owner that may retry failed components. */
  readonly isSupervised: boolean;
  /** Whether the map has an owner, which may be about to submit jobs. */
  readonly hasOwner: boolean;
}

export function statusOf(
  component: Component,
  { now, isSupervised, hasOwner }: Circumstances,
): ComponentStatus {
  const { outcome, settled, life, call, hasStarted } = component;
  const { state, end, activity } = life;
  if (outcome !== undefined) {
    if (!outcome.failed) return 'completed';
    // Until the owner has recorded the failure as final, it may retry.
    return !isSupervised || settled !== undefined ? 'errored' : 'idle';
  }
  if (settled !== undefined)
    return settled.kind === 'cancelled' || end?.kind === 'removed' ? 'removed' : 'errored';
  if (end?.kind === 'removed' || end?.kind === 'held') return end.kind;
  if (end !== undefined) return !isSupervised && now >= life.deadline ? 'errored' : 'running';
  if (activity !== undefined || state === 'running') return activity ?? 'running';
  if (life.isKnown) return 'idle';
  if (call.submission.refusal !== undefined || isNeverSubmitted(component, hasOwner)) return 'errored';
  return hasStarted ? 'running' : isLocalJob(component) ? 'idle' : 'unmaterialized';
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
