import { inspect } from 'node:util';
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
   * Held components count as done, rather than ending the wait.
   * @default false
   */
  readonly holdsOk?: boolean | undefined;
  /**
   * Components that failed or were removed count as done, rather than ending the wait.
   * @default false
   */
  readonly errorsOk?: boolean | undefined;
  /**
   * Show how far it has come.
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

/** A component that is done, or is held. */
export interface CompletedComponent<A extends readonly unknown[], R> {
  readonly component: number;
  readonly status: ComponentStatus;
  /** It is done: `await` it within `try`. */
  readonly future: Future<R>;
  /** The arguments of its call, if they were asked for. */
  readonly inputs?: A;
}

/** How old what is known of a map may be within an iteration. */
const ITERATION_AGE_MS = 50;

/**
 * A function over many inputs, each a component with a job of its own; made by `executor.createMap`, found again by `loadMap`. All that it
 * tells is read from the disk, by any program, at any time; it never keeps what it has read.
 */
export abstract class MapView<A extends readonly unknown[], R> implements AsyncIterable<R> {
  /** The map as this program has it open. */
  protected readonly core: MapCore;

  protected constructor(core: MapCore) {
    this.core = core;
  }

  get tag(): string {
    return this.core.tag;
  }

  /** Whether nobody has given it a tag: `clean()` removes it. */
  get isTransient(): boolean {
    return this.core.isTransient;
  }

  /** When it was made. */
  get made(): Date {
    return this.core.made;
  }

  /** Where all of it lies. */
  get directory(): string {
    return this.core.reader.jobSet.directory;
  }

  /** Whether some program looked after it when it was looked at last: submits what waits, or tries again what failed. */
  get isAttended(): boolean {
    return this.core.reader.isAttended;
  }

  /** How many components it has. */
  get length(): number {
    return this.core.length;
  }

  /**
   * The value of a component, as soon as it has one.
   * @throws what its call threw; {@link JobError} if its job died, was removed, or is held; {@link TimeoutError}
   */
  async get(index: number, wait: number | WaitOptions = {}): Promise<R> {
    const { future } = await this.#whenSettled(index, wait);
    return future as Promise<R>;
  }

  /** As {@link get}, without waiting. @throws {ComponentPendingError} if it is not done */
  async at(index: number): Promise<R> {
    const status = (await this.core.look())[checkComponent(index, this.length)] as ComponentStatus;
    if (!this.core.isSettled(status)) {
      const message = `Component ${index} of map ${this.tag} is ${status}. Remedy: wait for it with get(${index})`;
      throw new ComponentPendingError(message, index, status);
    }
    const { future } = await this.core.settled(index, status);
    return future as Promise<R>;
  }

  /** What the call of a component threw, or its job died of; undefined if it has returned. Waits until it is done. */
  async error(index: number, wait: number | WaitOptions = {}): Promise<unknown> {
    const { future } = await this.#whenSettled(index, wait);
    return future.exception();
  }

  /** The future of a component as it is now: after `rerun` there is another one. Asked for again while it is pending, it is the same. */
  future(index: number): Future<R> {
    return this.core.follow(index) as Future<R>;
  }

  /** The arguments of a component's call. */
  async inputs(index: number): Promise<A> {
    return (await this.core.guard(async () =>
      readInputs(this.core.reader.jobSet, this.core.component(index)),
    )) as unknown as A;
  }

