import type { JobEvent, ParsedEvents } from '../batch-system.ts';
import { parseClusterEvents } from './cluster-events.ts';
import { parseEventLog } from './event-log.ts';
import { eventOfLate, factoryQuery, parseFactoryAds, splitJobId, type FactoryAd } from './factory-ads.ts';

/** What is known of one. */
interface Factory {
  /** How many jobs are ours to tell of: those with the lowest numbers. */
  size: number;
  /** The number of the next job, as the event log has it. */
  next: number;
  /** The numbers of jobs that are to be removed as soon as they are in the queue. */
  readonly unwanted: Set<number>;
}

/** How the factories reach HTCondor. */
export interface FactoryTools {
  /** What condor_q prints. */
  list(args: readonly string[]): Promise<string>;
  /** Removes jobs, with patience; never rejects. */
  removeLate(jobIds: readonly string[]): void;
  /** Removes what holds for a constraint. */
  remove(constraint: string): Promise<void>;
}

/**
 * Clusters of the job set whose jobs come into the queue bit by bit, as `max_materialize` and `max_idle` have it. The ids of their jobs are known at
 * once, but the queue does not know the jobs before they have come: it has no events of them, does not list them, and finds nothing to
 * remove. So what is missing is put together here.
 */
export class Factories {
  readonly #tools: FactoryTools;
  readonly #factories = new Map<string, Factory>();

  constructor(tools: FactoryTools) {
    this.#tools = tools;
  }

  /** These jobs, of clusters that they have for themselves, come bit by bit. */
  add(jobIds: readonly (string | undefined)[]): void {
    for (const jobId of jobIds) {
      if (jobId === undefined) continue;
      const { cluster, proc } = splitJobId(jobId);
      const factory = this.#factories.get(cluster) ?? { size: 0, next: 0, unwanted: new Set() };
      factory.size = Math.max(factory.size, proc + 1);
      this.#factories.set(cluster, factory);
    }
  }

  /** The events of a job event log, with those of jobs that have never come into the queue. */
  parse(bytes: Buffer): ParsedEvents {
    const parsed = parseEventLog(bytes);
    if (this.#factories.size === 0) return parsed;
    this.onQueued(parsed.events.filter(({ kind }) => kind === 'queued').map(({ jobId }) => jobId));
    return { ...parsed, events: [...parsed.events, ...this.#eventsOfLate(bytes, parsed.consumed)] };
  }

  /** These jobs are in the queue: those that nobody wants any more are removed. */
  onQueued(jobIds: readonly string[]): void {
    const unwanted = jobIds.filter((jobId) => {
      const factory = this.#of(jobId);
      if (factory === undefined) return false;
      const { proc } = splitJobId(jobId);
      factory.next = Math.max(factory.next, proc + 1);
      return factory.unwanted.delete(proc);
    });
    if (unwanted.length > 0) this.#tools.removeLate(unwanted);
  }

  /**
   * Does to jobs that have not come yet what `condor_rm` cannot: they are removed when they do; and where all that are left of a cluster are
   * not wanted, no more come.
   * @returns the jobs that are in the queue, or have been
   * @throws {CommandError}
   */
  async unwant(jobIds: readonly string[]): Promise<string[]> {
    const late = jobIds.filter((jobId) => this.#of(jobId) !== undefined);
    if (late.length === 0) return [...jobIds];
    // First, for those that come while the queue is asked.
    for (const jobId of late) this.#of(jobId)?.unwanted.add(splitJobId(jobId).proc);
    const ads = await this.#ask(late);
    for (const ad of ads.values()) {
      if (this.#isUnwanted(ad)) await this.#tools.remove(`ClusterId == ${ad.cluster} && ProcId is undefined`);
    }
    const present = jobIds.filter((jobId) => !isLateIn(ads, jobId));
    for (const jobId of present) this.#of(jobId)?.unwanted.delete(splitJobId(jobId).proc);
    return present;
  }

  /**
   * What is to be said of jobs that the queue does not list, as far as they are still to come.
   * @throws {CommandError}
   */
  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const mine = jobIds.filter((jobId) => this.#of(jobId) !== undefined);
    if (mine.length === 0) return new Map();
    const ads = await this.#ask(mine);
    const late = mine.filter((jobId) => isLateIn(ads, jobId));
    return new Map(
      late.map((jobId) => [jobId, eventOfLate(jobId, ads.get(splitJobId(jobId).cluster) as FactoryAd)]),
    );
  }

  #of(jobId: string): Factory | undefined {
    return this.#factories.get(splitJobId(jobId).cluster);
  }

  async #ask(jobIds: readonly string[]): Promise<Map<string, FactoryAd>> {
    const clusters = new Set(jobIds.map((jobId) => splitJobId(jobId).cluster));
    return parseFactoryAds(await this.#tools.list(factoryQuery(...clusters)));
  }

  #isUnwanted({ cluster, next, total }: FactoryAd): boolean {
    const unwanted = this.#factories.get(cluster)?.unwanted;
    for (let proc = next; proc < total; proc += 1) if (unwanted?.has(proc) !== true) return false;
    return next < total;
  }

  #eventsOfLate(bytes: Buffer, consumed: number): JobEvent[] {
    return parseClusterEvents(bytes.toString('utf8', 0, consumed)).flatMap((event): JobEvent[] => {
      const { cluster, kind } = event;
      const factory = this.#factories.get(cluster);
      if (factory === undefined || kind === 'submitted') return [];
      const first = kind === 'removed' ? event.jobs : factory.next;
      const ids = Array.from(
        { length: Math.max(0, factory.size - first) },
        (_, index) => `${cluster}.${first + index}`,
      );
      if (kind === 'resumed') return ids.map((jobId) => ({ jobId, kind: 'queued' }));
      const { reason, code } =
        kind === 'paused'
          ? event
          : { reason: `cluster ${cluster} was removed before the job was in the queue`, code: undefined };
      return ids.map((jobId) =>
        kind === 'paused' ? { jobId, kind: 'held', reason, code } : { jobId, kind: 'removed', reason },
      );
    });
  }
}

function isLateIn(ads: ReadonlyMap<string, FactoryAd>, jobId: string): boolean {
  const { cluster, proc } = splitJobId(jobId);
  return proc >= (ads.get(cluster)?.next ?? Infinity);
}
