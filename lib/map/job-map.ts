import { inspect } from 'node:util';
import type { JobOptions } from '../job-options.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { diskEdit, memoryEdit } from '../job-edit.ts';
import { checkJobOptions } from '../job-options.ts';
import type { OrFuture, OrFutures } from '../or-future.ts';
import { cannotTravel } from '../payload/untransferable.ts';
import { actOn, cancelComponents, type MapAction } from './act-on.ts';
import { addInputs } from './add-inputs.ts';
import { checkComponent, type ComponentChoice } from './components.ts';
import { componentUsage, type ComponentUsage } from './component-usage.ts';
import { errorReport, errorReports } from './component-failure.ts';
import { showCounts } from './format-status.ts';
import { holdReport } from './hold-report.ts';
import type { Inputs } from './inputs.ts';
import { MapCore } from './map-core.ts';
import type { MapHost, MapPlace } from './map-host.ts';
import { countStatuses } from './count-statuses.ts';
import { MapView } from './map-view.ts';
import { removeOpenMap, type RemoveOptions } from './remove-map.ts';
import { coordinatesIn, indexIn } from './product.ts';
import { rerunComponents } from './rerun.ts';
import { sizeOf } from './size-of.ts';
import { makePersistent, renameTag } from './tags.ts';

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
    return `${this.tag}: ${showCounts(countStatuses(await this.statuses()))}`;
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