  /** The values in the order of the inputs; the first component that failed ends it with its error. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    for (let index = 0; index < this.length; index += 1) yield await this.#next(index);
  }

  /** As the map itself iterates, with the arguments: `for await (const [inputs, value] of map.withInputs())`. */
  async *withInputs(): AsyncGenerator<[inputs: A, value: R], void, undefined> {
    for (let index = 0; index < this.length; index += 1)
      yield [await this.inputs(index), await this.#next(index)];
  }

  /**
   * The components as they are done, whatever came of them; held ones, too.
   * @throws {TimeoutError} after so long in all
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
      const done = await this.core.until(
        (statuses) => {
          const isNew = ([index, status]: [number, ComponentStatus]): boolean =>
            this.core.isSettled(status) && !yielded.has(index);
          const settled = [...statuses.entries()].filter(isNew);
          return settled.length > 0 ? settled : undefined;
        },
        { signal, timeout: Math.max(0, deadline - performance.now()) },
        () => `${this.length - yielded.size} (of ${this.length}) components unfinished`,
      );
      for (const [component, status] of done) {
        // It may be run again since, as by the one who iterates: it comes when it is done once more.
        if (this.core.knownStatus(component) !== status) continue;
        yielded.add(component);
        const { future } = (await this.core.settled(component, status)) as { future: Future<R> };
        const inputs = given.withInputs === true ? { inputs: await this.inputs(component) } : {};
        yield { component, status, future, ...inputs };
      }
    }
  }

  /**
   * Waits until all components are done.
   * @throws {MapComponentError} for the first that failed, was removed, or is held, unless that is said to be fine; {@link TimeoutError}
   */
  async wait(options: number | MapWaitOptions = {}): Promise<void> {
    const given = typeof options === 'number' ? { timeout: options } : options;
    const wait = checkWaitOptions('wait()', given, {
      holdsOk: ['boolean'],
      errorsOk: ['boolean'],
      progress: ['boolean', 'function'],
    });
    return withProgress(given.progress, async (tell) => this.#wait(given, wait, tell));
  }

  async #wait(
    { holdsOk = false, errorsOk = false }: MapWaitOptions,
    wait: WaitOptions,
    tell: (progress: MapProgress) => void,
  ): Promise<void> {
    const isFine: Readonly<Partial<Record<ComponentStatus, boolean>>> = {
      completed: true,
      errored: errorsOk,
      removed: errorsOk,
      held: holdsOk,
    };
    let left = this.length;
    const failed = await this.core.until(
      (statuses) => {
        const bad = statuses.findIndex((status) => this.core.isSettled(status) && isFine[status] !== true);
        if (bad !== -1) return bad;
        left = statuses.filter((status) => isFine[status] !== true).length;
        const total = statuses.length;
        tell({ tag: this.tag, phase: 'waiting', done: total - left, total, counts: countStatuses(statuses) });
        return left === 0 ? -1 : undefined;
      },
      wait,
      () => `${left} (of ${this.length}) components of map ${this.tag} are not done`,
    );
    if (failed === -1) return;
    const status = (await this.core.look())[failed] as ComponentStatus;
    throw new MapComponentError(this.tag, failed, status, await this.core.errorOf(failed, status));
  }

  /** Whether all components have returned. */
  async isDone(): Promise<boolean> {
    return (await this.core.look()).every((status) => status === 'completed');
  }

  /** Whether anything more will come of any component by itself; of held ones it does not. */
  async isActive(): Promise<boolean> {
    return (await this.core.look()).some((status) => !isSettled(status, false));
  }

  /** Of each component, in order. */
  async statuses(): Promise<ComponentStatus[]> {
    return this.core.look();
  }

  /** The components by status; statuses that none has are left out. */
  async componentsByStatus(): Promise<Map<ComponentStatus, number[]>> {
    const groups = new Map<ComponentStatus, number[]>();
    for (const [index, status] of (await this.core.look()).entries()) {
      const group = groups.get(status);
      if (group === undefined) groups.set(status, [index]);
      else group.push(index);
    }
    return groups;
  }

  /** Why those that are held are. */
  async holds(): Promise<Map<number, ComponentHold>> {
    const statuses = await this.core.look();
    const held = this.core.reader.components.filter(({ index }) => statuses[index] === 'held');
    return new Map(held.map(({ index, hold }) => [index, hold as ComponentHold]));
  }

  /** The errors that there are by now, of components that failed or were removed; waits for none. */
  async errors(): Promise<Map<number, unknown>> {
    const errors = new Map<number, unknown>();
    for (const [index, status] of (await this.core.look()).entries()) {
      if (status !== 'errored' && status !== 'removed') continue;
      errors.set(index, await this.core.errorOf(index, status));
    }
    return errors;
  }

  /** What the call of a component has written to its stdout so far, in its last attempt. */
  async stdout(index: number): Promise<string> {
    return this.core.guard(async () =>
      this.core.reader.jobSet.readLog(this.core.component(index).call.job.key, 'stdout'),
    );
  }

  /** As {@link stdout}. */
  async stderr(index: number): Promise<string> {
    return this.core.guard(async () =>
      this.core.reader.jobSet.readLog(this.core.component(index).call.job.key, 'stderr'),
    );
  }

  /** How far a component says that it has come, by `progress()`; undefined if it has said nothing in its last attempt. */
  async progress(index: number): Promise<Progress | undefined> {
    return this.core.guard(async () => readProgress(this.directory, this.core.component(index).call.job.key));
  }

  /** The files that a component has sent back by `outputFile()`, in its last attempt. */
  async outputFiles(index: number): Promise<OutputFile[]> {
    const { key } = this.core.component(index).call.job;
    return this.core.guard(async () => listOutputFiles(this.directory, { key }));
  }

  /** As {@link get}, in the middle of an iteration: for thousands of components the disk is not looked at for each. */
  async #next(index: number): Promise<R> {
    const { future } = await this.#whenSettled(index, {}, index === 0 ? 0 : ITERATION_AGE_MS);
    return future as Promise<R>;
  }

