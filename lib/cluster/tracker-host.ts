import type { BatchSystem } from '../batch/batch-system.ts';
import type { JobError } from '../job-errors.ts';
import type { Archive } from '../job-set/archive.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { OtherNode } from '../payload/format.ts';
import type { Call } from './call.ts';
import type { JobFiles } from './job-files.ts';
import type { Retry } from './retry.ts';

/** What the tracker of a job set's jobs needs, and whom it tells. */
export interface TrackerHost {
  readonly system: BatchSystem;
  readonly jobSet: JobSet;
  readonly files: JobFiles;
  readonly archive: Archive;
  /** How long an outcome may stay invisible after its job has ended, in milliseconds. */
  readonly outcomeGrace: number;
  /** How to treat functions in results that another major version of Node sent. */
  readonly otherNode: OtherNode;
  /** Whether there may be jobs whose ids are still to come. */
  isSubmitting(): boolean;
  /** Tells soon which outcomes are there. */
  lookForOutcomes(): void;
  removeJob(jobId: string): void;
  /** A held job is to run after all. */
  releaseJob(jobId: string): void;
  /** A call that failed wants another job; resolves when that is written down. */
  resubmit(call: Call, retry: Retry): Promise<void>;
  /** A job has come as far as its call. */
  onStarted(): void;
  /** A job has ended before it came to its call. */
  onCouldNotStart(error: JobError): void;
  /** A job has left the queue. */
  onGone(): void;
}
