import { existsSync } from 'node:fs';
import { asItIs, type Boxed } from '../../base/as-it-is.ts';
import { type ComponentStatus, MapOutOfReachError, MapRemovedError } from '../../base/map-errors.ts';
import type { WaitOptions } from '../../base/timers.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { JobSetHeader } from '../../cluster/attach/check-header.ts';
import type { Call } from '../../cluster/calls/call.ts';
import type { MapHeader, ResolvedOptions } from '../../cluster/cluster-options.ts';
import type { MapDependencyFinder } from '../../cluster/dependencies/map-dependencies.ts';
import { errorOf, type Future } from '../../futures/future.ts';
import { type JobPolicies, mergeJobOptions } from '../../futures/job-options.ts';
import { isClaimed } from '../../job-set/claim.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { logsDirectory, outcomesDirectory } from '../../job-set/names.ts';
import { MapExecutor, mapOptions, needsSupervision } from '../create/map-executor.ts';
import { JobSetReader } from '../../watch/job-set-reader.ts';
import type { TagRecord } from '../tags/tags.ts';
import { ComponentCalls } from './component-calls.ts';
import { checkComponent, type Circumstances, type Component, isSettled, statusOf } from './component.ts';
import { MapWatch } from './map-watch.ts';
import { findRunningExecutor, registerExecutor, withMapLock } from './running-maps.ts';

/** The directory in which maps are opened, and the environment that they get. */
export interface MapEnvironment {
  readonly options: ResolvedOptions;
  /** The batch system of a map's jobs. `isNamed`: the user chose the queue, which is then not checked. */
  systemOf(header: JobSetHeader): { readonly system: BatchSystem; readonly isNamed: boolean };
  /** Supervises a map's jobs until they are done, or until the program shuts down the executor of the map. */
  supervise(executor: MapExecutor): void;
  /** Creates an object that finds futures in the inputs of one call; undefined if there is no executor. */
  readonly newFinder?: (() => MapDependencyFinder) | undefined;
  /** Whether the user says that owners on other machines have ended. */
  readonly takeOver?: boolean | undefined;
}

/** The environment of one map: its batch system, and the options by which it was made or loaded. */
export interface MapHost extends MapEnvironment {
  /** The map's own batch system, rather than that of its executor. */
  readonly system: BatchSystem;
  /** The reader of the executor that runs the map in this program, so that its files are read once. */
  readonly reader?: JobSetReader | undefined;
  /** The reason why this program cannot reach the map's jobs; then the map is only read. */
  readonly outOfReach?: MapOutOfReachError | undefined;
}

/** A map on the disk. */
export interface MapPlace {
  readonly tag: string;
  readonly record: TagRecord;
  readonly header: MapHeader;
}

/** The implementation of a `JobMap`: reads components, waits for them, settles futures, submits jobs. */
export class MapCore {
  readonly host: MapHost;
  readonly reader: JobSetReader;
  readonly watch: MapWatch;
  tag: string;
  isTransient: boolean;
  readonly made: Date;
  /** Whether this object has removed the map. */
  isRemoved = false;
  readonly header: MapPlace['header'];
  readonly #calls: ComponentCalls;
  /** The futures of components that are not done, by component. */
  readonly #pendingFutures = new Map<number, Future<unknown>>();

  constructor({ tag, record, header }: MapPlace, jobSet: JobSet, host: MapHost) {
    const { system, options } = host;
    this.host = host;
    this.tag = tag;
    this.isTransient = record.transient;
    this.made = new Date(record.made);
    this.header = header;
    this.reader = host.reader ?? new JobSetReader(jobSet, system, options, host.takeOver === true);
    this.watch = new MapWatch(this.reader, system, options);
    this.#calls = new ComponentCalls(this.reader, system, options.otherNode);
  }

  /** The executor that supervises the map's jobs in this program; undefined if there is none. */
  get executor(): MapExecutor | undefined {
    return findRunningExecutor(this.reader.jobSet.directory);
  }

  /** The batch system that can act on the map's jobs. @throws {MapOutOfReachError} if there is none */
  async reachSystem(): Promise<BatchSystem> {
    const { host, executor, reader, tag } = this;
    if (executor !== undefined) return executor.system;
    if (host.outOfReach !== undefined) throw host.outOfReach;
    const isElsewhere =
      host.system.queue === undefined && (await isClaimed(reader.jobSet.directory, host.takeOver));
    if (!isElsewhere) return host.system;
    const why = 'are processes of another program. Remedy: do it there, or end that program';
    throw new MapOutOfReachError(tag, why);
  }

  get length(): number {
    return this.reader.records.length;
  }

  /** @throws {RangeError} */
  component(index: number): Component {
    return this.reader.records[checkComponent(index, this.length)] as Component;
  }

  /** Reads the statuses of all components from the disk. @throws {MapRemovedError} */
  async readStatuses(): Promise<ComponentStatus[]> {
    return this.guard(async () => {
      await this.reader.refresh();
      return this.#statuses();
    });
  }

