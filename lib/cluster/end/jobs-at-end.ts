import type { BatchSystem } from '../../batch/batch-system.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { Call } from '../calls/call.ts';
import type { JobCommands } from '../calls/job-commands.ts';
import type { LiveJobSet } from '../live-job-set.ts';
import type { Submissions } from '../submit/submissions.ts';
import type { Tracker } from '../track/tracker.ts';
import { type EndingJobs, endWithProcess, leaveProcess } from './process-end.ts';

export interface EndHost {
  readonly system: BatchSystem;
  readonly detachOnExit: boolean;
  /** Calls whose futures are not done. */
  readonly pending: Set<Call>;
  readonly submissions: Submissions;
  readonly commands: JobCommands;
  opened(): { readonly jobSet: JobSet; readonly tracker: Tracker } | undefined;
  /** Waits until the jobs have left the queue, though not for long, and removes their files. */
  drain(): Promise<void>;
}

/** What becomes of an executor's jobs when the process ends. */
export class JobsAtEnd implements EndingJobs {
  readonly #host: EndHost;
  #givenUp = false;
  #removed = false;
  #watched = false;

  constructor(host: EndHost) {
    this.#host = host;
  }

  /** Whether the futures never settle any more. */
  get givenUp(): boolean {
    return this.#givenUp;
  }

  /** Whether the jobs are removed all at once, rather than by their ids. */
  get removesAll(): boolean {
    return this.#givenUp && this.#host.system.jobSetRemoval !== undefined;
  }

  /** There is a call to wait for. */
  watch(): void {
    const { detachOnExit, system } = this.#host;
    if (this.#watched || (detachOnExit && system.jobSetRemoval !== undefined)) return;
    this.#watched = true;
    endWithProcess(this);
  }

  /** There is no call to wait for; cancelled ones may still have to be removed from the queue. */
  async unwatch(): Promise<void> {
    if (!this.#watched) return;
    const { pending, submissions, commands } = this.#host;
    await submissions.idle();
    await commands.idle();
    if (pending.size > 0 || this.#givenUp) return;
    this.#watched = false;
    leaveProcess(this);
  }

  /** The jobs are to outlive the process. */
  leave(): void {
    this.#watched = false;
    leaveProcess(this);
  }

  count(): number {
    return [...this.#host.pending].filter((call) => call.attempts > 0).length;
  }

  cancel(reason: Error): void {
    for (const { future } of this.#host.pending) future.cancel(reason);
  }

  async giveUp(): Promise<void> {
    const { pending, submissions, system } = this.#host;
    this.#givenUp = true;
    for (const call of pending) {
      call.isGivenUp = true;
      this.#host.opened()?.tracker.onCancel(call);
    }
    pending.clear();
    submissions.giveUp();
    await submissions.idle();
    const id = this.#jobSetId;
    if (id !== undefined) await system.jobSetRemoval?.remove(id);
    this.#removed = true;
    await this.#host.drain();
  }

  removeNow(timeoutMs: number): void {
    const { jobSetRemoval } = this.#host.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#removed) jobSetRemoval.removeNow(id, timeoutMs);
  }

  removeUnseen(): void {
    const { jobSetRemoval } = this.#host.system;
    const id = this.#jobSetId;
    if (jobSetRemoval === undefined) this.#close();
    else if (id !== undefined && !this.#removed) jobSetRemoval.removeUnseen(id);
  }

  command(): string | undefined {
    const id = this.#jobSetId;
    return id === undefined || this.#removed ? undefined : this.#host.system.jobSetRemoval?.commandFor(id);
  }

  /** Of the job set, once it may have jobs. */
  get #jobSetId(): string | undefined {
    return this.#host.submissions.begun ? this.#host.opened()?.jobSet.id : undefined;
  }

  /** Processes of this machine are told to end in the very call. */
  #close(): void {
    this.#host.system.close().catch(() => {});
  }
}

/**
 * How long no job leaves the queue before the batch system is asked: HTCondor writes no event for some of
 * thousands that it removes at once.
 */
const SILENCE_MS = 3000;
/** How many times in a row that may be before it is given up. */
const SILENCES = 4;
/** How long that is: longer than a job has to end when it is removed. */
export const NONE_LEFT_MS: number = SILENCE_MS * SILENCES;

/**
 * Closes a job set whose calls are done when its jobs have left the queue, so that their files can go: for as
 * long as ever fewer are in it.
 */
export async function closeWhenEmpty(opened: LiveJobSet, wait: ConditionWait): Promise<void> {
  const { tracker, watch } = opened;
  watch.wake();
  let before = Infinity;
  for (let silences = 0; tracker.size > 0 && silences < SILENCES;) {
    before = tracker.size;
    await wait.until(() => tracker.size === 0, SILENCE_MS);
    silences = tracker.size < before ? 0 : silences + 1;
    if (silences > 0) tracker.ask();
  }
  await opened.close();
}

/** Waits for conditions, one at a time, that are looked at whenever something has ended. */
export class ConditionWait {
  #look: (() => void) | undefined;

  /** Something has ended. */
  look(): void {
    this.#look?.();
  }

  /** @param longest in milliseconds; then it resolves all the same */
  async until(condition: () => boolean, longest: number): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = longest === Infinity ? undefined : setTimeout(resolve, longest);
      this.#look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#look = undefined;
  }
}
