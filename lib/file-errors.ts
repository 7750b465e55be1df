import { CondorFuturesError } from './errors.ts';

/** A file that is given to a call is not there, is not what it was said to be, or cannot be sent; `cause` may say why. */
export class InputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }

  static {
    this.prototype.name = 'InputFileError';
  }
}

/** A file that a call wants to send back is not there, or could not be moved to where it is kept; `cause` may say why. */
export class OutputFileError extends CondorFuturesError {
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }

  static {
    this.prototype.name = 'OutputFileError';
  }
}
