/** The base of every error that condor-futures itself makes; what a call throws comes back as itself instead. */
export class CondorFuturesError extends Error {
  static {
    this.prototype.name = 'CondorFuturesError';
  }
}

/** The future was cancelled: by `cancel()`, by the signal given to `with()`, or by `shutdown({ cancelFutures: true })`. */
export class CancelledError extends CondorFuturesError {
  static {
    this.prototype.name = 'CancelledError';
  }
}

/** A wait took longer than its timeout. The job is not affected: wait again, or `cancel()` it. */
export class TimeoutError extends CondorFuturesError {
  static {
    this.prototype.name = 'TimeoutError';
  }
}

/** A settled future was settled again. */
export class InvalidStateError extends CondorFuturesError {
  static {
    this.prototype.name = 'InvalidStateError';
  }
}

/** `submit` or `map` was called after `shutdown()`. */
export class ShutdownError extends CondorFuturesError {
  static {
    this.prototype.name = 'ShutdownError';
  }
}

/** A value cannot travel between machines. */
export class SerializationError extends CondorFuturesError {
  /** Where the value sits, such as `arguments[0].options.log`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }

  static {
    this.prototype.name = 'SerializationError';
  }
}

/** The directory of job sets cannot be used. */
export class DirectoryError extends CondorFuturesError {
  readonly directory: string;

  constructor(message: string, directory: string, options?: ErrorOptions) {
    super(message, options);
    this.directory = directory;
  }

  static {
    this.prototype.name = 'DirectoryError';
  }
}

/** A file that a payload is read from could have been written by another user, so it is not read. */
export class OwnershipError extends CondorFuturesError {
  readonly file: string;

  constructor(message: string, file: string) {
    super(message);
    this.file = file;
  }

  static {
    this.prototype.name = 'OwnershipError';
  }
}

/** How a program that condor-futures started, such as condor_submit, ended badly. */
export interface CommandFailure {
  readonly command: string;
  /** `null` if the program never ran or was ended by a signal. */
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** A command-line program of the batch system failed. */
export class CommandError extends CondorFuturesError implements CommandFailure {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(message: string, failure: CommandFailure, options?: ErrorOptions) {
    super(message, options);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.stderr = failure.stderr;
  }

  static {
    this.prototype.name = 'CommandError';
  }
}

/** A command-line program of the batch system is not on PATH. */
export class CommandNotFoundError extends CommandError {
  static {
    this.prototype.name = 'CommandNotFoundError';
  }
}

/** The batch system took no jobs; `stderr` has its words. What it may have queued all the same has been removed again. */
export class SubmitError extends CommandError {
  /** Whether nobody answered, rather than refused: the same jobs may be taken later. */
  readonly transient: boolean;

  constructor(message: string, failure: CommandFailure & { transient?: boolean }, options?: ErrorOptions) {
    super(message, failure, options);
    this.transient = failure.transient ?? false;
  }

  static {
    this.prototype.name = 'SubmitError';
  }
}

/** What is known of a job that ended without an outcome. */
export interface JobFailure {
  /** `cluster.proc` on HTCondor. */
  readonly jobId: string;
  readonly host: string | undefined;
  /** The last lines that the job wrote to its stderr. */
  readonly stderrTail: string;
  /** Where the job's whole stderr lies; undefined if it is not kept. */
  readonly stderrFile: string | undefined;
}

/** The base of all errors that say that a job ended without an outcome. */
export class JobError extends CondorFuturesError implements JobFailure {
  readonly jobId: string;
  readonly host: string | undefined;
  readonly stderrTail: string;
  readonly stderrFile: string | undefined;

  constructor(message: string, failure: JobFailure) {
    const tail = failure.stderrTail === '' ? '' : `\nThe end of its stderr:\n${failure.stderrTail}`;
    super(
      `${message}${tail}${failure.stderrFile === undefined ? '' : `\nIts stderr: ${failure.stderrFile}`}`,
    );
    this.jobId = failure.jobId;
    this.host = failure.host;
    this.stderrTail = failure.stderrTail;
    this.stderrFile = failure.stderrFile;
  }

  static {
    this.prototype.name = 'JobError';
  }
}

/** The job's process ended, by itself or by a signal, without writing an outcome. */
export class JobDiedError extends JobError {
  readonly exitCode: number | undefined;
  readonly signal: number | undefined;

  constructor(
    message: string,
    failure: JobFailure & { exitCode?: number | undefined; signal?: number | undefined },
  ) {
    super(message, failure);
    this.exitCode = failure.exitCode;
    this.signal = failure.signal;
  }

  static {
    this.prototype.name = 'JobDiedError';
  }
}

/** The batch system put the job on hold; the job has been removed from the queue since. */
export class JobHeldError extends JobError {
  readonly holdReason: string;
  /** HTCondor's HoldReasonCode, see the manual's table of hold codes. */
  readonly holdReasonCode: number | undefined;
  readonly holdReasonSubCode: number | undefined;

  constructor(
    message: string,
    failure: JobFailure & {
      holdReason: string;
      holdReasonCode?: number | undefined;
      holdReasonSubCode?: number | undefined;
    },
  ) {
    super(message, failure);
    this.holdReason = failure.holdReason;
    this.holdReasonCode = failure.holdReasonCode;
    this.holdReasonSubCode = failure.holdReasonSubCode;
  }

  static {
    this.prototype.name = 'JobHeldError';
  }
}

/** The job was removed from the queue by somebody or something else: condor_rm, or a periodic expression. */
export class JobRemovedError extends JobError {
  static {
    this.prototype.name = 'JobRemovedError';
  }
}

/** The batch system knows nothing of the job any more, and there is no outcome. */
export class JobLostError extends JobError {
  static {
    this.prototype.name = 'JobLostError';
  }
}

/** The bytes of a call or of its outcome are there, but cannot be read: torn, or of another version of condor-futures. */
export class PayloadError extends CondorFuturesError {
  static {
    this.prototype.name = 'PayloadError';
  }
}

/** The call ended its own process with `process.exit()`, whatever the code. */
export class ProcessExitError extends CondorFuturesError {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }

  static {
    this.prototype.name = 'ProcessExitError';
  }
}

/** A promise that the call made, and did not return, was rejected; `cause` is the reason. */
export class UnhandledRejectionError extends CondorFuturesError {
  static {
    this.prototype.name = 'UnhandledRejectionError';
  }
}

/** Something that the call started, such as a timer, threw outside of it; `cause` is what it threw. */
export class UncaughtExceptionError extends CondorFuturesError {
  static {
    this.prototype.name = 'UncaughtExceptionError';
  }
}

/** The call waits for a promise that nothing can settle any more: its process has nothing left to do. */
export class NeverSettledError extends CondorFuturesError {
  static {
    this.prototype.name = 'NeverSettledError';
  }
}

/** The module of the call's function cannot be loaded on the execute side, or does not export it; `cause` says why. */
export class ModuleLoadError extends CondorFuturesError {
  readonly module: string;
  readonly exportName: string;

  constructor(message: string, module: string, exportName: string, options?: ErrorOptions) {
    super(message, options);
    this.module = module;
    this.exportName = exportName;
  }

  static {
    this.prototype.name = 'ModuleLoadError';
  }
}

/** The source of the call's function does not compile on the execute side; `cause` is the SyntaxError. */
export class FunctionSyntaxError extends CondorFuturesError {
  static {
    this.prototype.name = 'FunctionSyntaxError';
  }
}