  /** The status of a component at the last read. @throws {RangeError} */
  knownStatus(index: number): ComponentStatus {
    return statusOf(this.component(index), this.#circumstances());
  }

  isSettled(status: ComponentStatus): boolean {
    return isSettled(status, this.header.waitsHeld);
  }

  /** Resolves with the first defined result of `check`. @throws {TimeoutError} {@link MapRemovedError} */
  async until<T>(
    check: (statuses: ComponentStatus[]) => T | undefined,
    options: WaitOptions,
    describe: () => string,
  ): Promise<T> {
    return this.guard(async () => this.watch.until(() => check(this.#statuses()), options, describe));
  }

  /**
   * Resolves with the status of a component when it is settled.
   * @param maxAge maximum age of a known status that is used without a read, in milliseconds
   * @throws {TimeoutError} {@link MapRemovedError}
   */
  async whenSettled(
    index: number,
    options: WaitOptions,
    describe: () => string,
    maxAge?: number,
  ): Promise<ComponentStatus> {
    const check = (): ComponentStatus | undefined => {
      const status = this.knownStatus(index);
      return this.isSettled(status) ? status : undefined;
    };
    return this.guard(async () => this.watch.until(check, options, describe, maxAge));
  }

  /** A settled future, wrapped because an async function cannot return it without awaiting it. */
  async settledFuture(index: number, status: ComponentStatus): Promise<{ readonly future: Future<unknown> }> {
    const component = this.component(index);
    const call = this.#calls.make(component);
    const { future } = call;
    await this.guard(async () => this.#calls.settle(call, component, status));
    return { future };
  }

  /** The error of a settled component; undefined if its call returned. */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
  errorOf(index: number, status: ComponentStatus): Promise<unknown> {
    const find = async (): Promise<Boxed> => {
      const { future } = await this.settledFuture(index, status);
      return { value: errorOf(future) };
    };
    return asItIs(find());
  }

  /** The future of a component's current attempt; the same object until it settles. */
  future(index: number): Future<unknown> {
    const component = this.component(index);
    const known = this.#pendingFutures.get(index);
    if (known !== undefined) return known;
    const call = this.#calls.make(component);
    const { future } = call;
    this.#pendingFutures.set(index, future);
    future.addDoneCallback(() => this.#pendingFutures.delete(index));
    void this.#follow(call, component);
    return future;
  }

  /** Settles a call when its component is settled. Never rejects. */
  async #follow(call: Call, component: Component): Promise<void> {
    try {
      const status = await this.until(
        (statuses) => {
          if (call.done) return 'removed';
          const current = statuses[component.index] as ComponentStatus;
          this.#calls.update(call, component, current);
          return this.isSettled(current) ? current : undefined;
        },
        {},
        () => '',
      );
      if (!call.done) await this.#calls.settle(call, component, status);
    } catch (error) {
      if (!call.done) call.controller.reject(error);
    }
  }

  /**
   * Submits the calls that `fill` writes to an executor of the map.
   * @throws {JobSetInUseError} if another program owns the map; {@link SubmitError}
   */
  async submit(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    return withMapLock(this.reader.jobSet.directory, async () => this.#submit(fill, policies));
  }

  async #submit(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    const { executor } = this;
    if (executor?.isOpen === true) await executor.send(fill);
    else {
      // The executor may be closing and still own the job set.
      await executor?.close();
      await this.#submitAsOwner(fill, policies);
    }
    await this.readStatuses();
    this.watch.wake();
  }

  /** Makes this program the owner of the map, and submits. */
  async #submitAsOwner(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    const { host, reader, header } = this;
    if (host.outOfReach !== undefined) throw host.outOfReach;
    // A system of its own, so that the end of the host's executor does not end the map's jobs.
    const system = host.system.forMap();
    const executor = new MapExecutor(system, mapOptions(host.options, this.tag, header));
    // An owner that has just ended may have submitted more jobs.
    const readLast = async (): Promise<{ call: number; submission: number }> => {
      await this.readStatuses();
      return { call: this.length, submission: reader.calls.lastSubmission };
    };
    await executor.adopt(reader, readLast, host.takeOver);
    try {
      await executor.markFailed(reader.records.filter(hasUnrecordedFailure).map(({ call }) => call));
      const isAllSent = await executor.send(fill);
      const isSupervised = needsSupervision(host.system, mergeJobOptions(host.options.policies, policies));
      await this.superviseOrClose(executor, isSupervised || !isAllSent);
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  /** Supervises the submitted jobs in this program, or leaves them to the batch system alone. */
  async superviseOrClose(executor: MapExecutor, isSupervised: boolean): Promise<void> {
    if (!isSupervised) return executor.close();
    registerExecutor(this.reader.jobSet.directory, executor);
    this.host.supervise(executor);
  }

  /** Runs a read; its error becomes a MapRemovedError if the map has been removed. */
  async guard<T>(read: () => Promise<T>): Promise<T> {
    if (this.#isGone()) throw new MapRemovedError(this.tag);
    try {
      return await read();
    } catch (error) {
      throw this.#isGone() || this.#isRemnant() ? new MapRemovedError(this.tag, { cause: error }) : error;
    }
  }

  #isGone(): boolean {
    return this.isRemoved || !existsSync(this.reader.jobSet.directory);
  }

  /** Whether a removal is under way or was interrupted: a complete map has these directories. */
  #isRemnant(): boolean {
    const { directory } = this.reader.jobSet;
    return ![outcomesDirectory, logsDirectory].every((part) => existsSync(part(directory)));
  }

  #statuses(): ComponentStatus[] {
    const circumstances = this.#circumstances();
    return this.reader.records.map((component) => statusOf(component, circumstances));
  }

  #circumstances(): Circumstances {
    const { reader, header } = this;
    const { hasOwner } = reader;
    // A rerun may have retries even if the map was created without.
    const isSupervised = hasOwner && (header.supervised || this.executor?.isOpen === true);
    return { now: performance.now(), isSupervised, hasOwner };
  }
}

/** Whether a component has failed and no record says that this is final. */
function hasUnrecordedFailure({ outcome, settled }: Component): boolean {
  return outcome?.failed === true && settled === undefined;
}
