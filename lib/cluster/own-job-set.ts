import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { Claim } from '../job-set/claim.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { newJobSetId } from '../job-set/job-set-id.ts';
import { makeJobSet } from './make-job-set.ts';
import { openJobSet, type JobSetHost, type OpenJobSet } from './open-job-set.ts';

/** The job set of an executor: made for its first submission, and made anew if its directory is lost. */
export class OwnJobSet {
  readonly #system: BatchSystem;
  readonly #options: ResolvedOptions;
  readonly #host: JobSetHost;
  #id: string;
  #opening: Promise<OpenJobSet> | undefined;
  #opened: OpenJobSet | undefined;

  constructor(system: BatchSystem, options: ResolvedOptions, host: JobSetHost, id: string = newJobSetId()) {
    this.#system = system;
    this.#options = options;
    this.#host = host;
    this.#id = id;
  }

  /** The name of its directory, which need not be there yet. */
  get id(): string {
    return this.#id;
  }

  /** Undefined before there is one. */
  get opened(): OpenJobSet | undefined {
    return this.#opened;
  }

  /** @throws {DirectoryError} if there can be none; the next time it may have been repaired */
  async open(): Promise<OpenJobSet> {
    this.#opening ??= this.#make();
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    return this.#opened;
  }

  /** Goes on with one that another process made. */
  async takeUp(jobSet: JobSet, claim: Claim): Promise<OpenJobSet> {
    this.#id = jobSet.id;
    this.#opening = this.#work(jobSet, claim);
    this.#opened = await this.#opening;
    return this.#opened;
  }

  async #make(): Promise<OpenJobSet> {
    const { jobSet, claim } = await makeJobSet(this.#system, this.#options, this.#id);
    return this.#work(jobSet, claim);
  }

  async #work(jobSet: JobSet, claim: Claim): Promise<OpenJobSet> {
    return openJobSet(jobSet, claim, this.#system, this.#options, {
      ...this.#host,
      onLost: () => {
        // Calls to come get a job set of their own.
        this.#opening = undefined;
        this.#id = newJobSetId();
        this.#host.onLost();
      },
    });
  }
}
