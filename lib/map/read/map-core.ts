import { existsSync } from 'node:fs';
import { type ComponentStatus, MapOutOfReachError, MapRemovedError } from '../../base/map-errors.ts';
import type { WaitOptions } from '../../base/timers.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { Call } from '../../cluster/calls/call.ts';
import type { MapHeader, ResolvedOptions } from '../../cluster/cluster-options.ts';
import type { MapDependencyFinder } from '../../cluster/dependencies/map-dependencies.ts';
import type { Future } from '../../futures/future.ts';
import { type JobPolicies, mergeJobOptions } from '../../futures/job-options.ts';
import { isClaimed } from '../../job-set/claim.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { logsDirectory, outcomesDirectory } from '../../job-set/names.ts';
import { MapExecutor, mapOptions, needsSupervision } from '../create/map-executor.ts';
import type { TagRecord } from '../tags/tags.ts';
import { ComponentCalls } from './component-calls.ts';
import { checkComponent, type Circumstances, type Component, isSettled, statusOf } from './component.ts';
import { MapReader } from './map-reader.ts';
import { MapWatch } from './map-watch.ts';
import { findRunningExecutor, registerExecutor, withMapLock } from './running-maps.ts';

/** A map as a program has it open: looks at its components, waits for them, and settles their futures. */
export class MapCore {
  readonly host: MapHost;
  readonly reader: MapReader;
  readonly watch: MapWatch;
  tag: string;
  isTransient: boolean;
  readonly made: Date;
  /** By this very program. */
  removed = false;
  readonly header: MapPlace['header'];
  readonly #calls: ComponentCalls;
  /** Of components that are not done. */
  readonly #following = new Map<number, Future<unknown>>();

  constructor({ tag, record, header }: MapPlace, jobSet: JobSet, host: MapHost) {
    const { system, options } = host;
    this.host = host;
    this.tag = tag;
    this.isTransient = record.transient;
    this.made = new Date(record.made);
    this.header = header;
    this.reader = new MapReader(jobSet, system, host.takeOver === true);
    this.watch = new MapWatch(this.reader, system, options);
    this.#calls = new ComponentCalls(this.reader, system, options.otherNode);
  }

  /** What looks after its jobs, if this program does. */
  get executor(): MapExecutor | undefined {
    return findRunningExecutor(this.reader.jobSet.directory);
  }

  /**
   * Through what its jobs can be reached.
   * @throws {MapOutOfReachError} if they cannot
   */
  async reach(): Promise<BatchSystem> {
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
    return this.reader.components.length;
  }

  /** @throws {RangeError} */
  component(index: number): Component {
    return this.reader.components[checkComponent(index, this.length)] as Component;
  }

  /** What the components are now, after a look at the disk. @throws {MapRemovedError} */
  async look(): Promise<ComponentStatus[]> {
    await this.watch.grace();
    return this.guard(async () => {
      await this.reader.refresh();
      return this.#statuses();
    });
  }