  async #whenSettled(
    index: number,
    wait: number | WaitOptions,
    maxAge = 0,
  ): Promise<{ readonly future: Future<unknown> }> {
    checkComponent(index, this.length);
    const options = checkWaitOptions('get()', wait);
    const late = (): string =>
      `Component ${index} of map ${this.tag} is not done after ${String(options.timeout)} ms`;
    const status = await this.core.whenSettled(index, options, late, maxAge);
    return this.core.settled(index, status);
  }
}

/**
 * A function over many inputs, each a component with a job of its own; made by `executor.createMap`, found again by `loadMap`. All that it
 * tells is read from the disk, by any program, at any time, and it does not keep what it has read. After `remove` everything rejects with a
 * MapRemovedError.
 *
 * @example
 * const map = await executor.createMap(simulate, inputs, { tag: 'first-try' });
 * for await (const value of map) console.log(value);
 */
export class JobMap<A extends readonly unknown[] = readonly unknown[], R = unknown> extends MapView<A, R> {
  /** Opens a map that is on the disk: what `createMap` and `loadMap` do. */
  static async open<A extends readonly unknown[], R>(
    place: MapPlace,
    jobSet: JobSet,
    host: MapHost,
    begin: (core: MapCore) => Promise<void> = async () => {},
  ): Promise<JobMap<A, R>> {
    const core = new MapCore(place, jobSet, host);
    await begin(core);
    await core.look();
    return new JobMap<A, R>(core);
  }

  /** How many values each axis has, of a map that was made by `createProduct`; undefined for others. */
  get axes(): readonly number[] | undefined {
    return this.core.header.axes;
  }

  /**
   * The component whose arguments stand at these places of their axes: `map.get(map.indexOf([2, 0]))`.
   * @throws {RangeError} for places that there are not; {@link TypeError} if the map was not made by `createProduct`
   */
  indexOf(coordinates: readonly number[]): number {
    return indexIn(this.#axes(), coordinates);
  }

  /** At which places of their axes the arguments of a component stand: the inverse of {@link indexOf}. */
  coordinatesOf(component: number): number[] {
    const axes = this.#axes();
    const count = axes.reduce((product, length) => product * length, 1);
    return coordinatesIn(axes, checkComponent(component, count));
  }

  #axes(): readonly number[] {
    if (this.axes !== undefined) return this.axes;
    throw new TypeError(`The map ${this.tag} has no axes: it was not made by createProduct()`);
  }

  /** What each component has used so far, over all of its attempts. */
  async usage(): Promise<ComponentUsage[]> {
    await this.core.look();
    return this.core.reader.components.map((component) => componentUsage(component));
  }

  /** The components whose outcomes were taken over from other maps, as `reuse: true` does. */
  async reused(): Promise<number[]> {
    await this.core.look();
    const { components } = this.core.reader;
    return components.filter(({ call }) => call.reused === true).map(({ index }) => index);
  }

  /** How many components are in which status, in a line such as `first-try: 3 completed, 1 running`. */
  async status(): Promise<string> {
    return `${this.tag}: ${formatCounts(countStatuses(await this.statuses()))}`;
  }

  /** Why those that are held are, as a table for people; `holds()` has the same for programs. */
  async holdReport(): Promise<string> {
    return holdReport(this.tag, await this.holds());
  }

