import { BrokenExecutorError } from '../../base/errors.ts';
import { JobDiedError, type JobError, JobHeldError } from '../../base/job-errors.ts';
import type { Call } from '../calls/call.ts';
import type { Tracker } from './tracker.ts';

/** So many jobs that fail in the same way are no accident. */
const MOST_FAILURES = 10;

/** Notices that no job of an executor can start, before thousands more are sent after the first. */
export class StartBreaker {
  #anyStarted = false;
  #failures = 0;
  #way = '';

  /** A job has come as far as its call: whatever happens later, it is not all jobs. */
  onStarted(): void {
    this.#anyStarted = true;
  }

  /**
   * A job has failed before its call began.
   * @returns the error of all other calls, if it was one job too many
   */
  onCouldNotStart(error: JobError): BrokenExecutorError | undefined {
    if (this.#anyStarted) return undefined;
    const way = wayOf(error);
    this.#failures = way === this.#way ? this.#failures + 1 : 1;
    this.#way = way;
    if (this.#failures !== MOST_FAILURES) return undefined;
    return new BrokenExecutorError(
      `The first ${MOST_FAILURES} jobs all failed before their calls began, so no more are sent. The last of them: ${error.message}`,
      MOST_FAILURES,
      { cause: error },
    );
  }
}

/** Ends the calls that wait for a job; those that run may have begun after all. */
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

/** Equal for jobs that failed in the same way. */
function wayOf(error: JobError): string {
  if (error instanceof JobDiedError) return `${error.name} ${error.exitCode} ${error.signal}`;
  if (error instanceof JobHeldError)
    return `${error.name} ${error.holdReasonCode} ${error.holdReasonSubCode}`;
  return error.name;
}
