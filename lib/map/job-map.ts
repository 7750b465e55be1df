import { inspect } from 'node:util';
import { asItIs, type Boxed } from '../base/as-it-is.ts';
import { type ComponentStatus, ComponentPendingError, MapComponentError } from '../base/map-errors.ts';
import { checkWaitOptions, type WaitOptions } from '../base/timers.ts';
import { diskEdit, memoryEdit } from '../batch/job-actions.ts';
import type { OrFuture, OrFutures } from '../futures/executor.ts';
import type { Future } from '../futures/future.ts';
import { checkJobOptions, type JobOptions } from '../futures/job-options.ts';
import { listOutputFiles, type OutputFile, type Progress, readProgress } from '../job-set/call-outputs.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { cannotTravel } from '../payload/reducers.ts';
import {
  actOn,
  addInputs,
  cancelComponents,
  type MapAction,
  rerunComponents,
} from './act/component-actions.ts';
import { removeOpenMap, type RemoveOptions } from './act/remove-map.ts';
import { coordinatesIn, indexIn, type Inputs, readInputs } from './create/inputs.ts';
import {
  checkComponent,
  type ComponentChoice,
  type ComponentHold,
  countStatuses,
  formatCounts,
  isSettled,
} from './read/component.ts';
import { MapCore, type MapHost, type MapPlace } from './read/map-core.ts';
import { errorReport, errorReports } from './report/error-report.ts';
import { holdReport } from './report/format-status.ts';
import { componentUsage, type ComponentUsage, sizeOf } from './report/map-status.ts';
import { type MapProgress, type ProgressOption, withProgress } from './report/progress.ts';
import { makePersistent, renameTag } from './tags/tags.ts';

export interface MapWaitOptions extends WaitOptions {
  /**
   * Count held components as done; otherwise the first one ends the wait with its error.
   * @default false
   */
  readonly holdsOk?: boolean | undefined;
  /**
   * Count components that failed or were removed as done; otherwise the first one ends the wait with its
   * error.
   * @default false
   */
  readonly errorsOk?: boolean | undefined;
  /**
   * Show how many components are done.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

export interface ComponentWaitOptions extends WaitOptions {
  /**
   * Yield the inputs of each component, too.
   * @default false
   */
  readonly withInputs?: boolean | undefined;
}

/** A component that is done or held. */
export interface CompletedComponent<A extends readonly unknown[], R> {
  readonly component: number;
  readonly status: ComponentStatus;
  /** A settled future: `await` it within `try`. */
  readonly future: Future<R>;
  /** The arguments of the call, if requested by `withInputs`. */
  readonly inputs?: A;
}

/** Maximum age of a known status within an iteration, so that the disk is not read for each component. */
const ITERATION_AGE_MS = 50;

/**
 * A function applied to many inputs; each input is a component with its own job. Made by `executor.createMap`
 * and loaded by `loadMap`. Every answer is read from the disk, by any program at any time, and values are not
 * cached. After `remove` every method rejects with a MapRemovedError.
 *
 * @example
 * const map = await executor.createMap(simulate, inputs, { tag: 'first-try' });
 * for await (const value of map) console.log(value);
 */
export class JobMap<
  A extends readonly unknown[] = readonly unknown[],
  R = unknown,
