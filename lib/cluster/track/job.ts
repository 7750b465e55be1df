import type { JobEvent } from '../../batch/batch-system.ts';
import type { Call } from '../calls/call.ts';

/** The end of a job, which may leave its call without an outcome. */
export type JobEnd =
  | Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' }>
  | { readonly kind: 'lost'; readonly jobId: string };

/**
 * One attempt of a call. `open`: no outcome is known; `settled`: the attempt is over for its future, but the
 * job may still be in the queue; `gone`: it has left the queue.
 */
export interface Job {
  readonly call: Call;
  readonly key: string;
  readonly jobId: string;
  /** Its submission, if an earlier process has submitted it. */
  readonly submission: number | undefined;
  phase: 'open' | 'settled' | 'gone';
  /** Whether its outcome is being read. */
  isReading: boolean;
  /** Error of the last attempt to read its outcome. */
  readError: Error | undefined;
  /** Its end, as reported by the batch system. */
  end: JobEnd | undefined;
  /** Memory used and requested, as reported by the batch system, in bytes. */
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Whether it was evicted and has not run since. */
  evicted: boolean;
  /** Number of times that it was held and released. */
  releases: number;
  /** Time by the tracker's clock after which no outcome is expected. */
  deadline: number;
  /** Number of consecutive polls in which the batch system did not know it. */
  missing: number;
  /** Resolves when its outcome has been archived, or is not needed any more. */
  archived: Promise<void> | undefined;
  /** Whether its files stay when it has left the queue. */
  keep: boolean;
}

export function newJob(call: Call, jobId: string, submission?: number): Job {
  const { key } = call;
  return {
    call,
    key,
    jobId,
    submission,
    phase: 'open',
    isReading: false,
    readError: undefined,
    end: undefined,
    memoryUsed: undefined,
    memoryRequested: undefined,
    evicted: false,
    releases: 0,
    deadline: Infinity,
    missing: 0,
    archived: undefined,
    keep: false,
  };
}
