import type { JobEvent } from '../batch/batch-system.ts';
import {
  JobDiedError,
  JobHeldError,
  JobLostError,
  JobRemovedError,
  type JobError,
  type JobFailure,
} from '../errors.ts';
import { CANNOT_WRITE } from '../job-set/exit-codes.ts';
import type { Call } from './call.ts';

/** How a job can leave a call without an outcome. */
export type JobEnd =
  | Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' }>
  | { readonly kind: 'lost'; readonly jobId: string };

/**
 * One attempt at a call, from its submission on. `open`: no outcome is known; `settled`: the attempt is over for its future,
 * while the job may still be in the queue; `gone`: it has left the queue and needs nothing more.
 */
export interface Job {
  readonly call: Call;
  readonly key: string;
  readonly jobId: string;
  phase: 'open' | 'settled' | 'gone';
  /** Whether its outcome is being read. */
  reading: boolean;
  /** What the last try to read it gave, if that was an error. */
  trouble: Error | undefined;
  /** How it ended, if the batch system has told. */
  end: JobEnd | undefined;
  /** When an outcome that is not there by then will not come, by the tracker's clock. */
  deadline: number;
  /** How many times in a row the batch system did not know it. */
  missing: number;
  /** Whether its files stay when it is gone. */
  keep: boolean;
}

export function newJob(call: Call, jobId: string): Job {
  const { key } = call;
  return {
    call,
    key,
    jobId,
    phase: 'open',
    reading: false,
    trouble: undefined,
    end: undefined,
    deadline: Infinity,
    missing: 0,
    keep: false,
  };
}

/** The signal that a memory limit is enforced with. */
const SIGKILL = 9;
const OUT_OF_MEMORY = ' (often the machine or a limit ran out of memory: see `request_memory`)';
const NO_ROOM =
  ': it could not write to its job set. Remedy: see whether the filesystem of `directory` is full or read-only, or a quota is used up';
/** What a shell says then, in English as in a job without LANG. */
const SAYS_NO_ROOM = /No space left|quota exceeded|Read-only file system/i;
const NOT_SHARED =
  ": it did not find its job set. Remedy: name a `directory` that its machine shares; a /tmp is often the job's own";

/**
 * The error of a job that ended like this without an outcome.
 * @param couldNotBegin its shell did not find its script
 */
export function errorOf(end: JobEnd, failure: JobFailure, couldNotBegin = false): JobError {
  const job = `Job ${failure.jobId}${failure.host === undefined ? '' : ` on ${failure.host}`}`;
  switch (end.kind) {
    case 'held': {
      const message = `${job} was held, and has been removed from the queue: ${end.reason}`;
      return new JobHeldError(message, {
        ...failure,
        holdReason: end.reason,
        holdReasonCode: end.code,
        holdReasonSubCode: end.subCode,
      });
    }
    case 'removed':
      return new JobRemovedError(`${job} was removed from the queue from outside: ${end.reason}`, failure);
    case 'lost':
      return new JobLostError(
        `${job} is not known to the batch system any more, and has left no outcome`,
        failure,
      );
    case 'ended': {
      const { exitCode, signal } = end;
      const how = signal === undefined ? `with exit code ${exitCode ?? 'unknown'}` : `by signal ${signal}`;
      const hint = hintFor(end, failure, couldNotBegin);
      return new JobDiedError(`${job} ended ${how} without an outcome${hint}`, {
        ...failure,
        exitCode,
        signal,
      });
    }
  }
}

function hintFor(
  { exitCode, signal }: Extract<JobEnd, { kind: 'ended' }>,
  { stderrTail }: JobFailure,
  couldNotBegin: boolean,
): string {
  if (couldNotBegin) return SAYS_NO_ROOM.test(stderrTail) ? NO_ROOM : NOT_SHARED;
  if (signal === SIGKILL) return OUT_OF_MEMORY;
  return exitCode === CANNOT_WRITE ? NO_ROOM : '';
}
