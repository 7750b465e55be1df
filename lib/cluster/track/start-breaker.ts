import { BrokenExecutorError } from '../../base/errors.ts';
import { JobDiedError, type JobError, JobHeldError } from '../../base/job-errors.ts';
import type { Call } from '../calls/call.ts';
import type { Tracker } from './tracker.ts';

/** Number of jobs that must fail in the same way. */
const MAX_FAILURES = 10;

/** Detects that no job of an executor can start, before thousands more are submitted. */
export class StartBreaker {
  #hasStarted = false;
  #failures = 0;
  #lastFailureKind = '';

  /** A job has run its call, so later failures do not concern all jobs. */
  onStarted(): void {
    this.#hasStarted = true;
  }

  /**
   * A job has failed before its call started.
   * @returns the error of all pending calls, if that was one job too many
   */
  onCouldNotStart(error: JobError): BrokenExecutorError | undefined {
    if (this.#hasStarted) return undefined;
    const kind = failureKind(error);
    this.#failures = kind === this.#lastFailureKind ? this.#failures + 1 : 1;
    this.#lastFailureKind = kind;
    if (this.#failures !== MAX_FAILURES) return undefined;
    return new BrokenExecutorError(
      `The first ${MAX_FAILURES} jobs all failed before their calls began, so no more are sent. The last of them: ${error.message}`,
      MAX_FAILURES,
      { cause: error },
    );
  }
}

/** Fails the pending calls, except running ones, because their jobs have started. */
export function breakCalls(
  calls: Iterable<Call>,
  error: BrokenExecutorError,
  tracker: Pick<Tracker, 'onCancel'> | undefined,
): void {
  for (const call of calls) {
    if (call.future.running()) continue;
    call.controller.reject(error);
    tracker?.onCancel(call);
  }
}

/** A text that is equal for jobs that failed in the same way. */
function failureKind(error: JobError): string {
  if (error instanceof JobDiedError) return `${error.name} ${error.exitCode} ${error.signal}`;
  if (error instanceof JobHeldError)
    return `${error.name} ${error.holdReasonCode} ${error.holdReasonSubCode}`;
  return error.name;
}
