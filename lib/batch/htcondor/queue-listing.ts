import type { JobEvent } from '../batch-system.ts';

/** The attributes that {@link parseQueueListing} reads. */
export const LISTED_ATTRIBUTES: readonly string[] = [
  'ClusterId',
  'ProcId',
  'JobStatus',
  'HoldReason',
  'HoldReasonCode',
  'HoldReasonSubCode',
  'RemoveReason',
  'ExitCode',
  'ExitBySignal',
  'ExitSignal',
  'RemoteHost',
];

export type ClassAd = Readonly<Record<string, unknown>>;

/**
 * What `condor_q -json` or `condor_history -json` says of jobs, as events.
 * @throws {SyntaxError} if it is no listing; nothing at all means no jobs
 */
export function parseQueueListing(listing: string): Map<string, JobEvent> {
  const events = parseAds(listing).map((ad) => eventOf(jobIdOf(ad), ad));
  return new Map(events.map((event) => [event.jobId, event]));
}

/** The ClassAds themselves; as {@link parseQueueListing}. */
export function parseAds(listing: string): ClassAd[] {
  if (listing.trim() === '') return [];
  const ads = JSON.parse(listing) as ClassAd[];
  if (!Array.isArray(ads))
    throw new SyntaxError(`Expected a list of job ClassAds, got: ${listing.slice(0, 100)}`);
  return ads;
}

export function jobIdOf(ad: ClassAd): string {
  return `${String(ad['ClusterId'])}.${String(ad['ProcId'])}`;
}

/** JobStatus as the manual's appendix "Job ClassAd Attributes" numbers it. */
function eventOf(jobId: string, ad: ClassAd): JobEvent {
  switch (ad['JobStatus']) {
    case 2: // running
    case 6: // transferring output
    case 7: // suspended
      return { jobId, kind: 'running', host: text(ad['RemoteHost'])?.split('@').at(-1) };
    case 3:
      return { jobId, kind: 'removed', reason: text(ad['RemoveReason']) ?? 'no reason was given' };
    case 4:
      return ad['ExitBySignal'] === true
        ? { jobId, kind: 'ended', signal: number(ad['ExitSignal']) }
        : { jobId, kind: 'ended', exitCode: number(ad['ExitCode']) };
    case 5:
      return {
        jobId,
        kind: 'held',
        reason: text(ad['HoldReason']) ?? 'no reason was given',
        code: number(ad['HoldReasonCode']),
        subCode: number(ad['HoldReasonSubCode']),
      };
    default: // 1, idle
      return { jobId, kind: 'queued' };
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
