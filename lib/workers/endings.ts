import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from '../base/missing-files.ts';
import { CANNOT_WRITE } from '../job-set/names.ts';
import { appendLine } from './assignments.ts';
import type { WarmCall, Worker, WorkerEnd, WorkerSetup } from './model.ts';
import type { CallEnd, WarmCalls } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

/** Share of a timeout in which workers may end by themselves before their jobs are removed. */
const VOLUNTARY_SHARE = 0.4;
const RETRY_MS = 1000;

/**
 * Ends workers, withdraws their assignments, and decides what becomes of the calls of a worker that has
 * ended.
 */
export class Endings {
  readonly #setup: Pick<WorkerSetup, 'inner' | 'jobSet' | 'grace'>;
  readonly #calls: WarmCalls;
  readonly #files: WorkerFiles;
  readonly #onChange: () => void;
  /** Ended workers whose calls are being settled. */
  readonly #ending = new Set<Promise<void>>();
  /** Removals that the batch system has not answered yet. */
  readonly #removals = new Set<Promise<void>>();
  #onAllEnded: () => void = () => {};

  /** @param onChange is called when calls have become pending, or a worker has ended */
  constructor(
    setup: Pick<WorkerSetup, 'inner' | 'jobSet' | 'grace'>,
    calls: WarmCalls,
    files: WorkerFiles,
    onChange: () => void,
  ) {
    this.#setup = setup;
    this.#calls = calls;
    this.#files = files;
    this.#onChange = onChange;
  }

