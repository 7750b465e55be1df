import type { ClassAd } from '../../base/class-ad.ts';
import type { JobEvent, ParsedEvents } from '../batch-system.ts';
import type { SubmitOptions } from '../submit-options.ts';
import { parseEventLog } from './event-log.ts';

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

/** What the schedd knows of a cluster whose jobs come into the queue bit by bit. */
export interface FactoryAd {
  readonly cluster: string;
  /** The number of the job that comes next: all before have been in the queue. */
  readonly next: number;
  /** How many jobs it has in all. */
  readonly total: number;
  /** Why none come, if they do not. */
  readonly pause: string | undefined;
}

/** The attributes that {@link parseFactoryAds} reads. */
const ATTRIBUTES = [
  'ClusterId',
  'JobMaterializeNextProcId',
  'JobMaterializePaused',
  'JobMaterializePauseReason',
  'TotalSubmitProcs',
];

/** JobMaterializePaused where all is well: jobs come, all have come, or the cluster is being removed. */
const NOT_PAUSED = [undefined, 0, 2, 3];

/** Whether jobs with these submit commands come into the queue bit by bit. */
export function isLate(submit: SubmitOptions): boolean {
  return Object.keys(submit).some((name) => /^max_(materialize|idle)$/i.test(name));
}

/** Arguments for a condor_q that lists such clusters rather than jobs. */
export function factoryQuery(...which: readonly string[]): string[] {
  return ['-factory', '-json', '-attributes', ATTRIBUTES.join(','), ...which];
}

/** @throws {SyntaxError} if it is no listing; nothing at all means no such clusters */
export function parseFactoryAds(listing: string): Map<string, FactoryAd> {
  if (listing.trim() === '') return new Map();
  return new Map((JSON.parse(listing) as ClassAd[]).map((ad) => [String(ad['ClusterId']), factoryOf(ad)]));
}

function factoryOf(ad: ClassAd): FactoryAd {
  const paused = ad['JobMaterializePaused'] as number | undefined;
  const reason = ad['JobMaterializePauseReason'];
  return {
    cluster: String(ad['ClusterId']),
    next: Number(ad['JobMaterializeNextProcId'] ?? 0),
    total: Number(ad['TotalSubmitProcs'] ?? 0),
    pause: NOT_PAUSED.includes(paused)
      ? undefined
      : typeof reason === 'string'
        ? reason
        : 'no reason was given',
  };
}

/** What is to be said of a job that has not come yet. */
export function eventOfLate(jobId: string, { pause }: FactoryAd): JobEvent {
  return pause === undefined ? { jobId, kind: 'queued' } : { jobId, kind: 'held', reason: pause };
}

/** The cluster and the number of a job. */
export function splitJobId(jobId: string): { cluster: string; proc: number } {
  const [cluster = '', proc] = jobId.split('.');
  return { cluster, proc: Number(proc) };
}

/** What a job event log says of a cluster whose jobs come into the queue bit by bit: "late materialization" in the manual. */
export type ClusterEvent =
  | { readonly cluster: string; readonly kind: 'submitted' | 'resumed' }
  /** No more jobs come until it is resumed. */
  | {
      readonly cluster: string;
      readonly kind: 'paused';
      readonly reason: string;
      readonly code: number | undefined;
    }
  /** It is gone, and so many of its jobs have ever been in the queue: those with the lowest numbers. */
  | { readonly cluster: string; readonly kind: 'removed'; readonly jobs: number };

/** An event of a cluster: its code, the cluster, and what stands under it up to the end of the event. */
const EVENT = /^(03[5-8]) \((\d+)\.-0?1\.\d+\) .*\n((?:(?!\.\.\.\r?\n).*\n)*?)\.\.\.\r?$/gm;

/** The events of clusters in a job event log, as far as they are whole. */
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
