import { setNames } from './error-names.ts';
import { CondorFuturesError } from './errors.ts';

/** What is known of a job that ended without an outcome. */
export interface JobFailure {
  /** `cluster.proc` on HTCondor. */
  readonly jobId: string;
  readonly host: string | undefined;
  /** How many jobs had been submitted for the call, this one included. */
  readonly attempts: number;
  /** The most memory that the batch system saw the job use, in bytes; undefined if it has not told. */
  readonly memoryUsed: number | undefined;
  /** The memory that the job asked for, in bytes; undefined if it is not known. */
  readonly memoryRequested: number | undefined;
  /** The last lines that the job wrote to its stderr. */
  readonly stderrTail: string;
  /** Where the job's whole stderr lies; undefined if it is not kept. */
  readonly stderrFile: string | undefined;
}

/** The base of all errors that say that a job ended without an outcome. */
export class JobError extends CondorFuturesError implements JobFailure {
  readonly jobId: string;
  readonly host: string | undefined;
  readonly attempts: number;
  readonly memoryUsed: number | undefined;
  readonly memoryRequested: number | undefined;
  readonly stderrTail: string;
  readonly stderrFile: string | undefined;

  constructor(message: string, failure: JobFailure) {
    const tail = failure.stderrTail === '' ? '' : `\nThe end of its stderr:\n${failure.stderrTail}`;
    super(
      `${message}${tail}${failure.stderrFile === undefined ? '' : `\nIts stderr: ${failure.stderrFile}`}`,
    );
    this.jobId = failure.jobId;
    this.host = failure.host;
    this.attempts = failure.attempts;
    this.memoryUsed = failure.memoryUsed;
    this.memoryRequested = failure.memoryRequested;
    this.stderrTail = failure.stderrTail;
    this.stderrFile = failure.stderrFile;
  }
}

/** How a process ended: one of the two is known. */
export interface ProcessEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
}

/** The job's process ended without writing an outcome: see {@link JobExitedError} and {@link JobKilledError}. */
export class JobDiedError extends JobError implements ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;

  constructor(message: string, failure: JobFailure & ProcessEnd) {
    super(message, failure);
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
  }
}

/** The job's process ended by itself, with `exitCode`: its node could not start, say, or native code called exit(). */
export class JobExitedError extends JobDiedError {}

/** The job's machine has no node that its call can run on, which the option `delivery` was to find there. */
export class NodeUnavailableError extends JobExitedError {
  /** The PATH that was searched there. */
  readonly searched: string;
  /** The path of what was found; undefined if nothing was. */
  readonly found: string | undefined;
  /** What that says its version is, such as `v18.19.0`. */
  readonly version: string | undefined;

  constructor(
    message: string,
    failure: JobFailure & ProcessEnd & Pick<NodeUnavailableError, 'searched' | 'found' | 'version'>,
  ) {
    super(message, failure);
    this.searched = failure.searched;
    this.found = failure.found;
    this.version = failure.version;
  }
}

/** The job's process was ended by `signal`, from outside or by a crash. */
export class JobKilledError extends JobDiedError {}

/** Why a batch system holds a job. */
export interface Hold {
  readonly holdReason: string;
  /** HTCondor's HoldReasonCode and HoldReasonSubCode, see the manual's table of hold codes. */
  readonly holdReasonCode?: number | undefined;
  readonly holdReasonSubCode?: number | undefined;
}

/** The batch system put the job on hold; the job has been removed from the queue since. */
export class JobHeldError extends JobError implements Hold {
  readonly holdReason: string;
  readonly holdReasonCode: number | undefined;
  readonly holdReasonSubCode: number | undefined;

  constructor(message: string, failure: JobFailure & Hold) {
    super(message, failure);
    this.holdReason = failure.holdReason;
    this.holdReasonCode = failure.holdReasonCode;
    this.holdReasonSubCode = failure.holdReasonSubCode;
  }
}

/** Which limit a job ran into: that of Node's heap, or that of the job's memory. */
export type MemoryLimit = 'heap' | 'job';

/**
 * The job ran out of memory. `heap`: Node's heap was full, which `execArgv: ['--max-old-space-size=…']` (in MiB) sets; `job`: it used more
 * than it had asked for with `request_memory`, and was held or killed for it.
 */
export class JobOutOfMemoryError extends JobError implements ProcessEnd {
  readonly limit: MemoryLimit;
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;
  readonly holdReason: string | undefined;
  readonly holdReasonCode: number | undefined;
  readonly holdReasonSubCode: number | undefined;

  constructor(message: string, failure: JobFailure & ProcessEnd & Partial<Hold> & { limit: MemoryLimit }) {
    super(message, failure);
    const { holdReason, holdReasonCode, holdReasonSubCode }: Partial<Hold> = failure;
    this.limit = failure.limit;
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
    this.holdReason = holdReason;
    this.holdReasonCode = holdReasonCode;
    this.holdReasonSubCode = holdReasonSubCode;
  }
}

/** The call ran longer than its `timeLimit`, and its job was ended. */
export class JobTimeLimitError extends JobError {
  /** In milliseconds. */
  readonly timeLimit: number;

  constructor(message: string, failure: JobFailure & { timeLimit: number }) {
    super(message, failure);
    this.timeLimit = failure.timeLimit;
  }
}

/** The job was removed from the queue from outside, by condor_rm, say. It is not tried again: somebody wanted it gone. */
export class JobRemovedError extends JobError {
  readonly removeReason: string;

  constructor(message: string, failure: JobFailure & { removeReason: string }) {
    super(message, failure);
    this.removeReason = failure.removeReason;
  }
}

/** A periodic expression of the job or of the schedd removed the job; `removeReason` says which. */
export class JobRemovedByPolicyError extends JobRemovedError {}

/** The job was evicted from its machine, and removed before it ran again. */
export class JobEvictedError extends JobRemovedError {}

/** The batch system knows nothing of the job any more, and there is no outcome. */
export class JobLostError extends JobError {}

setNames({
  JobError,
  JobDiedError,
  JobExitedError,
  NodeUnavailableError,
  JobKilledError,
  JobHeldError,
  JobOutOfMemoryError,
  JobTimeLimitError,
  JobRemovedError,
  JobRemovedByPolicyError,
  JobEvictedError,
  JobLostError,
});
