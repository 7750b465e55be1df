import { type JobLife, NEW_LIFE } from '../../batch/job-life.ts';
import type { Call } from '../calls/call.ts';

/** One attempt of a call. */
export interface Job {
  readonly call: Call;
  readonly key: string;
  readonly jobId: string;
  /** Its submission, if an earlier process has submitted it. */
  readonly submission: number | undefined;
  life: JobLife;
  /** Whether it has left the queue, or is not tracked any more. */
  isGone: boolean;
  /** Whether its outcome is being read. */
  isReading: boolean;
  /** Error of the last attempt to read its outcome. */
  readError: Error | undefined;
  /** Number of times that it was held and released. */
  releases: number;
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
    life: NEW_LIFE,
    isGone: false,
    isReading: false,
    readError: undefined,
    releases: 0,
    archived: undefined,
    keep: false,
  };
}

/** Whether a job's outcome is still needed. */
export function isOpen({ isGone, life }: Job): boolean {
  return !isGone && life.state !== 'settled';
}
