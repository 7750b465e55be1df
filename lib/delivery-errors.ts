import { CondorFuturesError } from './errors.ts';

/** The jobs of an executor cannot be given their node, or the program's modules: `cause` says why, where a method of the user's threw. */
export class DeliveryError extends CondorFuturesError {
  /** The method of the option `delivery`, such as `bundle`. */
  readonly method: string;

  constructor(method: string, message: string, options?: ErrorOptions) {
    super(`The delivery '${method}' ${message}`, options);
    this.method = method;
  }

  static {
    this.prototype.name = 'DeliveryError';
  }
}
