import { checkOptions, checkSignal } from '../../base/checks.ts';
import {
  type ComponentStatus,
  EmptyMapError,
  MapDiffersError,
  TagTakenError,
} from '../../base/map-errors.ts';
import { warn } from '../../base/warn.ts';
import { copyArguments, encodeRequest, ownList } from '../../cluster/calls/encode-request.ts';
import type { WrittenFunction } from '../../cluster/calls/functions.ts';
import type { MapHeader } from '../../cluster/cluster-options.ts';
import {
  checkPolicies,
  type JobOptions,
  type JobPolicies,
  mergeJobOptions,
  POLICY_TABLE,
} from '../../futures/job-options.ts';
import { newJobSetId } from '../../job-set/names.ts';
import type { JobSetReader } from '../../watch/job-set-reader.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { isRemnant, removeTagged } from '../act/clean.ts';
import { FAILED_STATUSES, rerunComponents } from '../act/component-actions.ts';
import { JobMap } from '../job-map.ts';
import type { MapCore, MapEnvironment, MapHost } from '../read/map-core.ts';
import { openMap } from '../read/open-map.ts';
import { type ProgressOption, withProgress } from '../report/progress.ts';
import { freeRandomTag } from '../tags/random-tag.ts';
import { claimTag, hasTag, releaseTag, type TagRecord, tagTakenError } from '../tags/tags.ts';
import { ComponentOptions, type MapSubmitOptions } from './component-options.ts';
import { argumentsOf, BATCH_SIZE, batchesOf, checkInputs, type Inputs } from './inputs.ts';
import { MapExecutor, mapOptions, needsSupervision } from './map-executor.ts';
import { namesOfPreloads } from '../../payload/preload.ts';
import { contentsOfCall, contentsOfInputs, contentsOfMap, StoredOutcomes } from './reuse.ts';

