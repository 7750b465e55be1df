import { JobControlError } from '../../base/errors.ts';
import { type ComponentStatus, ComponentStateError } from '../../base/map-errors.ts';
import type { BatchSystem, JobAction } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import { type JobOptions, type JobPolicies, mergeJobOptions } from '../../futures/job-options.ts';
import { removeCallFiles } from '../../job-set/call-outputs.ts';
import { argumentsOf, batchesOf, checkInputs, type Inputs } from '../create/inputs.ts';
import {
  chooseComponents,
  COMPONENT_STATUSES,
  type ComponentChoice,
  isSettled,
  isUnsent,
  jobIdOf,
} from '../read/component.ts';
import type { MapCore } from '../read/map-core.ts';
import { begunKeys } from '../read/map-reader.ts';

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
  core.watch.wake();
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
  for (const index of chosen) core.executor?.cancel(index);
  if (choice === undefined && system.jobSetRemoval !== undefined)
    await system.jobSetRemoval.remove(core.reader.jobSet.id);
  else if (jobIds.length > 0) await system.remove(jobIds);
  core.watch.wake();
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
      executor.rerun(jobSet, call, optionsOf(index));
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

/**
 * Adds components to a map, of the function that lies in its job set.
 * @returns their indices
 * @throws {SerializationError} {@link DependencyError} {@link CancelledError} {@link JobSetInUseError} {@link SubmitError}
 */
export async function addInputs(
  core: MapCore,
  inputs: Inputs<unknown>,
  options: JobOptions,
): Promise<number[]> {
  checkInputs(inputs);
  core.host.system.checkSubmitOptions(options.submit ?? {});
  await core.look();
  const { reader, header } = core;
  const { newFinder } = core.host;
  const last = reader.components.at(-1)?.call;
  const submit = last && optionsOfJob(last.submission, last.position);
  const all = mergeJobOptions({ submit }, options);
  const fn = {
    fn: undefined as never,
    hash: header.function,
    bytes: new Uint8Array(),
    objects: new WeakSet(),
  };
  const added: number[] = [];
  await core.submit(async (executor) => {
    // Others may have added some just before.
    await core.look();
    const first = core.length;
    for await (const batch of batchesOf(inputs)) {
      const calls = batch.map((input, index) => ({
        args: header.spread ? argumentsOf(input, first + added.length + index) : [input],
        options: all,
      }));
      for (const index of await executor.write(fn, calls, { newFinder })) added.push(index);
    }
  }, options);
  return added;
}
