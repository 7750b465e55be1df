import type { ClassAd, JobEvent, SubmitOptions } from '../batch-system.ts';

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
