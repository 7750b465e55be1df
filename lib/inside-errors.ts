import { CondorFuturesError } from './errors.ts';

/** What a call wanted to keep could not be written, or not be found again whole; `cause` says why. */
export class CheckpointError extends CondorFuturesError {
  /** The file or directory that it is about. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }

  static {
    this.prototype.name = 'CheckpointError';
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

  static {
    this.prototype.name = 'JobEndingError';
  }
}