  /**
   * All that is known of a component's failure, for people: the error with the source beside its stack, its causes, where and when it was, which node and
   * packages ran there, the directory at that moment, the end of its stderr.
   * @throws {ComponentStateError} if it has not failed
   */
  async errorReport(component: number): Promise<string> {
    return this.core.guard(async () => errorReport(this.core, component));
  }

  /** The reports of those that have failed by now; waits for none. */
  errorReports(): AsyncGenerator<string, void, undefined> {
    return errorReports(this.core);
  }

  /** What it takes on the disk, in bytes. */
  async localData(): Promise<number> {
    return this.core.guard(async () => sizeOf(this.directory));
  }

  /**
   * Puts components on hold; as all that follow, of the whole map unless some are chosen, and of those only where it makes sense.
   * @returns those of which it was asked, and was accepted
   * @throws {ComponentStateError} if components were chosen with which it cannot be done; {@link JobControlError} if the batch system refuses
   */
  async hold(components?: ComponentChoice, reason?: string): Promise<number[]> {
    return this.#act({ kind: 'hold', reason }, components);
  }

  /** Lets held components run again. */
  async release(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'release' }, components);
  }

  /** Stops the processes of running components where they are. */
  async suspend(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'suspend' }, components);
  }

  /** Lets suspended components go on. */
  async continue(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'continue' }, components);
  }

  /** Takes running components off their machines; they begin anew, there or elsewhere. */
  async vacate(components?: ComponentChoice): Promise<number[]> {
    return this.#act({ kind: 'vacate' }, components);
  }

  /**
   * Changes how much memory components ask for; those that run keep what they have until they begin anew. A {@link rerun} asks for what its options say.
   * @param amount a number of MiB, or text such as `'2GB'`
   * @throws as {@link hold}; {@link TypeError} for no amount
   */
  async setMemory(amount: number | string, components?: ComponentChoice): Promise<number[]> {
    return this.#act(memoryEdit(amount), components);
  }

  /** The same of disk; a number is one of KiB. */
  async setDisk(amount: number | string, components?: ComponentChoice): Promise<number[]> {
    return this.#act(diskEdit(amount), components);
  }

  /** Stops jobs for good, and keeps all data: the components are `removed`, and can be run again by {@link rerun}. */
  async cancel(components?: ComponentChoice): Promise<number[]> {
    return cancelComponents(this.core, components);
  }

  /**
   * Runs components once more, each as a new job with the same inputs: those that failed, were removed or are held, unless others are chosen. Their
   * earlier outcomes are replaced.
   * @param options for the new jobs, over those that they had
   * @returns which are run again
   * @throws {ComponentStateError} if components were chosen that are still in the queue; {@link JobSetInUseError}; {@link SubmitError}
   */
  async rerun(components?: ComponentChoice, options: JobOptions = {}): Promise<number[]> {
    return rerunComponents(this.core, components, checkJobOptions(options));
  }

  /**
   * Adds components, with the same function and options as the last one; of a map that was made by `starmap`, each input is a list of arguments.
   * Futures of the executor that made or loaded it are waited for first; meanwhile no other program can add to it.
   * @returns the indices of the new ones
   * @throws {SerializationError} {@link DependencyError} {@link CancelledError} {@link JobSetInUseError} {@link SubmitError}
   */
  async add(inputs: Inputs<OrFutures<A> | OrFuture<A[0]>>, options: JobOptions = {}): Promise<number[]> {
    return addInputs(this.core, inputs, checkJobOptions(options));
  }

  /**
   * Gives it another tag, by which it is persistent from now on; its jobs in the queue keep the old one.
   * @throws {TagTakenError} {@link InvalidTagError}
   */
  async retag(tag: string): Promise<void> {
    const { directory } = this.core.host.options;
    await this.core.guard(async () => {
      await (tag === this.tag
        ? makePersistent(directory, tag)
        : renameTag(directory, this.tag, tag, this.core.reader.jobSet.id));
    });
    this.core.tag = tag;
    this.core.isTransient = false;
  }

  /** Stops its jobs, and deletes all of it. @throws {CommandError} if its jobs cannot be stopped, unless that is forced */
  async remove(options: RemoveOptions = {}): Promise<void> {
    await removeOpenMap(this.core, options);
  }

  async #act(action: MapAction, components: ComponentChoice | undefined): Promise<number[]> {
    return actOn(this.core, action, components);
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
