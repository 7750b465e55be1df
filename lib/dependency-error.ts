import { CondorFuturesError } from './errors.ts';
import type { Future } from './future.ts';

/**
 * The call was not made, as it was given the future of another one that failed; `cause` is what that one failed with. Where that had been
 * given a third one's future in turn, and so on, `future`, `jobId` and `cause` are those of the first that failed.
 */
export class DependencyError extends CondorFuturesError {
  /** Of the call that failed, if it had a job. */
  readonly jobId: string | undefined;
  readonly #future: Future<unknown> | undefined;

  constructor(
    message: string,
    failed: { readonly future?: Future<unknown> | undefined; readonly jobId?: string | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.#future = failed.future;
    this.jobId = failed.jobId;
  }

  /** The future that failed; undefined if the error comes from another process: a job, or the one that an executor was attached to. */
  get future(): Future<unknown> | undefined {
    return #future in this ? this.#future : undefined;
  }

  static {
    this.prototype.name = 'DependencyError';
  }
}
