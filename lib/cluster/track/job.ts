import type { JobEvent } from '../../batch/batch-system.ts';
import type { Call } from '../calls/call.ts';

/** How a job can leave a call without an outcome. */
export type JobEnd =
  | Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' }>
  | { readonly kind: 'lost'; readonly jobId: string };

/**
 * One attempt at a call, from its submission on. `open`: no outcome is known; `settled`: the attempt is over
 * for its future, while the job may still be in the queue; `gone`: it has left the queue and needs nothing
 * more.
 */
export interface Job {
  readonly call: Call;
  readonly key: string;
  readonly jobId: string;
  /** That by which an earlier process has asked for it; undefined if it was this one. */
  readonly submission: number | undefined;
  phase: 'open' | 'settled' | 'gone';
  /** Whether its outcome is being read. */
  reading: boolean;
  /** What the last try to read it gave, if that was an error. */
  trouble: Error | undefined;
  /** How it ended, if the batch system has told. */
  end: JobEnd | undefined;
  /** What the batch system has seen it use and ask for, in bytes. */
  memoryUsed: number | undefined;
  memoryRequested: number | undefined;
  /** Whether it has been taken off its machine, and has not run since. */
  evicted: boolean;
  /** How often it was held and let go again. */
  releases: number;
  /** When an outcome that is not there by then will not come, by the tracker's clock. */
  deadline: number;
  /** How many times in a row the batch system did not know it. */
  missing: number;
  /** Done when its outcome is in the archive, if it goes there, or is needed no more. */
  archived: Promise<void> | undefined;
  /** Whether its files stay when it is gone. */
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
    reading: false,
    trouble: undefined,
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
