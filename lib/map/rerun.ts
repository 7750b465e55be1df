import type { BatchSystem } from '../batch/batch-system.ts';
import type { JobOptions, JobPolicies } from '../job-options.ts';
import { removeCallFiles } from '../job-set/call-files.ts';
import { begunKeys } from './begun-keys.ts';
import { isUnsent, jobIdOf, type ComponentStatus } from './component.ts';
import { chooseComponents, type ComponentChoice } from './components.ts';
import type { MapCore } from './map-core.ts';
import { ComponentStateError } from './map-errors.ts';

const RERUNNABLE: readonly ComponentStatus[] = ['completed', 'errored', 'removed', 'held'];
const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Submits components once more.
 * @param options of all of them, or, checked before, of each
 * @returns which
 * @throws {ComponentStateError} {@link JobSetInUseError} {@link SubmitError} {@link TypeError}
 */
export async function rerunComponents(
  core: MapCore,
  choice: ComponentChoice | undefined,
  options: JobOptions | ((index: number) => JobOptions),
  policies: JobPolicies = typeof options === 'function' ? {} : options,
): Promise<number[]> {
  const optionsOf = typeof options === 'function' ? options : () => options;
  if (typeof options !== 'function') core.host.system.checkSubmitOptions(options.submit ?? {});
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
  if (jobIds.length > 0) await (await core.reach()).remove(jobIds);
  const { jobSet } = core.reader;
  const attempts = new Map(chosen.map((index) => [index, core.component(index).call.attempt]));
  await core.submit(async (executor) => {
    await core.look();
    const others = chosen.filter((index) => core.component(index).call.attempt !== attempts.get(index));
    if (others.length > 0)
      throw new ComponentStateError(`Component ${others[0]} was run again by another just now`, others);
    await revokeUnheard(core, executor.system, chosen);
    for (const index of chosen) {
      const { call } = core.component(index);
      // With its checkpoint, it would have nothing left to do; one that has failed goes on where it was.
      if (statuses[index] === 'completed') await removeCallFiles(jobSet.directory, call.index);
      executor.again(jobSet, call, optionsOf(index));
    }
  }, policies);
  return chosen;
}

/**
 * Jobs of which nobody has ever heard may come into the queue yet: they do nothing then.
 * @throws {ComponentStateError} if some have come meanwhile, and may run
 */
async function revokeUnheard(core: MapCore, system: BatchSystem, chosen: readonly number[]): Promise<void> {
  const unheard = chosen
    .map((index) => core.component(index))
    .filter((component) => isUnsent(component, false) && !component.call.submission.waits);
  const submissions = new Map(unheard.map(({ call }) => [call.submission.submission, call.submission]));
  const { jobSet } = core.reader;
  for (const { submission, submit, time } of submissions.values()) {
    const mine = unheard.filter(({ call }) => call.submission.submission === submission);
    const jobs = mine.map(({ call }) => ({ key: call.job.key, position: call.position }));
    const refuseLate = async (): Promise<void> => {
      const ids = await system.find({ jobSet, submission, submit, jobs }, undefined, time);
      const begun = new Set(await begunKeys(jobSet.directory));
      const late = mine.filter(({ call }, at) => ids[at] !== undefined || begun.has(call.job.key));
      if (late.length > 0) throw lateError(late.map(({ index }) => index));
    };
    // Those that are there are not to be turned away.
    await refuseLate();
    await jobSet.revoke(submission);
    await refuseLate();
  }
}

function lateError(late: readonly number[]): ComponentStateError {
  const message = `Component ${late[0]} has a job that came into the queue only now, and cannot be run again. Remedy: wait for it, then look at its status`;
  return new ComponentStateError(message, [...late]);
}
