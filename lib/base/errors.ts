import type { FutureState } from './diagnostics.ts';
import { setNames } from './error-classes.ts';

/**
 * The base of all errors of condor-futures itself. An error that a call throws comes back as itself instead.
 */
export class CondorFuturesError extends Error {}

/**
 * The future was cancelled: by `cancel()`, by the signal given to `with()`, by
 * `shutdown({ cancelFutures: true })`, or by SIGINT or SIGTERM in a program that listens for them itself.
 */
export class CancelledError extends CondorFuturesError {}

/** A signal told the process to end, which cancelled its futures: the `cause` of their CancelledErrors. */
export class SignalError extends CondorFuturesError {
  /** Such as `SIGINT`. */
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`The process received ${signal}`);
    this.signal = signal;
  }
}

/** A wait took longer than its timeout. The job is not affected: wait again, or `cancel()` it. */
export class TimeoutError extends CondorFuturesError {}

/** A settled future was settled again, or the job of a future that is done was to be controlled. */
export class InvalidStateError extends CondorFuturesError {}

/**
 * The batch system refused an action on the job of a future, such as `suspend()` while it does not run;
 * `reason` says why.
 */
export class JobControlError extends CondorFuturesError {
  /** The method of the future, such as `hold`. */
  readonly action: string;
  readonly jobId: string | undefined;
  readonly reason: string;

  constructor(action: string, jobId: string | undefined, reason: string) {
    super(`${action}() of ${jobId === undefined ? 'a call' : `job ${jobId}`} was refused: ${reason}`);
    this.action = action;
    this.jobId = jobId;
    this.reason = reason;
  }
}

/** `submit` or `map` was called after `shutdown()`. */
export class ShutdownError extends CondorFuturesError {}

/** A value cannot travel between machines. */
export class SerializationError extends CondorFuturesError {
  /** The path to the value, such as `arguments[0].options.log`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** The directory of job sets cannot be used. */
export class DirectoryError extends CondorFuturesError {
  readonly directory: string;

  constructor(message: string, directory: string, options?: ErrorOptions) {
    super(message, options);
    this.directory = directory;
  }
}

/** Another process owns the job set: it submits the calls and deletes the files. */
export class JobSetInUseError extends DirectoryError {
  readonly host: string;
  readonly pid: number;

  constructor(message: string, directory: string, host: string, pid: number) {
    super(message, directory);
    this.host = host;
    this.pid = pid;
  }
}

/**
 * The executor was detached, and the call goes on without it: `attach` with the executor's `id` gives its
 * future again.
 */
export class DetachedError extends CondorFuturesError {}

/** A file of a payload is not read, because another user could have written it. */
export class OwnershipError extends CondorFuturesError {
  readonly file: string;

  constructor(message: string, file: string) {
    super(message);
    this.file = file;
  }
}

/** The failure of a program that condor-futures started, such as condor_submit. */
export interface CommandFailure {
  readonly command: string;
  /** `null` if the program never started or was ended by a signal. */
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
}

/** A command-line program of the batch system is not on PATH. */
export class CommandNotFoundError extends CommandError {}

/**
 * The batch system did not accept the jobs; `stderr` has its message. Jobs that it queued all the same have
 * been removed.
 */
export class SubmitError extends CommandError {
  /** Whether the batch system did not answer, rather than refused: it may accept the same jobs later. */
  readonly transient: boolean;
  /** Set if there were too many jobs: in one `submission`, or in the `queue`. */
  readonly limit: 'submission' | 'queue' | undefined;

  constructor(
    message: string,
    failure: CommandFailure & { transient?: boolean; limit?: 'submission' | 'queue' | undefined },
    options?: ErrorOptions,
  ) {
    super(message, failure, options);
    this.transient = failure.transient ?? false;
    this.limit = failure.limit;
  }
}

/**
 * The first jobs of the executor all failed in the same way before their calls began, because of a wrong
 * `node`, say, or a directory that the jobs' machines do not share. The executor has removed its other jobs
 * and accepts no more calls; `cause` is the last error.
 */
export class BrokenExecutorError extends CondorFuturesError {
  /** The number of jobs that failed. */
  readonly failures: number;