export interface CreateMapOptions<T = unknown> extends JobPolicies {
  /**
   * The map's name, unique in the directory.
   * @default a random one; the map is transient then, and the next `clean()` removes it
   */
  readonly tag?: string | undefined;
  /**
   * Submit commands, which override the executor's. Each is the same for all components, or has a value for
   * each, as a list or a function of the input.
   */
  readonly submit?: MapSubmitOptions<T> | undefined;
  /**
   * Avoid running calls that have returned already. A map with this tag, the same function, and these inputs
   * or the first of them is continued; otherwise outcomes of other maps in the directory with the same
   * function and input are copied. docs/maps.md explains how they are compared.
   * @default false
   */
  readonly reuse?: boolean | undefined;
  /** Aborts the creation; all that it has made is removed. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the progress of the creation after each batch of inputs and at each phase. */
  readonly onProgress?: ((progress: CreationProgress) => void) | undefined;
  /**
   * Show the progress of the creation.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

/** The progress of the creation of a map. */
export interface CreationProgress {
  /** `writing`: inputs are written to the disk; `submitting`: their jobs are submitted; `done`. */
  readonly phase: 'writing' | 'submitting' | 'done';
  /** The number of inputs on the disk. */
  readonly written: number;
}

/** The function and the inputs of a map to be created. */
export interface MapRequest {
  readonly fn: AnyFunction;
  readonly inputs: Inputs<unknown>;
  /** Whether each input is a list of arguments. */
  readonly spread: boolean;
  /** The captured function, if it was captured earlier. */
  readonly written?: WrittenFunction | undefined;
  /** The number of values of each axis, for a product. */
  readonly axes?: readonly number[] | undefined;
}

type WrittenRequest = MapRequest & { readonly written: WrittenFunction };

/** The arguments and options of one component. */
interface MapCall {
  readonly args: readonly unknown[];
  readonly options: JobOptions;
}

/**
 * Creates a map completely or not at all: if anything fails, no tag, file or job remains.
 * @throws {TagTakenError} {@link InvalidTagError} {@link EmptyMapError} {@link MisalignedOptionError}
 * {@link SerializationError} {@link SubmitError}
 */
export async function createMap(
  host: MapHost,
  request: WrittenRequest,
  options: CreateMapOptions<never>,
): Promise<JobMap> {
  const { progress, onProgress = () => {}, ...others } = checkCreateOptions(options);
  const { tag } = options;
  const total = Array.isArray(request.inputs) ? request.inputs.length : undefined;
  return withProgress(progress, async (report) =>
    makeMap(host, request, {
      ...others,
      onProgress: (creation) => {
        onProgress(creation);
        const { phase, written } = creation;
        if (phase !== 'done') report({ tag, phase, done: written, total });
      },
    }),
  );
}

async function makeMap(
  host: MapHost,
  { fn, inputs, spread, axes, written }: WrittenRequest,
  options: CreateMapOptions<never>,
): Promise<JobMap> {
  const { tag: wanted, submit, reuse = false, signal, onProgress = () => {}, ...policies } = options;
  const components = new ComponentOptions<unknown>(submit as MapSubmitOptions<unknown> | undefined, policies);
  host.system.checkSubmitOptions({ ...host.options.submit, ...components.fixed });
  checkInputs(inputs);
  signal?.throwIfAborted();
  const merged = mergeJobOptions(host.options.policies, policies);
  const header: MapHeader = {
    function: written.hash,
    name: fn.name,
    spread,
    supervised: needsSupervision(host.system, merged),
    waitsHeld: waitsHeld(merged),
    axes,
    preload: merged.preload && namesOfPreloads(merged.preload),
    sendsModules: written.captured.sendsModules || undefined,
    contents: contentsOfMap(written, host.options, merged.preload),
  };
  // Reuse compares values, so that futures among the inputs cannot be replaced by references to results.
  const newFinder = reuse ? undefined : host.newFinder;
  const take = (input: unknown, index: number): MapCall => {
    const args = spread ? ownList(argumentsOf(input, index), written) : [input];
    const call = { args, options: components.of(input, index) };
    if (components.isVaried) host.system.checkSubmitOptions(call.options.submit ?? {});
    const { capture, filesystem } = host.options;
    const separate = { finder: newFinder?.(), transfers: filesystem === 'transfer' };
    copyArguments(args, () => written, { capture }, true, separate);
    return call;
  };
  const batches = async function* (): AsyncGenerator<MapCall[]> {
    let count = 0;
    for await (const batch of batchesOf(inputs, undefined, signal, take)) {
      signal?.throwIfAborted();
      count += batch.length;
      yield batch;
    }
    if (count === 0) throw new EmptyMapError('A map needs one input at least, and there was none');
    components.checkCount(count);
    signal?.throwIfAborted();
  };
  if (reuse && wanted !== undefined) {
    const found = await continueTaggedMap(wanted, host, { header, written, batches: batches(), policies });
    if (found !== undefined) return found;
  }
  const stored = reuse ? await StoredOutcomes.find(host.options.directory, header.contents) : undefined;
  const creation = new MapCreation(host, header, wanted === undefined);
  try {
    const executor = await creation.begin(wanted);
    let count = 0;
    for await (const calls of batches()) {
      await executor.write(written, calls, { stored, newFinder, signal });
      count += calls.length;
      onProgress({ phase: 'writing', written: count });
    }
    onProgress({ phase: 'submitting', written: count });
    const isAllSent = await executor.sendAll();
    signal?.throwIfAborted();
    // Before finish(), because onProgress may throw, and all can still be undone.
    onProgress({ phase: 'done', written: count });
    return await creation.finish(header.supervised || !isAllSent);
  } catch (error) {
    await creation.undo();
    throw error;
  }
}

/** @throws {TypeError} {@link RangeError} */
export function checkCreateOptions<O extends CreateMapOptions<never>>(options: O): O {
  const table = {
    tag: ['string'],
    reuse: ['boolean'],
    submit: ['object'],
    signal: [],
    onProgress: ['function'],
    progress: ['boolean', 'function'],
  } as const;
  checkOptions('createMap()', options, { ...table, ...POLICY_TABLE });
  checkSignal('createMap()', options.signal);
  checkPolicies(options);
  return options;
}

function waitsHeld({ onHold = 'fail' }: JobPolicies): boolean {
  return onHold !== 'fail';
}

/**
 * The creation of one map, which can be undone until it is finished. The job set is claimed before the tag
 * exists, so that other programs see from the start that the map has an owner.
 */
class MapCreation {
  readonly #host: MapHost;
  readonly #header: MapHeader;
  readonly #id = newJobSetId();
  readonly #record: TagRecord;
  #tag: string | undefined;
  #executor: MapExecutor | undefined;

  constructor(host: MapHost, header: MapHeader, isTransient: boolean) {
    this.#host = host;
    this.#header = header;
    this.#record = { id: this.#id, transient: isTransient, made: new Date().toISOString() };
  }

