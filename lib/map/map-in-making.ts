import type { MapHeader } from '../cluster-options.ts';
import { JobSet } from '../job-set/job-set.ts';
import { newJobSetId } from '../job-set/job-set-id.ts';
import { JobMap } from './job-map.ts';
import { MapExecutor } from './map-executor.ts';
import type { MapHost } from './map-host.ts';
import { mapOptions } from './map-options.ts';
import { claimRandomTag } from './random-tag.ts';
import { claimTag, releaseTag, type TagRecord } from './tags.ts';

/** A map that is there only when all of it is: its tag is claimed first, and everything can be undone until it is finished. */
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
    if (tag === undefined) this.#tag = await claimRandomTag(directory, this.#record);
    else {
      await claimTag(directory, tag, this.#record);
      this.#tag = tag;
    }
    this.#executor = new MapExecutor(system, mapOptions(options, this.#tag, this.#header), this.#id);
    // Others can tell from then on that somebody is at work on it.
    await this.#executor.make();
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
