import type { JobAction } from '../batch/batch-system.ts';
import { JobControlError } from '../errors.ts';
import { methodOf } from '../job-edit.ts';
import { COMPONENT_STATUSES, isSettled, jobIdOf, type ComponentStatus } from './component.ts';
import { chooseComponents, type ComponentChoice } from './components.ts';
import type { MapCore } from './map-core.ts';
import { ComponentStateError } from './map-errors.ts';

export type MapAction = JobAction;

/** What can be done with components in which status; others are left out where a whole map is meant. */
const POSSIBLE: Readonly<Record<MapAction['kind'], readonly ComponentStatus[]>> = {
  hold: ['idle', 'running', 'transferring', 'suspended'],
  release: ['held'],
  vacate: ['running', 'transferring', 'suspended'],
  suspend: ['running'],
  continue: ['suspended'],
  edit: ['idle', 'running', 'transferring', 'suspended', 'held'],
};

/**
 * Asks the batch system to do something to components.
 * @returns those of which it was asked
 * @throws {ComponentStateError} {@link JobControlError} {@link CommandError}
 */
export async function actOn(
  core: MapCore,
  action: MapAction,
  choice: ComponentChoice | undefined,
): Promise<number[]> {
  const { chosen, jobIds } = await choosePossible(core, methodOf(action), POSSIBLE[action.kind], choice);
  if (jobIds.length === 0) return [];
  const refusals = await (await core.reach()).act(action, jobIds);
  core.watch.poke();
  const [refusal] = refusals;
  // What has moved on meanwhile is no trouble where the whole map was meant.
  if (choice === undefined) return chosen.filter((_, at) => !refusals.has(jobIds[at] as string));
  if (refusal !== undefined) throw new JobControlError(methodOf(action), ...refusal);
  return chosen;
}

const CANCELLABLE = COMPONENT_STATUSES.filter((status) => !isSettled(status, true));

/** Stops the jobs of components, whatever they do. */
export async function cancelComponents(
  core: MapCore,
  choice: ComponentChoice | undefined,
): Promise<number[]> {
  const { chosen, jobIds } = await choosePossible(core, 'cancel', CANCELLABLE, choice);
  if (chosen.length === 0) return [];
  const system = await core.reach();
  for (const index of chosen) core.keeper?.cancel(index);
  if (choice === undefined && system.jobSetRemoval !== undefined)
    await system.jobSetRemoval.remove(core.reader.jobSet.id);
  else if (jobIds.length > 0) await system.remove(jobIds);
  core.watch.poke();
  return chosen;
}

async function choosePossible(
  core: MapCore,
  action: string,
  possible: readonly ComponentStatus[],
  choice: ComponentChoice | undefined,
): Promise<{ chosen: number[]; jobIds: string[] }> {
  const statuses = await core.look();
  const all = await chooseComponents(choice, statuses);
  const chosen = all.filter((index) => possible.includes(statuses[index] as ComponentStatus));
  if (choice !== undefined && typeof choice !== 'function' && chosen.length < all.length) {
    const others = all.filter((index) => !chosen.includes(index));
    const [first] = others;
    throw new ComponentStateError(
      `Component ${first} is ${statuses[first as number]}: there is nothing to ${action}`,
      others,
    );
  }
  const withJobs = chosen.filter(
    (index) => action === 'cancel' || jobIdOf(core.component(index)) !== undefined,
  );
  const jobIds = withJobs.map((index) => jobIdOf(core.component(index))).filter((id) => id !== undefined);
  return { chosen: withJobs, jobIds };
}
