import type { JobEvent } from '../batch-system.ts';
import { isPolicy } from './event-log.ts';

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
  'MemoryUsage',
  'RequestMemory',
];

type ClassAd = Readonly<Record<string, unknown>>;

/**
 * What `condor_q -json` or `condor_history -json` says of jobs, as events.
 * @throws {SyntaxError} if it is no listing; nothing at all means no jobs
 */
export function parseQueueListing(listing: string): Map<string, JobEvent> {
  if (listing.trim() === '') return new Map();
  const ads = JSON.parse(listing) as ClassAd[];
  if (!Array.isArray(ads))
    throw new SyntaxError(`Expected a list of job ClassAds, got: ${listing.slice(0, 100)}`);
  const events = ads.map((ad) => ({
    ...eventOf(`${String(ad['ClusterId'])}.${String(ad['ProcId'])}`, ad),
    ...memoryOf(ad),
  }));
  return new Map(events.map((event) => [event.jobId, event]));
}

/** JobStatus as the manual's appendix "Job ClassAd Attributes" numbers it. */
function eventOf(jobId: string, ad: ClassAd): JobEvent {
  switch (ad['JobStatus']) {
    case 2: // running
    case 6: // transferring output
    case 7: // suspended
      return { jobId, kind: 'running', host: text(ad['RemoteHost'])?.split('@').at(-1) };
    case 3: {
      const reason = text(ad['RemoveReason']) ?? 'no reason was given';
      return { jobId, kind: 'removed', reason, byPolicy: isPolicy(reason) };
    }
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

const MEBIBYTE = 1024 * 1024;

/** Both are in MiB, and expressions (which are told as text) as long as nothing was measured. */
function memoryOf(ad: ClassAd): Pick<JobEvent, 'memoryUsed' | 'memoryRequested'> {
  const used = number(ad['MemoryUsage']);
  const requested = number(ad['RequestMemory']);
  return {
    ...(used === undefined ? {} : { memoryUsed: used * MEBIBYTE }),
    ...(requested === undefined ? {} : { memoryRequested: requested * MEBIBYTE }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
