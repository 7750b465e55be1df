import { COMPONENT_STATUSES, type ComponentStatus } from './component.ts';

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