  constructor(message: string, failures: number, options?: ErrorOptions) {
    super(message, options);
    this.failures = failures;
  }
}

/**
 * The bytes of a call or of its outcome exist, but cannot be read: torn, or of another version of
 * condor-futures.
 */
export class PayloadError extends CondorFuturesError {}

/**
 * The call returned or threw, but the execute machine could not write its outcome: `cause` says why, such as
 * ENOSPC.
 */
export class ResultNotWrittenError extends CondorFuturesError {}

/** The call ended its own process with `process.exit()`, whatever the code. */
export class ProcessExitError extends CondorFuturesError {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A promise that the call made, but did not return or await, was rejected; `cause` is the reason. */
export class UnhandledRejectionError extends CondorFuturesError {}

/** A callback that the call left behind, such as that of a timer, threw; `cause` is what it threw. */
export class UncaughtExceptionError extends CondorFuturesError {}

/** The call awaits a promise that nothing can settle any more: its process has nothing left to do. */
export class NeverSettledError extends CondorFuturesError {}

/**
 * The module of the call's function cannot be loaded on the execute side, or does not export it; `cause` says
 * why.
 */
export class ModuleLoadError extends CondorFuturesError {
  readonly module: string;
  readonly exportName: string;

  constructor(message: string, module: string, exportName: string, options?: ErrorOptions) {
    super(message, options);
    this.module = module;
    this.exportName = exportName;
  }
}

/** The source of the call's function does not compile on the execute side; `cause` is the SyntaxError. */
export class FunctionSyntaxError extends CondorFuturesError {}

/** The future of a call that failed. It is a `Future`: the module of that class adds its members here. */
export interface FailedFuture {
  readonly state: FutureState;
}

/**
 * The call was not made, because it was given the future of another call, which failed; `cause` is that
 * call's error. In a chain of such calls `future`, `jobId` and `cause` are those of the first that failed.
 */
export class DependencyError extends CondorFuturesError {
  /** The job of the call that failed; undefined if it had none. */
  readonly jobId: string | undefined;
  readonly #future: FailedFuture | undefined;

  constructor(
    message: string,
    failed: { readonly future?: FailedFuture | undefined; readonly jobId?: string | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.#future = failed.future;
    this.jobId = failed.jobId;
  }

  /**
   * The future that failed; undefined if the error comes from another process: a job, or the one that an
   * executor was attached to.
   */
  get future(): FailedFuture | undefined {
    return #future in this ? this.#future : undefined;
  }
}

/**
 * Node, or the modules of the program, cannot be delivered to the jobs; `cause` is what a delivery method of
 * the user threw.
 */
export class DeliveryError extends CondorFuturesError {
  /** The method of the option `delivery`, such as `bundle`. */
  readonly method: string;

  constructor(method: string, message: string, options?: ErrorOptions) {
    super(`The delivery '${method}' ${message}`, options);
    this.method = method;
  }
}

/**
 * A file given to a call does not exist, is no file or directory as declared, or cannot be sent; `cause` may
 * say why.
 */
export class InputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/**
 * A file that a call sends back does not exist, or could not be moved to its place in the job set; `cause`
 * may say why.
 */
export class OutputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** A checkpoint could not be written, or not be read whole; `cause` says why. */
export class CheckpointError extends CondorFuturesError {
  /** The file or directory of the checkpoint. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** The job is about to be vacated: the `reason` of `currentJob().signal`. */
export class JobEndingError extends CondorFuturesError {
  /** The signal that the process received, such as `SIGTERM`. */
  readonly signal: NodeJS.Signals;
  /** The time at which the process will be killed; undefined if unknown. */
  readonly deadline: Date | undefined;

  constructor(signal: NodeJS.Signals, deadline: Date | undefined) {
    const until = deadline === undefined ? '' : `, and is killed at ${deadline.toISOString()}`;
    super(`The job is being taken off its machine: its process has received ${signal}${until}`);
    this.signal = signal;
    this.deadline = deadline;
  }
}

setNames({
  CondorFuturesError,
  CancelledError,
  SignalError,
  TimeoutError,
  InvalidStateError,
  JobControlError,
  ShutdownError,
  SerializationError,
  DirectoryError,
  JobSetInUseError,
  DetachedError,
  OwnershipError,
  CommandError,
  CommandNotFoundError,
  SubmitError,
  BrokenExecutorError,
  PayloadError,
  ResultNotWrittenError,
  ProcessExitError,
  UnhandledRejectionError,
  UncaughtExceptionError,
  NeverSettledError,
  ModuleLoadError,
  FunctionSyntaxError,
  DependencyError,
  DeliveryError,
  InputFileError,
  OutputFileError,
  CheckpointError,
  JobEndingError,
});