> implements AsyncIterable<R> {
  readonly #core: MapCore;

  private constructor(core: MapCore) {
    this.#core = core;
  }

  /** Opens a map on the disk, for `createMap` and `loadMap`; `prepare` runs before the first read. */
  static async open<A extends readonly unknown[], R>(
    place: MapPlace,
    jobSet: JobSet,
    host: MapHost,
    prepare: (core: MapCore) => Promise<void> = async () => {},
  ): Promise<JobMap<A, R>> {
    const core = new MapCore(place, jobSet, host);
    await prepare(core);
    await core.readStatuses();
    return new JobMap<A, R>(core);
  }

  get tag(): string {
    return this.#core.tag;
  }

  /** Whether the tag was made at random rather than given by a user; `clean()` removes such maps. */
  get isTransient(): boolean {
    return this.#core.isTransient;
  }

  /** The time at which the map was made. */
  get made(): Date {
    return this.#core.made;
  }

  /** The directory that holds all files of the map. */
  get directory(): string {
    return this.#core.reader.jobSet.directory;
  }

  /** Whether a program was submitting or retrying components of the map at the last read. */
  get isAttended(): boolean {
    return this.#core.reader.hasOwner;
  }

  /** The number of components. */
  get length(): number {
    return this.#core.length;
  }

  /** The number of values of each axis, for a map made by `createProduct`; undefined for others. */
  get axes(): readonly number[] | undefined {
    return this.#core.header.axes;
  }

  /**
   * The index of the component whose arguments are at these positions of their axes:
   * `map.get(map.indexOf([2, 0]))`.
   * @throws {RangeError} for positions out of range; {@link TypeError} if the map was not made by
   * `createProduct`
   */
  indexOf(coordinates: readonly number[]): number {
    return indexIn(this.#requireAxes(), coordinates);
  }

  /** The positions of a component's arguments in their axes: the inverse of {@link indexOf}. */
  coordinatesOf(component: number): number[] {
    const axes = this.#requireAxes();
    const count = axes.reduce((product, length) => product * length, 1);
    return coordinatesIn(axes, checkComponent(component, count));
  }

  #requireAxes(): readonly number[] {
    if (this.axes !== undefined) return this.axes;
    throw new TypeError(`The map ${this.tag} has no axes: it was not made by createProduct()`);
  }

  /**
   * The value of a component; waits until the component is done.
   * @throws the error that its call threw; {@link JobError} if its job died, was removed, or is held;
   * {@link TimeoutError}
   */
  async get(index: number, wait: number | WaitOptions = {}): Promise<R> {
    const { future } = await this.#whenSettled(index, wait);
    return future as Promise<R>;
  }

  /** The value of a component, without waiting. @throws {ComponentPendingError}; and as {@link get} */
  async at(index: number): Promise<R> {
    const statuses = await this.#core.readStatuses();
    const status = statuses[checkComponent(index, this.length)] as ComponentStatus;
    if (!this.#core.isSettled(status)) {
      const message = `Component ${index} of map ${this.tag} is ${status}. Remedy: wait for it with get(${index})`;
      throw new ComponentPendingError(message, index, status);
    }
    const { future } = await this.#core.settledFuture(index, status);
    return future as Promise<R>;
  }

  /** The error of a component; undefined if its call returned. Waits until the component is done. */
  // oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
  error(index: number, wait: number | WaitOptions = {}): Promise<unknown> {
    const find = async (): Promise<Boxed> => {
      const { future } = await this.#whenSettled(index, wait);
      return { value: await future.exception() };
    };
    return asItIs(find());
  }

  /** The future of a component's current attempt: one object while pending, another after `rerun`. */
  future(index: number): Future<R> {
    return this.#core.future(index) as Future<R>;
  }

  /** The arguments of a component's call. */
  async inputs(index: number): Promise<A> {
    return (await this.#core.guard(async () =>
      readInputs(this.#core.reader.jobSet, this.#core.component(index)),
    )) as unknown as A;
  }

  /** Iterates over the values in the order of the inputs; throws the error of the first failed component. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    for (let index = 0; index < this.length; index += 1) yield await this.#next(index);
  }

  /** Iterates over arguments and values: `for await (const [inputs, value] of map.withInputs())`. */
  async *withInputs(): AsyncGenerator<[inputs: A, value: R], void, undefined> {
    for (let index = 0; index < this.length; index += 1)
      yield [await this.inputs(index), await this.#next(index)];
  }

  async #next(index: number): Promise<R> {
    const { future } = await this.#whenSettled(index, {}, index === 0 ? 0 : ITERATION_AGE_MS);
    return future as Promise<R>;
  }

  /** The future is wrapped, because an async function that returned it would wait for its value. */
  async #whenSettled(
    index: number,
    wait: number | WaitOptions,
    maxAge = 0,
  ): Promise<{ readonly future: Future<unknown> }> {
    checkComponent(index, this.length);
    const options = checkWaitOptions('get()', wait);
    const describe = (): string =>
      `Component ${index} of map ${this.tag} is not done after ${String(options.timeout)} ms`;
    const status = await this.#core.whenSettled(index, options, describe, maxAge);
    return this.#core.settledFuture(index, status);
  }

  /**
   * Iterates over the components as they are done, in whatever way; held ones count as done.
   * @throws {TimeoutError} when the timeout, in milliseconds for the whole iteration, has passed
   */
  async *asCompleted(
    options: number | ComponentWaitOptions = {},
  ): AsyncGenerator<CompletedComponent<A, R>, void, undefined> {
    const given = typeof options === 'number' ? { timeout: options } : options;
    const { timeout = Infinity, signal } = checkWaitOptions('asCompleted()', given, {
      withInputs: ['boolean'],
    });
    const deadline = performance.now() + timeout;
    const yielded = new Set<number>();
    while (yielded.size < this.length) {
      const done = await this.#core.until(
        (statuses) => {
          const isNew = ([index, status]: [number, ComponentStatus]): boolean =>
            this.#core.isSettled(status) && !yielded.has(index);
          const settled = [...statuses.entries()].filter(isNew);
          return settled.length > 0 ? settled : undefined;
        },
        { signal, timeout: Math.max(0, deadline - performance.now()) },
        () => `${this.length - yielded.size} (of ${this.length}) components unfinished`,
      );
      for (const [component, status] of done) {
        // The body of the caller's loop may have run it again meanwhile; it is yielded when it is done again.
        if (this.#core.knownStatus(component) !== status) continue;
        yielded.add(component);
        const { future } = (await this.#core.settledFuture(component, status)) as { future: Future<R> };
        const inputs = given.withInputs === true ? { inputs: await this.inputs(component) } : {};
        yield { component, status, future, ...inputs };
      }
    }
  }

  /**
   * Waits until all components are done.
   * @throws {MapComponentError} for the first component that failed, was removed or is held, unless
   * `errorsOk` or `holdsOk` allows that; {@link TimeoutError}
   */
  async wait(options: number | MapWaitOptions = {}): Promise<void> {
    const given = typeof options === 'number' ? { timeout: options } : options;
    const wait = checkWaitOptions('wait()', given, {
      holdsOk: ['boolean'],
      errorsOk: ['boolean'],
      progress: ['boolean', 'function'],
    });
    return withProgress(given.progress, async (report) => this.#wait(given, wait, report));
  }

  async #wait(
    { holdsOk = false, errorsOk = false }: MapWaitOptions,
    wait: WaitOptions,
    report: (progress: MapProgress) => void,
  ): Promise<void> {
    const isFine: Readonly<Partial<Record<ComponentStatus, boolean>>> = {
      completed: true,
      errored: errorsOk,
      removed: errorsOk,
      held: holdsOk,
    };
    let pending = this.length;
    const failed = await this.#core.until(
      (statuses) => {
        const bad = statuses.findIndex((status) => this.#core.isSettled(status) && isFine[status] !== true);
        if (bad !== -1) return bad;
        pending = statuses.filter((status) => isFine[status] !== true).length;
        const total = statuses.length;
        const counts = countStatuses(statuses);
        report({ tag: this.tag, phase: 'waiting', done: total - pending, total, counts });
        return pending === 0 ? -1 : undefined;
      },
      wait,
      () => `${pending} (of ${this.length}) components of map ${this.tag} are not done`,
    );
    if (failed === -1) return;
    const status = (await this.#core.readStatuses())[failed] as ComponentStatus;
    throw new MapComponentError(this.tag, failed, status, await this.#core.errorOf(failed, status));
  }

  /** Whether all components have returned. */
  async isDone(): Promise<boolean> {
    return (await this.#core.readStatuses()).every((status) => status === 'completed');
  }

  /** Whether any component can still change its status without a user's action; a held one cannot. */
  async isActive(): Promise<boolean> {
    return (await this.#core.readStatuses()).some((status) => !isSettled(status, false));
  }

  /** The status of each component, in order. */
  async statuses(): Promise<ComponentStatus[]> {
    return this.#core.readStatuses();
  }

  /** The indices of the components by status, without statuses that no component has. */
  async componentsByStatus(): Promise<Map<ComponentStatus, number[]>> {
    const groups = new Map<ComponentStatus, number[]>();
    for (const [index, status] of (await this.#core.readStatuses()).entries()) {
      const group = groups.get(status);
      if (group === undefined) groups.set(status, [index]);
      else group.push(index);
    }
    return groups;
  }

  /** The number of components by status, as a line such as `first-try: 3 completed, 1 running`. */
  async status(): Promise<string> {
    return `${this.tag}: ${formatCounts(countStatuses(await this.statuses()))}`;
  }

  /** The resources that each component has used so far. */
  async usage(): Promise<ComponentUsage[]> {
    await this.#core.readStatuses();
    return this.#core.reader.records.map((component) => componentUsage(component));
  }

  /** The components whose outcomes were taken from other maps, because of `reuse: true`. */
  async reused(): Promise<number[]> {
    await this.#core.readStatuses();
    const { records } = this.#core.reader;
    return records.filter(({ call }) => call.reused === true).map(({ index }) => index);
  }

  /** The disk space of the map, in bytes. */
  async localData(): Promise<number> {
    return this.#core.guard(async () => sizeOf(this.directory));
  }

  /** The held components, with the reason of each hold. */
  async holds(): Promise<Map<number, ComponentHold>> {
    const statuses = await this.#core.readStatuses();
    const held = this.#core.reader.records.filter(({ index }) => statuses[index] === 'held');
    return new Map(
      held.map(({ index, life }) => {
        const { reason, code, subCode } = life.end as ComponentHold;
        return [index, { reason, code, subCode }];
      }),
    );
  }

  /** The held components, with the reason of each hold, as a table; {@link holds} returns them as data. */
  async holdReport(): Promise<string> {
    return holdReport(this.tag, await this.holds());
  }

  /** The errors of components that have failed or were removed; does not wait. */
  async errors(): Promise<Map<number, unknown>> {
    const errors = new Map<number, unknown>();
    for (const [index, status] of (await this.#core.readStatuses()).entries()) {
      if (status !== 'errored' && status !== 'removed') continue;
      errors.set(index, await this.#core.errorOf(index, status));
    }
    return errors;
  }

  /**
   * A text about a component's failure: the error with source lines and causes, its time and machine, the
   * versions of Node and packages, the files in the working directory, and the end of stderr.
   * @throws {ComponentStateError} if it has not failed
   */
  async errorReport(component: number): Promise<string> {
    return this.#core.guard(async () => errorReport(this.#core, component));
  }

  /** The {@link errorReport} of each component that has failed or was removed; does not wait. */
  errorReports(): AsyncGenerator<string, void, undefined> {
    return errorReports(this.#core);
  }

  /** The text that a component's last attempt has written to stdout so far. */
  async stdout(index: number): Promise<string> {
    return this.#readLog(index, 'stdout');
  }

  /** The text that a component's last attempt has written to stderr so far. */
  async stderr(index: number): Promise<string> {
    return this.#readLog(index, 'stderr');
  }

  async #readLog(index: number, log: 'stdout' | 'stderr'): Promise<string> {
    return this.#core.guard(async () =>
      this.#core.reader.jobSet.readLog(this.#core.component(index).call.job.key, log),
    );
  }

  /** The last `progress()` report of a component's last attempt; undefined if there is none. */
  async progress(index: number): Promise<Progress | undefined> {
    return this.#core.guard(async () =>
      readProgress(this.directory, this.#core.component(index).call.job.key),
    );
  }

  /** The files that a component's last attempt has sent back by `outputFile()`. */
  async outputFiles(index: number): Promise<OutputFile[]> {
    const { key } = this.#core.component(index).call.job;
    return this.#core.guard(async () => listOutputFiles(this.directory, { key }));
  }

  /**
   * Puts components on hold. Without `components`, this and the methods below act on all components whose
   * status allows it.
   * @returns the components on which the batch system has acted
   * @throws {ComponentStateError} if the status of a chosen component does not allow it;
   * {@link JobControlError} if the batch system refuses
   */
  async hold(components?: ComponentChoice, reason?: string): Promise<number[]> {
    return this.#act({ kind: 'hold', reason }, components);
  }

  /** Releases held components. Returns and throws as {@link hold} does. */
  async release(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'release' }, components);
  }

  /** Stops the processes of running components without ending them. See {@link hold}. */
  async suspend(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'suspend' }, components);
  }

  /** Resumes suspended components. Returns and throws as {@link hold} does. */
  async continue(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'continue' }, components);
  }

  /** Evicts running components from their machines; they restart, there or elsewhere. See {@link hold}. */
  async vacate(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'vacate' }, components);
  }

  /**
   * Changes the memory request of components; running ones keep their memory until they restart. A
   * {@link rerun} requests the memory of its options.
   * @param amount a number of MiB, or text such as `'2GB'`
   * @throws as {@link hold}; {@link TypeError} for an invalid amount
   */
  async setMemory(amount: number | string, components?: ComponentChoice): Promise<number[]> {
    return this.#act(memoryEdit(amount), components);
  }

  /**
   * Changes the disk request of components: a number of KiB, or text such as `'2GB'`. See {@link setMemory}.
   */
  async setDisk(amount: number | string, components?: ComponentChoice): Promise<number[]> {
    return this.#act(diskEdit(amount), components);
  }

  async #act(action: MapAction, components: ComponentChoice | undefined): Promise<number[]> {
    return actOn(this.#core, action, components);
  }

  /** Removes jobs from the queue and keeps all data; {@link rerun} can run the components again. */
  async cancel(components?: ComponentChoice): Promise<number[]> {
    return cancelComponents(this.#core, components);
  }

  /**
   * Runs components again, each as a new job with the same inputs; its outcome replaces the earlier one. By
   * default these are the components that failed, were removed or are held.
   * @param options for the new jobs; they override those of the earlier jobs
   * @returns the components that run again
   * @throws {ComponentStateError} if a chosen component is still in the queue; {@link JobSetInUseError};
   * {@link SubmitError}
   */
  async rerun(components?: ComponentChoice, options: JobOptions = {}): Promise<number[]> {
    return rerunComponents(this.#core, components, checkJobOptions(options));
  }

  /**
   * Adds components with the same function, and with the options of the last component. For a map made by
   * `createStarmap`, each input is a list of arguments. Waits for futures of the executor that made or loaded
   * the map; no other program can add components meanwhile.
   * @returns the indices of the new components
   * @throws {SerializationError} {@link DependencyError} {@link CancelledError} {@link JobSetInUseError}
   * {@link SubmitError}
   */
  async add(inputs: Inputs<OrFutures<A> | OrFuture<A[0]>>, options: JobOptions = {}): Promise<number[]> {
    return addInputs(this.#core, inputs, checkJobOptions(options));
  }

  /**
   * Changes the tag; the map is not transient any more. Its jobs in the queue keep the old tag.
   * @throws {TagTakenError} {@link InvalidTagError}
   */
  async retag(tag: string): Promise<void> {
    const { directory } = this.#core.host.options;
    await this.#core.guard(async () => {
      await (tag === this.tag
        ? makePersistent(directory, tag)
        : renameTag(directory, this.tag, tag, this.#core.reader.jobSet.id));
    });
    this.#core.tag = tag;
    this.#core.isTransient = false;
  }

  /**
   * Removes the map's jobs from the queue and deletes all of its files.
   * @throws {CommandError} if the jobs cannot be removed, unless `force` is set
   */
  async remove(options: RemoveOptions = {}): Promise<void> {
    await removeOpenMap(this.#core, options);
  }

  static {
    cannotTravel(this, 'a map', 'Load it inside the function, by its tag, where it shares the directory.');
    Reflect.defineProperty(this.prototype, inspect.custom, {
      value(this: JobMap) {
        return `JobMap { ${this.tag}${this.isTransient ? ' (transient)' : ''}, ${this.length} components }`;
      },
    });
  }
}
