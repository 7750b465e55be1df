import type { Call } from '../calls/call.ts';
import type { JobCommands } from '../calls/job-commands.ts';
import type { ExecutorInternals, LiveJobSet } from '../live-job-set.ts';
import { type EndingJobs, registerJobs, unregisterJobs } from './process-end.ts';

/** Handles an executor's jobs when the process ends. */
export class JobsAtEnd implements EndingJobs {
  readonly #executor: ExecutorInternals;
  readonly #pending: Set<Call>;
  readonly #commands: JobCommands;
  readonly #drain: () => Promise<void>;
  #isGivenUp = false;
  #isRemoved = false;
  #isRegistered = false;

  /**
   * @param pending calls whose futures are not done
   * @param drain waits for a limited time until the jobs have left the queue, and deletes their files
   */
  constructor(
    executor: ExecutorInternals,
    pending: Set<Call>,
    commands: JobCommands,
    drain: () => Promise<void>,
  ) {
    this.#executor = executor;
    this.#pending = pending;
    this.#commands = commands;
    this.#drain = drain;
  }

  /** Whether the process ends by a signal, so that the futures never settle. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Whether all jobs are removed by one command rather than by their ids. */
  get removesAll(): boolean {
    return this.#isGivenUp && this.#executor.system.jobSetRemoval !== undefined;
  }

  /** Registers the jobs for the end of the process, because a call is pending. */
  register(): void {
    const { options, system } = this.#executor;
    if (this.#isRegistered || (options.detachOnExit && system.jobSetRemoval !== undefined)) return;
    this.#isRegistered = true;
    registerJobs(this);
  }

  /** Unregisters when no call is pending and the jobs of cancelled calls have been removed from the queue. */
  async unregister(): Promise<void> {
    if (!this.#isRegistered) return;
    await this.#executor.submissions.idle();
    await this.#commands.idle();
    if (this.#pending.size > 0 || this.#isGivenUp) return;
    this.#isRegistered = false;
    unregisterJobs(this);
  }

  /** Unregisters, because the jobs outlive the process. */
  detach(): void {
    this.#isRegistered = false;
    unregisterJobs(this);
  }

  count(): number {
    return [...this.#pending].filter((call) => call.attempts > 0).length;
  }

  cancel(reason: Error): void {
    for (const { future } of this.#pending) future.cancel(reason);
  }

  async giveUp(): Promise<void> {
    const pending = this.#pending;
    const { submissions, system, own } = this.#executor;
    this.#isGivenUp = true;
    for (const call of pending) {
      call.isGivenUp = true;
      own.opened?.tracker.onCancel(call);
    }
    pending.clear();
    submissions.giveUp();
    await submissions.idle();
    const id = this.#jobSetId;
    if (id !== undefined) await system.jobSetRemoval?.remove(id);
    this.#isRemoved = true;
    await this.#drain();
  }

  removeNow(timeoutMs: number): void {
    const { jobSetRemoval } = this.#executor.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#isRemoved) jobSetRemoval.removeNow(id, timeoutMs);
  }

  removeUnseen(): void {
    const { jobSetRemoval } = this.#executor.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#isRemoved) jobSetRemoval.removeUnseen(id);
  }

  command(): string | undefined {
    const id = this.#jobSetId;
    return id === undefined || this.#isRemoved
      ? undefined
      : this.#executor.system.jobSetRemoval?.commandFor(id);
  }

  /** Id of the job set, once it may have jobs. */
  get #jobSetId(): string | undefined {
    return this.#executor.submissions.hasStarted ? this.#executor.own.opened?.jobSet.id : undefined;
  }

  /** Ends the processes of this machine; their signals are sent synchronously. */
  #close(): void {
    this.#executor.system.close().catch(() => {});
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
