import type { MapHeader } from '../cluster-options.ts';
import { JobSet } from '../job-set/job-set.ts';
import { newJobSetId } from '../job-set/job-set-id.ts';
import { JobMap } from './job-map.ts';
import { MapExecutor } from './map-executor.ts';
import type { MapHost } from './map-host.ts';
import { mapOptions } from './map-options.ts';
import { freeRandomTag } from './random-tag.ts';
import { TagTakenError } from './tag-errors.ts';
import { claimTag, hasTag, releaseTag, tagTaken, type TagRecord } from './tags.ts';

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
      core.entrust(this.#executor as MapExecutor, isKept),
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
