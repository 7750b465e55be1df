import type { Future } from '../future.ts';
import { listOutputFiles, type OutputFile } from '../job-set/output-files.ts';
import { readProgress, type Progress } from '../job-set/progress.ts';
import { checkWaitOptions, type WaitOptions } from '../timeout.ts';
import { isSettled, type ComponentHold, type ComponentStatus } from './component.ts';
import { checkComponent } from './components.ts';
import type { MapWaitOptions, ComponentWaitOptions, CompletedComponent } from './map-wait-options.ts';
import type { MapCore } from './map-core.ts';
import { ComponentPendingError, MapComponentError } from './map-errors.ts';
import { countStatuses } from './count-statuses.ts';
import { withProgress, type MapProgress } from './progress.ts';
import { readInputs } from './read-inputs.ts';

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
