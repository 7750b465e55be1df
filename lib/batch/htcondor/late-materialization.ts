import type { ClassAd } from '../../base/class-ad.ts';
import type { JobEvent, ParsedEvents } from '../batch-system.ts';
import { parseEventLog } from './event-log.ts';
import { jobSetConstraint } from './submit-description.ts';

/** State of one cluster with late materialization. */
interface Factory {
  /** Number of jobs for which events are needed: procs 0 to size - 1. */
  size: number;
  /** The next proc to materialize, according to the event log. */
  next: number;
  /** The job set of its jobs: a cluster of another one may get the same id from a schedd that was set up anew. */
  readonly jobSetId: string | undefined;
  /** Procs to remove as soon as they are in the queue. */
  readonly unwanted: Set<number>;
}

/** Commands that {@link Factories} needs. */
export interface FactoryTools {
  /** Runs condor_q, and returns its output. */
  list(args: readonly string[]): Promise<string>;
  /** Removes jobs with retries; never fails. */
  removeLate(jobIds: readonly string[], jobSetId: string | undefined): void;
  /** Removes jobs or clusters for which a constraint is true. */
  remove(constraint: string): Promise<void>;
}

/**
 * Clusters of a job set whose jobs materialize in the queue gradually, because of `max_materialize` or
 * `max_idle`. The ids of the jobs are known at once, but HTCondor writes no events for jobs that have not
 * materialized, does not list them and cannot remove them. This class adds the missing events, states and
 * removals.
 */
export class Factories {
  readonly #tools: FactoryTools;
  readonly #factories = new Map<string, Factory>();

  constructor(tools: FactoryTools) {
    this.#tools = tools;
  }

  /** Registers jobs with late materialization; their clusters contain no other jobs. */
  add(jobIds: readonly (string | undefined)[], jobSetId?: string): void {
    for (const jobId of jobIds) {
      if (jobId === undefined) continue;
      const { cluster, proc } = splitJobId(jobId);
      const factory = this.#factories.get(cluster) ?? { size: 0, next: 0, jobSetId, unwanted: new Set() };
      factory.size = Math.max(factory.size, proc + 1);
      this.#factories.set(cluster, factory);
    }
  }