  /** What a component is by the last look. @throws {RangeError} */
  knownStatus(index: number): ComponentStatus {
    return statusOf(this.component(index), this.#circumstances());
  }

  isSettled(status: ComponentStatus): boolean {
    return isSettled(status, this.header.waitsHeld);
  }

  /** Resolves with what `look` gives as soon as that is not undefined. @throws {TimeoutError} {@link MapRemovedError} */
  async until<T>(
    look: (statuses: ComponentStatus[]) => T | undefined,
    options: WaitOptions,
    describe: () => string,
  ): Promise<T> {
    return this.guard(async () => this.watch.until(() => look(this.#statuses()), options, describe));
  }

  /** Resolves with the status of a component when it is settled. @throws as {@link until} */
  async whenSettled(
    index: number,
    options: WaitOptions,
    describe: () => string,
    maxAge?: number,
  ): Promise<ComponentStatus> {
    const look = (): ComponentStatus | undefined => {
      const status = this.knownStatus(index);
      return this.isSettled(status) ? status : undefined;
    };
    return this.guard(async () => this.watch.until(look, options, describe, maxAge));
  }

  /** A future, which is done, of a component that is settled. */
  async settled(index: number, status: ComponentStatus): Promise<{ readonly future: Future<unknown> }> {
    const component = this.component(index);
    const call = this.#calls.make(component);
    const { future } = call;
    await this.guard(async () => this.#calls.settle(call, component, status));
    return { future };
  }

  /** What a settled component has failed with; undefined if it has not. */
  async errorOf(index: number, status: ComponentStatus): Promise<unknown> {
    const { future } = await this.settled(index, status);
    return future.exception().catch((error: unknown) => error);
  }

  /** The future of the component's present attempt, which settles in its time. */
  follow(index: number): Future<unknown> {
    const component = this.component(index);
    const known = this.#following.get(index);
    if (known !== undefined) return known;
    const call = this.#calls.make(component);
    const { future } = call;
    this.#following.set(index, future);
    future.addDoneCallback(() => this.#following.delete(index));
    void this.#follow(call, component);
    return future;
  }

  /** Never rejects. */
  async #follow(call: Call, component: Component): Promise<void> {
    try {
      const status = await this.until(
        (statuses) => {
          if (call.done) return 'removed';
          const now = statuses[component.index] as ComponentStatus;
          this.#calls.update(call, component, now);
          return this.isSettled(now) ? now : undefined;
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
   * Submits what `fill` gives an executor of the map.
   * @throws {JobSetInUseError} if another program looks after the map; {@link SubmitError}
   */
  async submit(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    return withMapLock(this.reader.jobSet.directory, async () => this.#submit(fill, policies));
  }

  async #submit(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    const { executor } = this;
    if (executor?.isOpen === true) await executor.send(fill);
    else {
      // It may be at its end, and the job set still be its own.
      await executor?.close();
      await this.#submitAsOwner(fill, policies);
    }
    await this.look();
    this.watch.wake();
  }

  /** As {@link submit}, of a map that nobody looks after. */
  async #submitAsOwner(fill: (executor: MapExecutor) => Promise<void>, policies: JobPolicies): Promise<void> {
    const { host, reader, header } = this;
    if (host.outOfReach !== undefined) throw host.outOfReach;
    // Jobs of a program that is gone, which may be with the host's, must not end with it.
    const system = host.system.forMap();
    reader.listen(system);
    const executor = new MapExecutor(system, mapOptions(host.options, this.tag, header));
    // Another program may have submitted some, and have let go, just before.
    const readLast = async (): Promise<{ call: number; submission: number }> => {
      await this.look();
      return { call: this.length, submission: reader.lastSubmission };
    };
    await executor.adopt(reader.jobSet, readLast, host.takeOver);
    try {
      await executor.markFailed(reader.components.filter(isFinalStateUnknown).map(({ call }) => call));
      const isAllSent = await executor.send(fill);
      const isKept = needsSupervision(host.system, mergeJobOptions(host.options.policies, policies));
      await this.superviseOrClose(executor, isKept || !isAllSent);
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  /** Its jobs are in the queue: either somebody here looks after them, or the batch system alone does. */
  async superviseOrClose(executor: MapExecutor, isKept: boolean): Promise<void> {
    if (!isKept) return executor.close();
    registerExecutor(this.reader.jobSet.directory, executor);
    this.host.supervise(executor);
  }

  /** Reads, and tells what cannot be read as the map is gone. */
  async guard<T>(read: () => Promise<T>): Promise<T> {
    if (this.#isGone()) throw new MapRemovedError(this.tag);
    try {
      return await read();
    } catch (error) {
      throw this.#isGone() || this.#isPart() ? new MapRemovedError(this.tag, { cause: error }) : error;
    }
  }

  #isGone(): boolean {
    return this.removed || !existsSync(this.reader.jobSet.directory);
  }

  /** Its removal has begun, or was cut off: all of these are there before a map has its header. */
  #isPart(): boolean {
    const { directory } = this.reader.jobSet;
    return ![outcomesDirectory, logsDirectory].every((part) => existsSync(part(directory)));
  }

  #statuses(): ComponentStatus[] {
    const circumstances = this.#circumstances();
    return this.reader.components.map((component) => statusOf(component, circumstances));
  }

  #circumstances(): Circumstances {
    const { reader, watch, header } = this;
    const attended = reader.isAttended;
    // A rerun may be tried again where the map itself was not to be.
    const supervised = attended && (header.supervised || this.executor?.isOpen === true);
    return { now: performance.now(), grace: watch.knownGrace, supervised, attended };
  }
}

/** It has failed, and nobody has said whether it is tried again. */
function isFinalStateUnknown({ outcome, verdict }: Component): boolean {
  return outcome?.failed === true && verdict === undefined;
}

/** What a map needs of where it was made or loaded. */
export interface MapHost {
  /** Its own, rather than its executor's. */
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  /** Looks after a map's jobs until they are done, or as long as the program has its executor. */
  supervise(executor: MapExecutor): void;
  /** What finds futures in the inputs of a map, if some executor's may be given. */
  readonly newFinder?: (() => MapDependencyFinder) | undefined;
  /** Why the jobs of the map cannot be reached from here, if so: it is only read then. */
  readonly outOfReach?: MapOutOfReachError | undefined;
  /** Programs of other machines that looked after the map are gone, by the user's word. */
  readonly takeOver?: boolean | undefined;
}

/** A map on the disk. */
export interface MapPlace {
  readonly tag: string;
  readonly record: TagRecord;
  readonly header: MapHeader;
}
