import { isPolicy } from './event-log.ts';
import type { ClassAd, JobEvent } from '../batch-system.ts';
import { isRequestedHold } from './job-actions.ts';

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

/**
 * What `condor_q -json` or `condor_history -json` says of jobs, as events.
 * @throws {SyntaxError} if it is no listing; nothing at all means no jobs
 */
export function parseQueueListing(listing: string): Map<string, JobEvent> {
  return new Map(
    [...parseClassAds(listing)].map(([jobId, ad]) => [jobId, { ...eventOf(jobId, ad), ...memoryOf(ad) }]),
  );
}

/**
 * The ClassAds of jobs by id, as `condor_q -json` and `condor_history -json` print them.
 * @throws {SyntaxError} if it is no listing; nothing at all means no jobs
 */
export function parseClassAds(listing: string): Map<string, ClassAd> {
  if (listing.trim() === '') return new Map();
  const ads = JSON.parse(listing) as ClassAd[];
  if (!Array.isArray(ads))
    throw new SyntaxError(`Expected a list of job ClassAds, got: ${listing.slice(0, 100)}`);
  return new Map(ads.map((ad) => [`${String(ad['ClusterId'])}.${String(ad['ProcId'])}`, ad]));
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
    case 5: {
      const [code, subCode] = [number(ad['HoldReasonCode']), number(ad['HoldReasonSubCode'])];
      const reason = text(ad['HoldReason']) ?? 'no reason was given';
      const requested = isRequestedHold(code, subCode) ? { requested: true } : {};
      return { jobId, kind: 'held', reason, code, subCode, ...requested };
    }
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
