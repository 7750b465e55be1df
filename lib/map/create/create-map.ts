import { checkOptions, checkSignal } from '../../base/checks.ts';
import { EmptyMapError, TagTakenError } from '../../base/map-errors.ts';
import type { WrittenFunction } from '../../cluster/calls/functions.ts';
import type { MapHeader } from '../../cluster/cluster-options.ts';
import { checkPolicies, type JobPolicies, mergeJobOptions, POLICY_TABLE } from '../../futures/job-options.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { newJobSetId } from '../../job-set/names.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { JobMap } from '../job-map.ts';
import type { MapHost } from '../read/map-core.ts';
import type { MapHome } from '../read/open-map.ts';
import { type ProgressOption, withProgress } from '../report/progress.ts';
import { freeRandomTag } from '../tags/random-tag.ts';
import { claimTag, hasTag, releaseTag, type TagRecord, tagTaken } from '../tags/tags.ts';
import { ComponentOptions, type MapSubmitOptions } from './component-options.ts';
import { goOnWithTag, type WantedCall } from './go-on-with-map.ts';
import { argumentsOf, batchesOf, checkInputs, type Inputs } from './inputs.ts';
import { MapExecutor, mapOptions, needsSupervision } from './map-executor.ts';
import { contentsOfMap, StoredOutcomes } from './reuse.ts';

export interface CreateMapOptions<T = unknown> extends JobPolicies {
  /**
   * The map's name, which no other map of the directory has.
   * @default one made at random; the map is transient then, and goes with the next `clean()`
   */
  readonly tag?: string | undefined;
  /** Submit commands, the same for all components or one for each: as a list, or by a function of the input. They win over the executor's. */
  readonly submit?: MapSubmitOptions<T> | undefined;
  /**
   * Do not run again what has returned already: if there is a map of the tag, of the same function and with these inputs or the first of them, it is
   * gone on with; else outcomes of other maps of the directory, of the same function and input, are taken over. See docs/maps.md for what counts.
   * @default false
   */
  readonly reuse?: boolean | undefined;
  /** Gives up the creation, of which nothing is left then. */
  readonly signal?: AbortSignal | undefined;
  /** Is told now and then how far the creation has come. */
  readonly onProgress?: ((progress: CreationProgress) => void) | undefined;
  /**
   * Show how far the creation has come.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

/** How far the creation of a map has come. */
export interface CreationProgress {
  /** `writing`: inputs are brought to the disk; `submitting`: the batch system is asked for their jobs; `done`. */
  readonly phase: 'writing' | 'submitting' | 'done';
  /** How many inputs are on the disk. */
  readonly written: number;
}

/** What a map is to be made of. */
export interface MapRequest {
  readonly fn: AnyFunction;
  readonly inputs: Inputs<unknown>;
  /** Whether each input is a list of arguments. */
  readonly spread: boolean;
  /** How the function is sent, if it was captured before. */
  readonly written?: WrittenFunction | undefined;
  /** Of a product: how many values each axis has. */
  readonly axes?: readonly number[] | undefined;
}

/** The same, with its function as it travels. */
export type WrittenRequest = MapRequest & { readonly written: WrittenFunction };

/**
 * Makes a map, all of it or nothing: if anything fails, there is no tag, no file and no job.
 * @throws {TagTakenError} {@link InvalidTagError} {@link EmptyMapError} {@link MisalignedOptionError} {@link SerializationError} {@link SubmitError}
 */
export async function createMap(
  host: MapHost & MapHome,
  request: WrittenRequest,
  options: CreateMapOptions<never>,
): Promise<JobMap> {
  const { progress, onProgress = () => {}, ...others } = checkCreateOptions(options);
  const { tag } = options;
  const total = Array.isArray(request.inputs) ? request.inputs.length : undefined;
  return withProgress(progress, async (tell) =>
    makeMap(host, request, {
      ...others,
      onProgress: (made) => {
        onProgress(made);
        const { phase, written } = made;
        if (phase !== 'done') tell({ tag, phase, done: written, total });
      },
    }),
  );
}

async function makeMap(
  host: MapHost & MapHome,
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
    contents: contentsOfMap(written, host.options),
  };
  const batches = async function* (): AsyncGenerator<WantedCall[]> {
    let count = 0;
    for await (const batch of batchesOf(inputs, undefined, signal)) {
      signal?.throwIfAborted();
      const calls = batch.map((input, index) => ({
        args: spread ? argumentsOf(input, count + index) : [input],
        options: components.of(input, count + index),
      }));
      for (const { options: own } of calls)
        if (components.areVaried) host.system.checkSubmitOptions(own.submit ?? {});
      count += batch.length;
      yield calls;
    }
    if (count === 0) throw new EmptyMapError('A map needs one input at least, and there was none');
    components.checkCount(count);
    signal?.throwIfAborted();
  };
  if (reuse && wanted !== undefined) {
    const found = await goOnWithTag(wanted, host, { header, written, batches: batches(), policies });
    if (found !== undefined) return found;
  }
  const stored = reuse ? await StoredOutcomes.find(host.options.directory, header.contents) : undefined;
  // Of what is to be known again, the values count, which futures do not tell.
  const newFinder = reuse ? undefined : host.newFinder;
  const made = new MapInMaking(host, header, wanted === undefined);
  try {
    const executor = await made.begin(wanted);
    let count = 0;
    for await (const calls of batches()) {
      await executor.write(written, calls, { stored, newFinder, signal });
      count += calls.length;
      onProgress({ phase: 'writing', written: count });
    }
    onProgress({ phase: 'submitting', written: count });
    const isAllSent = await executor.sendAll();
    signal?.throwIfAborted();
    // While all of it can still be undone: who is told may throw.
    onProgress({ phase: 'done', written: count });
    return await made.finish(header.supervised || !isAllSent);
  } catch (error) {
    await made.undo();
    throw error;
  }
}