  /** @throws {TagTakenError} {@link InvalidTagError} {@link DirectoryError} */
  async begin(tag: string | undefined): Promise<MapExecutor> {
    const { system, options } = this.#host;
    const { directory } = options;
    if (tag !== undefined && (await hasTag(directory, tag))) throw tagTakenError(directory, tag);
    const wanted = tag ?? (await freeRandomTag(directory));
    this.#executor = new MapExecutor(system, mapOptions(options, wanted, this.#header), this.#id);
    await this.#executor.make();
    try {
      await claimTag(directory, wanted, this.#record);
    } catch (error) {
      if (tag !== undefined || !(error instanceof TagTakenError)) throw error;
      // Another program has claimed the same random tag meanwhile.
      await this.#executor.undo();
      return this.begin(tag);
    }
    this.#tag = wanted;
    return this.#executor;
  }

  /** @param isSupervised whether this program must supervise the jobs */
  async finish(isSupervised: boolean): Promise<JobMap> {
    const executor = this.#executor as MapExecutor;
    const reader = executor.reader as JobSetReader;
    const place = { tag: this.#tag as string, record: this.#record, header: this.#header };
    return JobMap.open(place, reader.jobSet, { ...this.#host, reader }, async (core) =>
      core.superviseOrClose(executor, isSupervised),
    );
  }

  /** Removes everything that was made. Never rejects; emits a warning if something cannot be removed. */
  async undo(): Promise<void> {
    const { directory } = this.#host.options;
    try {
      await this.#executor?.undo();
      if (this.#tag !== undefined) await releaseTag(directory, this.#tag, this.#id);
    } catch (error) {
      warn(`The map ${this.#tag} could not be made, nor all of it be removed: ${String(error)}`);
    }
  }
}

/** The requested content of a map whose tag may exist already. */
interface Wanted {
  readonly header: MapHeader;
  readonly written: WrittenFunction;
  /** Its calls; can be iterated over only once. */
  readonly batches: AsyncIterable<readonly MapCall[]>;
  readonly policies: JobPolicies;
}

/**
 * Continues the map of a tag, or removes what an interrupted creation or removal has left of it.
 * @returns undefined if there is no such map
 * @throws {MapUnfinishedError} if another program is making it
 */
async function continueTaggedMap(
  tag: string,
  home: MapEnvironment,
  wanted: Wanted,
): Promise<JobMap | undefined> {
  if (!(await hasTag(home.options.directory, tag))) return undefined;
  try {
    return await openMap(tag, home, async (core) => continueMap(core, wanted));
  } catch (error) {
    if (!isRemnant(error)) throw error;
    await removeTagged(tag, home, {});
    return undefined;
  }
}

/**
 * Continues a map on the disk: reruns components that failed, were removed or are held, leaves the others
 * alone, and adds the further inputs. A map whose creation is not finished stays as it is.
 * @throws {MapDiffersError} if it has another function or other inputs, or more of them;
 * {@link JobSetInUseError}; {@link SubmitError}
 */
async function continueMap(core: MapCore, wanted: Wanted): Promise<void> {
  await core.readStatuses();
  if (core.length === 0) return;
  checkHeader(core, wanted.header);
  const { known, further } = await compareInputs(core, wanted);
  const statuses = await core.readStatuses();
  const failed = [...statuses.keys()].filter((index) =>
    FAILED_STATUSES.includes(statuses[index] as ComponentStatus),
  );
  await rerunComponents(core, failed, (index) => known[index] as JobOptions, wanted.policies);
  if (further.length === 0) return;
  await core.submit(async (executor) => {
    for (let start = 0; start < further.length; start += BATCH_SIZE)
      await executor.write(wanted.written, further.slice(start, start + BATCH_SIZE));
  }, wanted.policies);
}

function checkHeader({ tag, header }: MapCore, wanted: MapHeader): void {
  const differ = (difference: MapDiffersError['difference'], what: string): MapDiffersError =>
    new MapDiffersError(tag, difference, what);
  if (wanted.contents === undefined)
    throw differ('function', 'it cannot be told whether its function is the same');
  if (header.contents?.function !== wanted.contents.function)
    throw differ('function', `its function ${header.name || '(anonymous)'} or what that captures is another`);
  if (header.contents.surroundings !== wanted.contents.surroundings)
    throw differ(
      'surroundings',
      '`environment`, `setup`, `execArgv`, the current directory or the major version of Node is another',
    );
  if (header.spread !== wanted.spread || String(header.axes) !== String(wanted.axes))
    throw differ('form', 'it was made by another method, or of axes of other lengths');
}

/** Compares the wanted calls with the components. @returns the options of these, and the calls beyond them */
async function compareInputs(
  core: MapCore,
  { written, batches }: Wanted,
): Promise<{ known: JobOptions[]; further: MapCall[] }> {
  const { tag, reader, host } = core;
  const existing = new Map<number, string | undefined>();
  const calls = reader.records.map(({ call }) => call);
  for await (const [{ index }, contents] of contentsOfInputs(reader.jobSet, calls))
    existing.set(index - 1, contents);
  const { capture, otherNode, filesystem } = host.options;
  const functions = { write: () => written };
  const known: JobOptions[] = [];
  const further: MapCall[] = [];
  for await (const batch of batches) {
    for (const { args, options } of batch) {
      const index = known.length;
      if (index >= core.length) {
        further.push({ args, options });
        continue;
      }
      const request = { fn: written.fn, items: [args], options: {} };
      const { payload } = encodeRequest(request, functions, { capture, otherNode, main: '' }, true, {
        transfers: filesystem === 'transfer',
      });
      const contents = existing.get(index);
      if (contents === undefined || contents !== contentsOfCall(payload))
        throw new MapDiffersError(tag, 'inputs', `the input of component ${index} is another`, index);
      known.push(options);
    }
  }
  if (known.length < core.length) {
    const what = `it has ${core.length} components, and there were ${known.length} inputs`;
    throw new MapDiffersError(tag, 'inputs', what, known.length);
  }
  return { known, further };
}