  /**
   * Handles a worker that has left its machine: requeues its calls, but fails a running call that is to blame
   * for the end.
   */
  async end(worker: Worker, end: WorkerEnd): Promise<void> {
    if (worker.hasEnded) return;
    const calls = this.#calls;
    const wasClosing = worker.isClosing;
    worker.hasEnded = true;
    worker.pool.workers.delete(worker);
    calls.workers.delete(worker);
    const ending = this.#settleWorker(worker, end, wasClosing);
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
    if (worker.jobId !== undefined) calls.workersByJobId.delete(worker.jobId);
    if (calls.workers.size === 0 && this.#ending.size === 0) this.#onAllEnded();
    this.#onChange();
  }

  /**
   * Assigns no more calls to a worker; it ends after those that it has. Removes its job at once if it has not
   * started.
   */
  close(worker: Worker): void {
    const { phase, jobId } = worker;
    if (phase === 'closing' || phase === 'ended') return;
    worker.isClosing = true;
    appendLine(this.#files, worker, { kind: 'close' });
    if (phase === 'queued' && jobId !== undefined) this.#removeJob(jobId);
  }

  /**
   * Resolves when all workers have ended, or after the timeout in milliseconds; removes those that do not end
   * by themselves.
   */
  async waitForAll(timeout: number): Promise<void> {
    const calls = this.#calls;
    const { inner, jobSet } = this.#setup;
    const allEnded = new Promise<boolean>((resolve) => {
      this.#onAllEnded = () => resolve(true);
      if (calls.workers.size === 0 && this.#ending.size === 0) resolve(true);
    });
    if (!(await isTrueWithin(allEnded, timeout * VOLUNTARY_SHARE))) {
      await inner
        .remove(
          [...calls.workers].flatMap(({ jobId }) => jobId ?? []),
          jobSet.id,
        )
        .catch(() => {});
      await isTrueWithin(allEnded, timeout * (1 - VOLUNTARY_SHARE));
    }
    await Promise.all(this.#removals);
  }

  /** Makes those of the calls pending again that the worker has not started. */
  async withdraw(worker: Worker, calls: readonly WarmCall[]): Promise<void> {
    const { withdrawn } = await this.#tryWithdraw(worker, calls);
    await this.#requeue(worker, withdrawn);
  }

  /**
   * Removes a call; ends its worker if that is running the call.
   * @throws {CommandError} if it is running, and the batch system gives no answer
   */
  async removeCall(call: WarmCall): Promise<void> {
    const calls = this.#calls;
    const files = this.#files;
    const { worker, assignment } = call;
    if (call.state === 'pending' || worker === undefined) return calls.remove(call);
    call.isRemoving = true;
    // settleCalls() will remove it.
    if (worker.hasEnded) return;
    const isWithdrawn = await files.withdraw(worker.number, assignment).catch(() => false);
    if (call.state === 'settled') return;
    // While files.withdraw() was pending, the call was assigned to another worker.
    if (call.worker !== worker || call.assignment !== assignment) return this.removeCall(call);
    if (isWithdrawn) return calls.remove(call);
    await this.#endRunning(call, worker);
  }

  /** Ends the process that runs a call, after making sure that it runs no other call. */
  async #endRunning(call: WarmCall, worker: Worker): Promise<void> {
    const calls = this.#calls;
    const files = this.#files;
    const { inner, jobSet } = this.#setup;
    this.close(worker);
    const later = [...worker.assigned.values()].filter(({ assignment }) => assignment > call.assignment);
    const { withdrawn, started } = await this.#tryWithdraw(worker, later);
    await this.#requeue(worker, withdrawn);
    this.#onChange();
    // A worker runs one call after the other: if a later one has started, this one is done.
    if (started.length > 0 || (await files.hasOutcome(call.key))) return calls.finish(call);
    if (worker.jobId !== undefined && worker.assigned.has(call.assignment))
      await inner.remove([worker.jobId], jobSet.id);
  }

  /**
   * Settles the calls of an ended worker.
   * @returns those that it had not started, now pending, if none had been started
   */
  async settleCalls(worker: Worker, end: WorkerEnd): Promise<WarmCall[]> {
    const { grace } = this.#setup;
    const { withdrawn, started } = await this.#tryWithdraw(worker, [...worker.assigned.values()]);
    const pending = await this.#requeue(worker, withdrawn, (calls) => this.#withoutRemoved(calls));
    this.#onChange();
    if (started.length === 0) return pending;
    await sleep(grace, undefined, { ref: false });
    for (const call of started) await this.#settleStarted(worker, end, call);
    this.#onChange();
    // A started call may be to blame, the others are not.
    return [];
  }

  async #settleWorker(worker: Worker, end: WorkerEnd, wasClosing: boolean): Promise<void> {
    const files = this.#files;
    await worker.writing;
    const hasStarted = (await files.findStart(worker.number)) !== undefined;
    if (end.kind !== 'ended' && end.kind !== 'removed') {
      // Its job may be started again.
      files.closeNow(worker.number);
      if (end.kind !== 'lost') this.#removeJob(end.jobId);
    }
    const hadCalls = worker.assigned.size > 0;
    const pending = await this.settleCalls(worker, end);
    const hasRunNothing = worker.finished === 0 && (!hadCalls || pending.length > 0);
    if (hasRunNothing && !wasClosing && !this.#calls.isStopped) {
      const [first] = pending.length > 0 ? pending : worker.pool.list();
      if (first?.state === 'pending') {
        await this.#apply(consequenceForPending(end, hasStarted, first), first, worker, end);
      }
    }
    await files.remove(worker.number);
  }

  async #settleStarted(worker: Worker, end: WorkerEnd, call: WarmCall): Promise<void> {
    const calls = this.#calls;
    const files = this.#files;
    const hasOutcome = await files.recoverOutcome(call.key);
    // While recoverOutcome() was pending, onOutcome() was called.
    if (call.state === 'settled') return;
    if (hasOutcome) return calls.finish(call);
    if (this.#withoutRemoved([call]).length === 0) return;
    await this.#apply(consequenceForRunning(end, worker, call), call, worker, end);
  }

  async #apply(consequence: Consequence, call: WarmCall, worker: Worker, end: WorkerEnd): Promise<void> {
    const calls = this.#calls;
    const files = this.#files;
    if (consequence === 'count') call.workerDeaths += 1;
    if (consequence !== 'fail' || !isFinal(end)) {
      if (call.state !== 'pending') calls.requeue([call]);
      return;
    }
    const assignment = call.worker === worker && call.state !== 'pending' ? call.assignment : undefined;
    await files.copyOutput(worker.number, assignment, call.key);
    if (call.state !== 'settled') calls.fail(call, worker, end);
  }

  /**
   * Makes withdrawn calls pending again, but finishes those that have an outcome: an earlier process may have
   * withdrawn a call whose worker had run it.
   * @param choose selects from the calls without an outcome those that are still wanted
   * @returns the pending ones
   */
  async #requeue(
    worker: Worker,
    withdrawn: readonly WarmCall[],
    choose: (calls: readonly WarmCall[]) => WarmCall[] = (all) => [...all],
  ): Promise<WarmCall[]> {
    const calls = this.#calls;
    const files = this.#files;
    const asked = withdrawn.map((call) => ({ call, assignment: call.assignment }));
    const answers = await Promise.all(withdrawn.map(async ({ key }) => files.hasOutcome(key)));
    // While hasOutcome() was pending, another #requeue() or removeCall() may have settled or requeued some.
    const unchanged = asked
      .map((one, index) => ({ ...one, isDone: answers[index] === true }))
      .filter(({ call, assignment }) => worker.assigned.get(assignment) === call);
    for (const { call, isDone } of unchanged) if (isDone) calls.finish(call);
    const pending = choose(unchanged.filter(({ isDone }) => !isDone).map(({ call }) => call));
    // In the same turn of the event loop as the check above: a call that was withdrawn twice is requeued
    // once.
    calls.requeue(pending);
    return pending;
  }

