import { JobControlError } from '../../base/errors.ts';
import { type ComponentStatus, ComponentStateError } from '../../base/map-errors.ts';
import type { BatchSystem, JobAction } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import { type JobOptions, type JobPolicies, mergeJobOptions } from '../../futures/job-options.ts';
import { removeCallFiles } from '../../job-set/call-outputs.ts';
import { CapturedParts } from '../../cluster/calls/functions.ts';
import { copyArguments, ownList } from '../../cluster/calls/encode-request.ts';
import { argumentsOf, batchesOf, checkInputs, type Inputs } from '../create/inputs.ts';
import { chooseComponents, COMPONENT_STATUSES, type ComponentChoice, isSettled } from '../read/component.ts';
import type { MapCore } from '../read/map-core.ts';
import { isNeverSubmitted, jobIdOf } from '../../watch/call-records.ts';
import { findStartedKeys } from '../../watch/job-set-reader.ts';

/** An action of the batch system on the jobs of components. */
export type MapAction = JobAction;

/** The statuses in which each action is possible; an action on a whole map skips the other components. */
const POSSIBLE_STATUSES: Readonly<Record<MapAction['kind'], readonly ComponentStatus[]>> = {
  hold: ['idle', 'running', 'transferring', 'suspended'],
  release: ['held'],
  vacate: ['running', 'transferring', 'suspended'],
  suspend: ['running'],
  continue: ['suspended'],
  edit: ['idle', 'running', 'transferring', 'suspended', 'held'],
};

/**
 * Has the batch system act on the jobs of components.
 * @returns the components on which it has acted
 * @throws {ComponentStateError} {@link JobControlError} {@link CommandError}
 */
export async function actOn(
  core: MapCore,
  action: MapAction,
  choice: ComponentChoice | undefined,
): Promise<number[]> {
  const { chosen, jobIds } = await choosePossible(
    core,
    methodOf(action),
    POSSIBLE_STATUSES[action.kind],
    choice,
  );
  if (jobIds.length === 0) return [];
  const refusals = await (await core.reachSystem()).act(action, jobIds, core.reader.jobSet.id);
  core.watch.wake();
  const [refusal] = refusals;
  // Jobs whose status has changed meanwhile are an error only if they were chosen explicitly.
  if (choice === undefined) return chosen.filter((_, at) => !refusals.has(jobIds[at] as string));
  if (refusal !== undefined) throw new JobControlError(methodOf(action), ...refusal);
  return chosen;
}

const CANCELLABLE_STATUSES = COMPONENT_STATUSES.filter((status) => !isSettled(status, true));

/** Removes the jobs of components from the queue. @returns the cancelled components */
export async function cancelComponents(
  core: MapCore,
  choice: ComponentChoice | undefined,
): Promise<number[]> {
  const { chosen, jobIds } = await choosePossible(core, 'cancel', CANCELLABLE_STATUSES, choice);
  if (chosen.length === 0) return [];
  const system = await core.reachSystem();
  for (const index of chosen) core.executor?.cancel(index);
  if (choice === undefined && system.jobSetRemoval !== undefined)
    await system.jobSetRemoval.remove(core.reader.jobSet.id);
  else if (jobIds.length > 0) await system.remove(jobIds, core.reader.jobSet.id);
  core.watch.wake();
  return chosen;
}

