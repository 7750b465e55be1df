import type { BatchSystem } from '../../batch/batch-system.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { Call } from '../calls/call.ts';
import type { JobCommands } from '../calls/job-commands.ts';
import type { LiveJobSet } from '../live-job-set.ts';
import type { Submissions } from '../submit/submissions.ts';
import type { Tracker } from '../track/tracker.ts';
import { type EndingJobs, registerJobs, unregisterJobs } from './process-end.ts';

export interface EndHost {
  readonly system: BatchSystem;
  readonly detachOnExit: boolean;
  /** Calls whose futures are not done. */
  readonly pending: Set<Call>;
  readonly submissions: Submissions;
  readonly commands: JobCommands;
  opened(): { readonly jobSet: JobSet; readonly tracker: Tracker } | undefined;
  /** Waits for a limited time until the jobs have left the queue, and deletes their files. */
  drain(): Promise<void>;
}

/** Handles an executor's jobs when the process ends. */
export class JobsAtEnd implements EndingJobs {
  readonly #host: EndHost;
  #isGivenUp = false;
  #isRemoved = false;
  #isRegistered = false;

  constructor(host: EndHost) {
    this.#host = host;
  }

  /** Whether the process ends by a signal, so that the futures never settle. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Whether all jobs are removed by one command rather than by their ids. */
  get removesAll(): boolean {
    return this.#isGivenUp && this.#host.system.jobSetRemoval !== undefined;
  }

  /** Registers the jobs for the end of the process, because a call is pending. */
  register(): void {
    const { detachOnExit, system } = this.#host;
    if (this.#isRegistered || (detachOnExit && system.jobSetRemoval !== undefined)) return;
    this.#isRegistered = true;
    registerJobs(this);
  }

  /** Unregisters when no call is pending and the jobs of cancelled calls have been removed from the queue. */
  async unregister(): Promise<void> {
    if (!this.#isRegistered) return;
    const { pending, submissions, commands } = this.#host;
    await submissions.idle();
    await commands.idle();
    if (pending.size > 0 || this.#isGivenUp) return;
    this.#isRegistered = false;
    unregisterJobs(this);
  }

  /** Unregisters, because the jobs outlive the process. */
  detach(): void {
    this.#isRegistered = false;
    unregisterJobs(this);
  }

  count(): number {
    return [...this.#host.pending].filter((call) => call.attempts > 0).length;
  }

  cancel(reason: Error): void {
    for (const { future } of this.#host.pending) future.cancel(reason);
  }

  async giveUp(): Promise<void> {
    const { pending, submissions, system } = this.#host;
    this.#isGivenUp = true;
    for (const call of pending) {
      call.isGivenUp = true;
      this.#host.opened()?.tracker.onCancel(call);
    }
    pending.clear();
    submissions.giveUp();
    await submissions.idle();
    const id = this.#jobSetId;
    if (id !== undefined) await system.jobSetRemoval?.remove(id);
    this.#isRemoved = true;
    await this.#host.drain();
  }

  removeNow(timeoutMs: number): void {
    const { jobSetRemoval } = this.#host.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#isRemoved) jobSetRemoval.removeNow(id, timeoutMs);
  }

  removeUnseen(): void {
    const { jobSetRemoval } = this.#host.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#isRemoved) jobSetRemoval.removeUnseen(id);
  }

  command(): string | undefined {
    const id = this.#jobSetId;
    return id === undefined || this.#isRemoved ? undefined : this.#host.system.jobSetRemoval?.commandFor(id);
  }

  /** Id of the job set, once it may have jobs. */
  get #jobSetId(): string | undefined {
    return this.#host.submissions.hasStarted ? this.#host.opened()?.jobSet.id : undefined;
  }

  /** Ends the processes of this machine; their signals are sent synchronously. */
  #close(): void {
    this.#host.system.close().catch(() => {});
  }
}

/**
 * Time without a job leaving the queue before the batch system is polled, because HTCondor writes no event
 * for some of thousands of jobs that it removes at once.
 */
const QUIET_MS = 3000;
/** Number of consecutive waits without progress until the files are left. */
const MAX_QUIET_WAITS = 4;
/** Total time in milliseconds, which is longer than a removed job takes to end. */
export const NONE_LEFT_MS: number = QUIET_MS * MAX_QUIET_WAITS;

/**
 * Closes a job set whose calls are done when its jobs have left the queue, so that their files can be
 * deleted. Waits while the number of jobs in the queue shrinks.
 */
export async function closeWhenEmpty(opened: LiveJobSet, wait: ConditionWait): Promise<void> {
  const { tracker, watch } = opened;
  watch.wake();
  let previousSize = Infinity;
  for (let quietWaits = 0; tracker.size > 0 && quietWaits < MAX_QUIET_WAITS;) {
    previousSize = tracker.size;
    await wait.until(() => tracker.size === 0, QUIET_MS);
    quietWaits = tracker.size < previousSize ? 0 : quietWaits + 1;
    if (quietWaits > 0) tracker.poll();
  }
  await opened.close();
}

/** Waits for one condition at a time, which is checked whenever a call or job has ended. */
export class ConditionWait {
  #check: (() => void) | undefined;

  /** Checks the condition. */
  check(): void {
    this.#check?.();
  }

  /** Resolves when the condition holds, or after `longest` milliseconds. */
  async until(condition: () => boolean, longest: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = longest === Infinity ? undefined : setTimeout(resolve, longest);
      this.#check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#check = undefined;
  }
}
