import { setFields, setNames } from './error-classes.ts';
import { CondorFuturesError } from './errors.ts';

/** The facts about a job that ended without an outcome. */
export interface JobFailure {
  /** `cluster.proc` on HTCondor. */
  readonly jobId: string;
  readonly host: string | undefined;
  /** The number of jobs submitted for the call, this one included. */
  readonly attempts: number;
  /** The most memory that the batch system saw the job use, in bytes; undefined if it did not report any. */
  readonly memoryUsed: number | undefined;
  /** The memory that the job requested, in bytes; undefined if unknown. */
  readonly memoryRequested: number | undefined;
  /** The last lines that the job wrote to its stderr. */
  readonly stderrTail: string;
  /** The file with the job's whole stderr; undefined if it is not kept. */
  readonly stderrFile: string | undefined;
}

/** The base of the errors of jobs that ended without an outcome. */
export class JobError extends CondorFuturesError implements JobFailure {
  declare readonly jobId: string;
  declare readonly host: string | undefined;
  declare readonly attempts: number;
  declare readonly memoryUsed: number | undefined;
  declare readonly memoryRequested: number | undefined;
  declare readonly stderrTail: string;
  declare readonly stderrFile: string | undefined;

  constructor(message: string, failure: JobFailure) {
    const tail = failure.stderrTail === '' ? '' : `\nThe end of its stderr:\n${failure.stderrTail}`;
    super(
      `${message}${tail}${failure.stderrFile === undefined ? '' : `\nIts stderr: ${failure.stderrFile}`}`,
    );
    setFields(this, failure, [
      'jobId',
      'host',
      'attempts',
      'memoryUsed',
      'memoryRequested',
      'stderrTail',
      'stderrFile',
    ]);
  }
}

/** The end of a process: either the exit code or the signal is known. */
export interface ProcessEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
}

/**
 * The job's process ended without writing an outcome: see {@link JobExitedError} and {@link JobKilledError}.
 */
export class JobDiedError extends JobError implements ProcessEnd {
  declare readonly exitCode: number | undefined;
  declare readonly signal: number | undefined;

  constructor(message: string, failure: JobFailure & ProcessEnd) {
    super(message, failure);
    setFields(this, failure, ['exitCode', 'signal']);
  }
}

/**
 * The job's process ended by itself, with `exitCode`: its node could not start, say, or native code called
 * exit().
 */
export class JobExitedError extends JobDiedError {}

/** The job's machine has no node that its call can run on, though the option `delivery` said so. */
export class NodeUnavailableError extends JobExitedError {
  /** The PATH that was searched there. */
  declare readonly searched: string;
  /** The path of the node that was found; undefined if there was none. */
  declare readonly found: string | undefined;
  /** The version of the node that was found, such as `v18.19.0`. */
  declare readonly version: string | undefined;

  constructor(
    message: string,
    failure: JobFailure & ProcessEnd & Pick<NodeUnavailableError, 'searched' | 'found' | 'version'>,
  ) {
    super(message, failure);
    setFields(this, failure, ['searched', 'found', 'version']);
  }
}

/** The job's process was ended by `signal`, because of a crash or from outside. */
export class JobKilledError extends JobDiedError {}

/** The reason why a batch system holds a job. */
export interface Hold {
  readonly holdReason: string;
  /** HTCondor's HoldReasonCode and HoldReasonSubCode, see the manual's table of hold codes. */
  readonly holdReasonCode?: number | undefined;
  readonly holdReasonSubCode?: number | undefined;
}

/** The batch system put the job on hold, and the job was then removed from the queue. */
export class JobHeldError extends JobError implements Hold {
  declare readonly holdReason: string;
  declare readonly holdReasonCode: number | undefined;
  declare readonly holdReasonSubCode: number | undefined;

  constructor(message: string, failure: JobFailure & Hold) {
    super(message, failure);
    setFields(this, failure, ['holdReason', 'holdReasonCode', 'holdReasonSubCode']);
  }
}

/** The limit that a job exceeded: that of Node's heap, or that of the job's memory. */
export type MemoryLimit = 'heap' | 'job';

/**
 * The job ran out of memory. `heap`: Node's heap was full, whose size `execArgv: ['--max-old-space-size=…']`
 * (in MiB) sets; `job`: it used more than its `request_memory`, and was held or killed for it.
 */
export class JobOutOfMemoryError extends JobError implements ProcessEnd {
  declare readonly limit: MemoryLimit;
  declare readonly exitCode: number | undefined;
  declare readonly signal: number | undefined;
  declare readonly holdReason: string | undefined;
  declare readonly holdReasonCode: number | undefined;
  declare readonly holdReasonSubCode: number | undefined;

  constructor(message: string, failure: JobFailure & ProcessEnd & Partial<Hold> & { limit: MemoryLimit }) {
    super(message, failure);
    setFields(this, failure, [
      'limit',
      'exitCode',
      'signal',
      'holdReason',
      'holdReasonCode',
      'holdReasonSubCode',
    ]);
  }
}

/** The call ran longer than its `timeLimit`, and its job was ended. */
export class JobTimeLimitError extends JobError {
  /** In milliseconds. */
  declare readonly timeLimit: number;

  constructor(message: string, failure: JobFailure & { timeLimit: number }) {
    super(message, failure);
    setFields(this, failure, ['timeLimit']);
  }
}

/**
 * The job was removed from the queue from outside, by condor_rm, say. It is not retried, because a user or
 * administrator wanted that.
 */
export class JobRemovedError extends JobError {
  declare readonly removeReason: string;

  constructor(message: string, failure: JobFailure & { removeReason: string }) {
    super(message, failure);
    setFields(this, failure, ['removeReason']);
  }
}

/** A periodic expression of the job or of the schedd removed the job; `removeReason` names it. */
export class JobRemovedByPolicyError extends JobRemovedError {}

/** The job was evicted from its machine, and removed before it could run again. */
export class JobEvictedError extends JobRemovedError {}

/** The batch system does not know the job any more, and there is no outcome. */
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