/** Options of a map, under the executor's own checks. */
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
 * A map that is there only when all of it is, and can be undone until it is finished. Its tag is claimed when its job set is: others can tell from the
 * first moment on that somebody is at work on it.
 */
export class MapInMaking {
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

  /** @param tag one made at random, if undefined. @throws {TagTakenError} {@link InvalidTagError} {@link DirectoryError} */
  async begin(tag: string | undefined): Promise<MapExecutor> {
    const { system, options } = this.#host;
    const { directory } = options;
    if (tag !== undefined && (await hasTag(directory, tag))) throw tagTaken(directory, tag);
    const wanted = tag ?? (await freeRandomTag(directory));
    this.#executor = new MapExecutor(system, mapOptions(options, wanted, this.#header), this.#id);
    await this.#executor.make();
    try {
      await claimTag(directory, wanted, this.#record);
    } catch (error) {
      if (tag !== undefined || !(error instanceof TagTakenError)) throw error;
      // Somebody was quicker with the same random words.
      await this.#executor.undo();
      return this.begin(tag);
    }
    this.#tag = wanted;
    return this.#executor;
  }

  /** @param isKept whether a program has to look after its jobs */
  async finish(isKept: boolean): Promise<JobMap> {
    const { directory, filesystem } = this.#host.options;
    const jobSet = await JobSet.open(directory, this.#id, filesystem === 'transfer');
    const place = { tag: this.#tag as string, record: this.#record, header: this.#header };
    return JobMap.open(place, jobSet, this.#host, async (core) =>
      core.superviseOrClose(this.#executor as MapExecutor, isKept),
    );
  }

  /** Takes everything back. Never rejects: what cannot be taken back is told as a warning. */
  async undo(): Promise<void> {
    const { directory } = this.#host.options;
    try {
      await this.#executor?.undo();
      if (this.#tag !== undefined) await releaseTag(directory, this.#tag, this.#id);
    } catch (error) {
      const message = `The map ${this.#tag} could not be made, nor all of it be removed: ${String(error)}`;
      process.emitWarning(message, 'CondorFuturesWarning');
    }
  }
}