/** @throws {ComponentStateError} if a component chosen by its index has none of the possible statuses */
async function choosePossible(
  core: MapCore,
  action: string,
  possible: readonly ComponentStatus[],
  choice: ComponentChoice | undefined,
): Promise<{ chosen: number[]; jobIds: string[] }> {
  const statuses = await core.readStatuses();
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

const RERUNNABLE_STATUSES: readonly ComponentStatus[] = ['completed', 'errored', 'removed', 'held'];
/** The statuses of components that run again by default. */
export const FAILED_STATUSES: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Submits new jobs for components; by default for those that failed, were removed or are held.
 * @param options for all components, or a function that returns the options of each, which the caller has
 * checked
 * @returns the components that run again
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
  const statuses = await core.readStatuses();
  const hasFailed = (index: number): boolean => FAILED_STATUSES.includes(statuses[index] as ComponentStatus);
  const chosen = await chooseComponents(choice ?? hasFailed, statuses);
  const active = chosen.filter((index) => !RERUNNABLE_STATUSES.includes(statuses[index] as ComponentStatus));
  if (active.length > 0) {
    throw new ComponentStateError(
      `Component ${active[0]} is ${statuses[active[0] as number]}, and cannot be run again. Remedy: wait for it, or cancel() it`,
      active,
    );
  }
  if (chosen.length === 0) return [];
  const held = chosen.filter((index) => statuses[index] === 'held');
  const jobIds = held.map((index) => jobIdOf(core.component(index))).filter((id) => id !== undefined);
  // A released job would run beside the new job of its component.
  if (jobIds.length > 0) await (await core.reachSystem()).remove(jobIds, core.reader.jobSet.id);
  const { jobSet } = core.reader;
  const attempts = new Map(chosen.map((index) => [index, core.component(index).call.attempt]));
  await core.submit(async (executor) => {
    await core.readStatuses();
    const others = chosen.filter((index) => core.component(index).call.attempt !== attempts.get(index));
    if (others.length > 0)
      throw new ComponentStateError(`Component ${others[0]} was run again by another just now`, others);
    await revokeUnconfirmed(core, executor.system, chosen);
    for (const index of chosen) {
      const { call } = core.component(index);
      // A completed component starts without its checkpoint, because that may hold the finished work. A
      // failed one resumes from it.
      if (statuses[index] === 'completed') await removeCallFiles(jobSet.directory, call.index);
      executor.rerun(jobSet, call, optionsOf(index));
    }
  }, policies);
  return chosen;
}

/**
 * Revokes submissions that the batch system has not confirmed, so that their jobs do nothing if they still
 * appear in the queue.
 * @throws {ComponentStateError} if some have appeared meanwhile and may run
 */
async function revokeUnconfirmed(
  core: MapCore,
  system: BatchSystem,
  chosen: readonly number[],
): Promise<void> {
  const unconfirmed = chosen
    .map((index) => core.component(index))
    .filter((component) => isNeverSubmitted(component, false) && !component.call.submission.waits);
  const submissions = new Map(unconfirmed.map(({ call }) => [call.submission.submission, call.submission]));
  const { jobSet } = core.reader;
  for (const { submission, submit, time } of submissions.values()) {
    const members = unconfirmed.filter(({ call }) => call.submission.submission === submission);
    const jobs = members.map(({ call }) => ({ key: call.job.key, position: call.position }));
    const refuseLate = async (): Promise<void> => {
      const ids = await system.find({ jobSet, submission, submit, jobs }, undefined, time);
      const started = new Set(await findStartedKeys(jobSet.directory));
      const late = members.filter(({ call }, at) => ids[at] !== undefined || started.has(call.job.key));
      if (late.length > 0) throw lateError(late.map(({ index }) => index));
    };
    // A job that is already in the queue must not be revoked; one may also appear between this check and
    // revoke().
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
 * Adds components to a map, with the function in its job set.
 * @returns the indices of the new components
 * @throws {SerializationError} {@link DependencyError} {@link CancelledError} {@link JobSetInUseError}
 * {@link SubmitError}
 */
export async function addInputs(
  core: MapCore,
  inputs: Inputs<unknown>,
  options: JobOptions,
): Promise<number[]> {
  checkInputs(inputs);
  core.host.system.checkSubmitOptions(options.submit ?? {});
  await core.readStatuses();
  const { reader, header } = core;
  const { newFinder } = core.host;
  const last = reader.records.at(-1)?.call;
  const submit = last && optionsOfJob(last.submission, last.position);
  const merged = mergeJobOptions({ submit, preload: header.preload }, options);
  const fn = {
    fn: undefined as never,
    hash: header.function,
    bytes: new Uint8Array(),
    captured: new CapturedParts(undefined, header.sendsModules),
  };
  const added: number[] = [];
  await core.submit(async (executor) => {
    // Another program may have added components before this one became the owner.
    await core.readStatuses();
    const first = core.length;
    const take = (input: unknown, index: number): { args: readonly unknown[]; options: JobOptions } => {
      const args = header.spread ? ownList(argumentsOf(input, first + index), fn) : [input];
      const { capture, filesystem } = core.host.options;
      const separate = { finder: newFinder?.(), transfers: filesystem === 'transfer' };
      copyArguments(args, () => fn, { capture }, true, separate);
      return { args, options: merged };
    };
    for await (const calls of batchesOf(inputs, undefined, undefined, take)) {
      for (const index of await executor.write(fn, calls, { newFinder })) added.push(index);
    }
  }, options);
  return added;
}
