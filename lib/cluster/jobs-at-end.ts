import type { BatchSystem } from '../batch/batch-system.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { Call } from './call.ts';
import type { JobCommands } from './job-commands.ts';
import { endWithProcess, leaveProcess, type EndingJobs } from './process-end.ts';
import type { Submissions } from './submissions.ts';
import type { Tracker } from './tracker.ts';

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
      call.givenUp = true;
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