  /** Parses a job event log, and adds events for jobs that never materialize. */
  parse(bytes: Buffer): ParsedEvents {
    const parsed = parseEventLog(bytes);
    if (this.#factories.size === 0) return parsed;
    this.onQueued(parsed.events.filter(({ kind }) => kind === 'queued').map(({ jobId }) => jobId));
    return { ...parsed, events: [...parsed.events, ...this.#eventsForLate(bytes, parsed.consumed)] };
  }

  /** Records that jobs are in the queue, and removes those that are unwanted. */
  onQueued(jobIds: readonly string[]): void {
    const unwanted = jobIds.filter((jobId) => {
      const factory = this.#factoryOf(jobId);
      if (factory === undefined) return false;
      const { proc } = splitJobId(jobId);
      factory.next = Math.max(factory.next, proc + 1);
      return factory.unwanted.delete(proc);
    });
    for (const jobSetId of new Set(unwanted.map((jobId) => this.#factoryOf(jobId)?.jobSetId)))
      this.#tools.removeLate(
        unwanted.filter((jobId) => this.#factoryOf(jobId)?.jobSetId === jobSetId),
        jobSetId,
      );
  }

  /**
   * Marks jobs that have not materialized for removal, as `condor_rm` does not know them. Removes the rest of
   * a cluster if all its jobs to come are unwanted.
   * @returns the jobs that are in the queue, or have been: the caller removes these
   * @throws {CommandError}
   */
  async unwant(jobIds: readonly string[]): Promise<string[]> {
    const late = jobIds.filter((jobId) => this.#factoryOf(jobId) !== undefined);
    if (late.length === 0) return [...jobIds];
    // Marked first, because jobs may materialize while #ask() is pending.
    for (const jobId of late) this.#factoryOf(jobId)?.unwanted.add(splitJobId(jobId).proc);
    const ads = await this.#ask(late);
    for (const ad of ads.values()) {
      if (!this.#isUnwanted(ad)) continue;
      const isOurs = ad.jobSetId === undefined ? '' : ` && ${jobSetConstraint(ad.jobSetId)}`;
      await this.#tools.remove(`ClusterId == ${ad.cluster} && ProcId is undefined${isOurs}`);
    }
    const present = jobIds.filter((jobId) => !isStillToCome(ads, jobId));
    for (const jobId of present) this.#factoryOf(jobId)?.unwanted.delete(splitJobId(jobId).proc);
    return present;
  }

  /**
   * Returns the states of jobs that have not materialized yet, as events.
   * @throws {CommandError}
   */
  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const mine = jobIds.filter((jobId) => this.#factoryOf(jobId) !== undefined);
    if (mine.length === 0) return new Map();
    const ads = await this.#ask(mine);
    const late = mine.filter((jobId) => isStillToCome(ads, jobId));
    return new Map(
      late.map((jobId) => [jobId, eventOfLate(jobId, ads.get(splitJobId(jobId).cluster) as FactoryAd)]),
    );
  }

  #factoryOf(jobId: string): Factory | undefined {
    return this.#factories.get(splitJobId(jobId).cluster);
  }

  async #ask(jobIds: readonly string[]): Promise<Map<string, FactoryAd>> {
    const clusters = new Set(jobIds.map((jobId) => splitJobId(jobId).cluster));
    const ads = parseFactoryAds(await this.#tools.list(factoryQuery(...clusters)));
    return new Map([...ads].filter(([id, { jobSetId }]) => this.#factories.get(id)?.jobSetId === jobSetId));
  }

  #isUnwanted({ cluster, next, total }: FactoryAd): boolean {
    const unwanted = this.#factories.get(cluster)?.unwanted;
    for (let proc = next; proc < total; proc += 1) if (unwanted?.has(proc) !== true) return false;
    return next < total;
  }

  #eventsForLate(bytes: Buffer, consumed: number): JobEvent[] {
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

function isStillToCome(ads: ReadonlyMap<string, FactoryAd>, jobId: string): boolean {
  const { cluster, proc } = splitJobId(jobId);
  return proc >= (ads.get(cluster)?.next ?? Infinity);
}

/** The schedd's state of a cluster with late materialization. */
export interface FactoryAd {
  readonly cluster: string;
  readonly jobSetId: string | undefined;
  /** The next proc to materialize; all before it are or were in the queue. */
  readonly next: number;
  /** Number of all its jobs. */
  readonly total: number;
  /** Why materialization is paused; undefined if it is not. */
  readonly pause: string | undefined;
}

/** Attributes that {@link parseFactoryAds} reads. */
const ATTRIBUTES = [
  'CondorFuturesJobSet',
  'ClusterId',
  'JobMaterializeNextProcId',
  'JobMaterializePaused',
  'JobMaterializePauseReason',
  'TotalSubmitProcs',
];

/**
 * Values of JobMaterializePaused without a problem: not paused, all jobs have materialized, or the cluster is
 * being removed.
 */
const NOT_PAUSED = [undefined, 0, 2, 3];

/** Arguments for condor_q that list clusters with late materialization rather than jobs. */
export function factoryQuery(...which: readonly string[]): string[] {
  return ['-factory', '-json', '-attributes', ATTRIBUTES.join(','), ...which];
}

/**
 * Parses the output of condor_q for {@link factoryQuery} to the states by cluster id.
 * @throws {SyntaxError} if it is no listing; empty output means no such clusters
 */
export function parseFactoryAds(listing: string): Map<string, FactoryAd> {
  if (listing.trim() === '') return new Map();
  return new Map((JSON.parse(listing) as ClassAd[]).map((ad) => [String(ad['ClusterId']), factoryOf(ad)]));
}

function factoryOf(ad: ClassAd): FactoryAd {
  const paused = ad['JobMaterializePaused'] as number | undefined;
  const reason = ad['JobMaterializePauseReason'];
  return {
    cluster: String(ad['ClusterId']),
    jobSetId: ad['CondorFuturesJobSet'] as string | undefined,
    next: Number(ad['JobMaterializeNextProcId'] ?? 0),
    total: Number(ad['TotalSubmitProcs'] ?? 0),
    pause: NOT_PAUSED.includes(paused)
      ? undefined
      : typeof reason === 'string'
        ? reason
        : 'no reason was given',
  };
}

/** The state of a job that has not materialized yet, as an event. */
export function eventOfLate(jobId: string, { pause }: FactoryAd): JobEvent {
  return pause === undefined ? { jobId, kind: 'queued' } : { jobId, kind: 'held', reason: pause };
}

/** Cluster and proc of a job id. */
export function splitJobId(jobId: string): { cluster: string; proc: number } {
  const [cluster = '', proc] = jobId.split('.');
  return { cluster, proc: Number(proc) };
}

/** An event of a cluster with late materialization in a job event log. */
export type ClusterEvent =
  | { readonly cluster: string; readonly kind: 'submitted' | 'resumed' }
  /** No more jobs materialize until it is resumed. */
  | {
      readonly cluster: string;
      readonly kind: 'paused';
      readonly reason: string;
      readonly code: number | undefined;
    }
  /** The cluster has left the queue; procs 0 to jobs - 1 had materialized. */
  | { readonly cluster: string; readonly kind: 'removed'; readonly jobs: number };

/** Matches an event of a cluster: its code, the cluster, and the lines below up to the end of the event. */
const EVENT = /^(03[5-8]) \((\d+)\.-0?1\.\d+\) .*\n((?:(?!\.\.\.\r?\n).*\n)*?)\.\.\.\r?$/gm;

/** Parses the complete events of clusters in a job event log. */
export function parseClusterEvents(text: string): ClusterEvent[] {
  return [...text.matchAll(EVENT)].flatMap(([, code = '', number = '', body = '']): ClusterEvent[] => {
    const cluster = String(Number(number));
    switch (code) {
      case '035':
        return [{ cluster, kind: 'submitted' }];
      case '036': {
        const jobs = /Materialized (\d+) jobs/.exec(body)?.[1];
        return jobs === undefined ? [] : [{ cluster, kind: 'removed', jobs: Number(jobs) }];
      }
      case '037':
        return [{ cluster, kind: 'paused', ...pauseOf(body) }];
      default:
        return [{ cluster, kind: 'resumed' }];
    }
  });
}

function pauseOf(body: string): { reason: string; code: number | undefined } {
  const code = /^\s*HoldCode (\d+)/m.exec(body)?.[1];
  const lines = body.split('\n').map((line) => line.trim());
  const reason = lines.filter((line) => line !== '' && !/^(Pause|Hold)Code \d+$/.test(line)).join('; ');
  return {
    reason: reason === '' ? 'no reason was given' : reason,
    code: code === undefined ? undefined : Number(code),
  };
}