  /** Removes calls that were cancelled, or all if the system is stopped. @returns the others */
  #withoutRemoved(calls: readonly WarmCall[]): WarmCall[] {
    const unwanted = calls.filter(({ isRemoving }) => isRemoving || this.#calls.isStopped);
    for (const call of unwanted) this.#calls.remove(call);
    return calls.filter((call) => !unwanted.includes(call));
  }

  /** Withdraws the calls that a worker has not started; the started ones may be done. */
  async #tryWithdraw(
    worker: Worker,
    calls: readonly WarmCall[],
  ): Promise<{ withdrawn: WarmCall[]; started: WarmCall[] }> {
    const tried = await Promise.all(
      calls.map(async (call) => {
        const { assignment } = call;
        return { call, assignment, isWithdrawn: await this.#withdrawOne(worker, assignment) };
      }),
    );
    // While #withdrawOne() was pending, others may have settled or requeued some.
    const unchanged = tried.filter(({ call, assignment }) => worker.assigned.get(assignment) === call);
    return {
      withdrawn: unchanged.filter(({ isWithdrawn }) => isWithdrawn).map(({ call }) => call),
      started: unchanged.filter(({ isWithdrawn }) => !isWithdrawn).map(({ call }) => call),
    };
  }

  async #withdrawOne(worker: Worker, assignment: number): Promise<boolean> {
    for (;;) {
      try {
        return await this.#files.withdraw(worker.number, assignment);
      } catch (error) {
        // A worker cannot start calls in a directory that is gone.
        if (isMissing(error) || this.#calls.isStopped) return true;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /**
   * Removes the job of a worker that is not needed. Errors are ignored, because it reads in its inbox that it
   * is to end.
   */
  #removeJob(jobId: string): void {
    const { inner, jobSet } = this.#setup;
    const removal = inner.remove([jobId], jobSet.id).catch(() => {});
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }
}

async function isTrueWithin(condition: Promise<boolean>, ms: number): Promise<boolean> {
  const over = new AbortController();
  const { signal } = over;
  const late = sleep(ms, false, { signal }).catch(() => false);
  return Promise.race([condition, late]).finally(() => over.abort());
}

/** After this many dead workers, the next death fails the call. */
const MAX_DEATHS = 2;

/**
 * HoldReasonCode of jobs that used more memory than allowed by the machine's policy, the pool's or their own.
 */
const MEMORY_HOLD = 34;

/**
 * The consequence of the end of a worker for one of its calls. `retry`: the call is not to blame; `count`: it may be; `fail`:
 * it is, and its job ends as the worker did.
 */
export type Consequence = 'retry' | 'count' | 'fail';

/** Whether a call can end as its worker did. */
function isFinal(end: WorkerEnd): end is CallEnd {
  return end.kind !== 'evicted' && end.kind !== 'lost';
}

/** The consequence for the call that a worker was running when it ended. */
export function consequenceForRunning(
  end: WorkerEnd,
  worker: Worker,
  { workerDeaths }: WarmCall,
): Consequence {
  // The call ran to its end, but its outcome could not be written.
  if (end.kind === 'ended' && end.exitCode === CANNOT_WRITE) return 'fail';
  if (!mayBeFaultOfCall(end)) return 'retry';
  // No earlier call can have used up the memory.
  if (end.kind === 'held' && end.code === MEMORY_HOLD && worker.finished === 0) return 'fail';
  return workerDeaths >= MAX_DEATHS ? 'fail' : 'count';
}

/** The consequence for the first pending call when a worker has ended without running any. */
export function consequenceForPending(
  end: WorkerEnd,
  hasStarted: boolean,
  { workerDeaths }: WarmCall,
): Consequence {
  const wasIdle = hasStarted && end.kind === 'ended' && end.exitCode === 0;
  if (!mayBeFaultOfCall(end) || wasIdle) return 'retry';
  // The job cannot be started, and neither could a job for this call alone.
  const cannotStart = end.kind === 'held' || (end.kind === 'ended' && end.signal === undefined);
  if (!hasStarted && cannotStart) return 'fail';
  return workerDeaths >= MAX_DEATHS ? 'fail' : 'count';
}

/** Whether a call can have caused the end, rather than the batch system or a user who removed the worker. */
function mayBeFaultOfCall(end: WorkerEnd): boolean {
  switch (end.kind) {
    case 'evicted':
    case 'lost':
      return false;
    case 'removed':
      return end.byPolicy === true;
    case 'held':
      return end.requested !== true;
    case 'ended':
      return true;
  }
}
