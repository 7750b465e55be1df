import type { FutureState } from './diagnostics.ts';
import { setNames } from './error-names.ts';

/** The base of every error that condor-futures itself makes; what a call throws comes back as itself instead. */
export class CondorFuturesError extends Error {}

/** The future was cancelled: by `cancel()`, by the signal given to `with()`, by `shutdown({ cancelFutures: true })`, or by
 * SIGINT or SIGTERM in a program that listens for them itself. */
export class CancelledError extends CondorFuturesError {}

/** The process was told to end, which cancelled its futures: the `cause` of their CancelledErrors. */
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

/** A settled future was settled again, or something was asked of the job of a future that is done. */
export class InvalidStateError extends CondorFuturesError {}

/** The batch system refuses what a future asked for its job, such as `suspend()` while it does not run; `reason` says why. */
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
  /** Where the value sits, such as `arguments[0].options.log`. */
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

/** Another process looks after the job set: it submits its calls and removes its files. */
export class JobSetInUseError extends DirectoryError {
  readonly host: string;
  readonly pid: number;

  constructor(message: string, directory: string, host: string, pid: number) {
    super(message, directory);
    this.host = host;
    this.pid = pid;
  }
}

/** The executor was detached, and the call goes on without it: `attach` with the executor's `id` gives its future again. */
export class DetachedError extends CondorFuturesError {}

/** A file that a payload is read from could have been written by another user, so it is not read. */
export class OwnershipError extends CondorFuturesError {
  readonly file: string;

  constructor(message: string, file: string) {
    super(message);
    this.file = file;
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
}

/** A command-line program of the batch system is not on PATH. */
export class CommandNotFoundError extends CommandError {}

/** The batch system took no jobs; `stderr` has its words. What it may have queued all the same has been removed again. */
export class SubmitError extends CommandError {
  /** Whether nobody answered, rather than refused: the same jobs may be taken later. */
  readonly transient: boolean;
  /** Set if there were too many jobs: in one `submission`, or together with those in the `queue`. */
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
 * The executor's first jobs all failed in the same way before their calls began: a wrong `node`, say, or a directory that the jobs' machines
 * do not share. It has removed its other jobs and takes no more calls; `cause` is the error of the last of them.
 */
export class BrokenExecutorError extends CondorFuturesError {
  /** How many jobs failed. */
  readonly failures: number;

  constructor(message: string, failures: number, options?: ErrorOptions) {
    super(message, options);
    this.failures = failures;
  }
}

/** The bytes of a call or of its outcome are there, but cannot be read: torn, or of another version of condor-futures. */
export class PayloadError extends CondorFuturesError {}

/** The call returned or threw, and the execute machine could not write that: `cause` says why, such as ENOSPC. */
export class ResultNotWrittenError extends CondorFuturesError {}

/** The call ended its own process with `process.exit()`, whatever the code. */
export class ProcessExitError extends CondorFuturesError {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A promise that the call made, and did not return, was rejected; `cause` is the reason. */
export class UnhandledRejectionError extends CondorFuturesError {}

/** Something that the call started, such as a timer, threw outside of it; `cause` is what it threw. */
export class UncaughtExceptionError extends CondorFuturesError {}

/** The call waits for a promise that nothing can settle any more: its process has nothing left to do. */
export class NeverSettledError extends CondorFuturesError {}

/** The module of the call's function cannot be loaded on the execute side, or does not export it; `cause` says why. */
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

/** The part of a `Future` by which a {@link DependencyError} names the call that failed. */
export interface FailedFuture extends PromiseLike<unknown> {
  readonly state: FutureState;
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly attempts: number;
  exception(): Promise<unknown>;
  stdout(): Promise<string>;
  stderr(): Promise<string>;
}

/**
 * The call was not made, as it was given the future of another one that failed; `cause` is what that one failed with. Where that had been
 * given a third one's future in turn, and so on, `future`, `jobId` and `cause` are those of the first that failed.
 */
export class DependencyError extends CondorFuturesError {
  /** Of the call that failed, if it had a job. */
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

  /** The future that failed; undefined if the error comes from another process: a job, or the one that an executor was attached to. */
  get future(): FailedFuture | undefined {
    return #future in this ? this.#future : undefined;
  }
}

/** The jobs of an executor cannot be given their node, or the program's modules: `cause` says why, where a method of the user's threw. */
export class DeliveryError extends CondorFuturesError {
  /** The method of the option `delivery`, such as `bundle`. */
  readonly method: string;

  constructor(method: string, message: string, options?: ErrorOptions) {
    super(`The delivery '${method}' ${message}`, options);
    this.method = method;
  }
}

/** A file that is given to a call is not there, is not what it was said to be, or cannot be sent; `cause` may say why. */
export class InputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** A file that a call wants to send back is not there, or could not be moved to where it is kept; `cause` may say why. */
export class OutputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** What a call wanted to keep could not be written, or not be found again whole; `cause` says why. */
export class CheckpointError extends CondorFuturesError {
  /** The file or directory that it is about. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** The job is about to be taken off its machine: the `reason` of `currentJob().signal`. */
export class JobEndingError extends CondorFuturesError {
  /** What the process has received, such as `SIGTERM`. */
  readonly signal: NodeJS.Signals;
  /** When the process is going to be killed, if that is known. */
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
