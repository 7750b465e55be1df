import type { ItemResult } from '../map-results.ts';
import { decodeOutcome } from '../payload/call.ts';
import type { Job } from './job.ts';
import { takeResults } from './results.ts';
import type { TrackerHost } from './tracker-host.ts';
import { TornError } from './unreadable.ts';

/** What came of a job. */
export interface Outcome {
  readonly bytes: Uint8Array;
  readonly results: ItemResult<unknown>[];
}

/**
 * What came of a job that is open; undefined if that is not known yet, or not asked any more.
 * @throws {OwnershipError} {@link PayloadError}; {@link TornError}, or what the filesystem says, which may pass
 */
export async function readOutcome(
  { jobSet, system, otherNode }: TrackerHost,
  job: Job,
): Promise<Outcome | undefined> {
  if (job.phase !== 'open') return undefined;
  const bytes = await jobSet.readOutcome(job.key, job.end !== undefined);
  if (bytes === undefined || !isOpen(job)) return undefined;
  const outcome = decodeOutcome(bytes);
  if (outcome === undefined) throw new TornError(bytes.length);
  system.onOutcome?.(job.jobId, outcome.endedAt - outcome.startedAt);
  const results = await takeResults(job.call, outcome, otherNode);
  return isOpen(job) ? { bytes, results } : undefined;
}

/** Asked anew after each wait: meanwhile the call may have been cancelled. */
export function isOpen({ phase }: Job): boolean {
  return phase === 'open';
}
