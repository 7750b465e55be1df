import type { JobOptions } from '../job-options.ts';
import { jobIdOf, type ComponentStatus } from './component.ts';
import { chooseComponents, type ComponentChoice } from './components.ts';
import type { MapCore } from './map-core.ts';
import { ComponentStateError } from './map-errors.ts';

const RERUNNABLE: readonly ComponentStatus[] = ['completed', 'errored', 'removed', 'held'];
const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Submits components once more.
 * @returns which
 * @throws {ComponentStateError} {@link JobSetInUseError} {@link SubmitError} {@link TypeError}
 */
export async function rerunComponents(
  core: MapCore,
  choice: ComponentChoice | undefined,
  options: JobOptions,
): Promise<number[]> {
  core.host.system.checkSubmitOptions(options.submit ?? {});
  const statuses = await core.look();
  const failed = (index: number): boolean => FAILED.includes(statuses[index] as ComponentStatus);
  const chosen = await chooseComponents(choice ?? failed, statuses);
  const active = chosen.filter((index) => !RERUNNABLE.includes(statuses[index] as ComponentStatus));
  if (active.length > 0) {
    throw new ComponentStateError(
      `Component ${active[0]} is ${statuses[active[0] as number]}, and cannot be run again. Remedy: wait for it, or cancel() it`,
      active,
    );
  }
  if (chosen.length === 0) return [];
  const held = chosen.filter((index) => statuses[index] === 'held');
  const jobIds = held.map((index) => jobIdOf(core.component(index))).filter((id) => id !== undefined);
  // Else two jobs would have one component.
  if (jobIds.length > 0) await core.host.system.remove(jobIds);
  await core.submit(async (executor) => {
    for (const index of chosen) executor.again(core.reader.jobSet, core.component(index).call, options);
  }, options);
  return chosen;
}
