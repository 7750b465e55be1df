import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchSystem } from '../batch/batch-system.ts';
import { CANNOT_WRITE } from '../job-set/names.ts';
import { appendLine } from './assignments.ts';
import type { WarmCall, Worker, WorkerEnd } from './model.ts';
import type { Warm } from './warm-calls.ts';
import type { WorkerFiles } from './worker-files.ts';

/** After being told to end, a worker has so much of the time to do so by itself. */
const BY_ITSELF = 0.4;
const TRY_AGAIN_MS = 1000;

interface DeparturesHost {
  readonly warm: Warm;
  readonly files: WorkerFiles;
  readonly inner: BatchSystem;
  readonly grace: number;
  isStopped(): boolean;
  /** Calls wait that did not, or there is room for a worker. */
  onChange(): void;
}

/** How workers end, and what becomes of their calls then. */
export class Departures {
  readonly #host: DeparturesHost;
  /** Ends that are being worked on. */
  readonly #ending = new Set<Promise<void>>();
  /** What the batch system has been asked to remove, and has not answered. */
  readonly #removals = new Set<Promise<void>>();
  #onNone: () => void = () => {};

  constructor(host: DeparturesHost) {
    this.#host = host;
  }

  /** A worker has left its machine. What it had not begun is made by others, and what it had begun, too, unless it is what killed it. */
  async end(worker: Worker, end: WorkerEnd): Promise<void> {
    if (worker.phase === 'ended') return;
    const wasClosing = worker.phase === 'closing';
    worker.phase = 'ended';
    worker.pool.workers.delete(worker);
    this.#host.warm.workers.delete(worker);
    const ending = this.#settle(worker, end, wasClosing);
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
    if (worker.jobId !== undefined) this.#host.warm.byJob.delete(worker.jobId);
    if (this.#host.warm.workers.size === 0 && this.#ending.size === 0) this.#onNone();
    this.#host.onChange();
  }

  /** It gets no more calls, and ends when it has made those that it has; at once if it has not begun. */
  dismiss(worker: Worker): void {
    const { phase, jobId } = worker;
    if (phase === 'closing' || phase === 'ended') return;
    worker.phase = 'closing';
    appendLine(this.#host.files, worker, { kind: 'close' });
    if (phase === 'queued' && jobId !== undefined) this.#removeJob(jobId);
  }

  /** Resolves when no worker is left, or the time is over; those that do not end by themselves are removed. */
  async untilNone(timeout: number): Promise<void> {
    const { warm, inner } = this.#host;
    const none = new Promise<boolean>((resolve) => {
      this.#onNone = () => resolve(true);
      if (warm.workers.size === 0 && this.#ending.size === 0) resolve(true);
    });
    if (!(await isTrueWithin(none, timeout * BY_ITSELF))) {
      await inner.remove([...warm.workers].flatMap(({ jobId }) => jobId ?? [])).catch(() => {});
      await isTrueWithin(none, timeout * (1 - BY_ITSELF));
    }
    await Promise.all(this.#removals);
  }

  /** Calls that a worker has not begun wait for another one. */
  async takeBack(worker: Worker, calls: readonly WarmCall[]): Promise<void> {
    const { unbegun } = await this.#part(worker, calls);
    await this.#giveOn(worker, unbegun);
  }

  /**
   * A call is not to be made, or not any further.
   * @throws {CommandError} if it runs, and the batch system gives no answer
   */
  async removeCall(call: WarmCall): Promise<void> {
    const { warm, files } = this.#host;
    const { worker, assignment } = call;
    if (call.state === 'waiting' || worker === undefined) return warm.remove(call);
    call.removing = true;
    // What its worker left is looked at already.
    if (worker.phase === 'ended') return;
    const isTaken = await files.takeBack(worker.number, assignment).catch(() => false);
    if (call.state === 'gone') return;
    // Meanwhile another worker may have got it.
    if (call.worker !== worker || call.assignment !== assignment) return this.removeCall(call);
    if (isTaken) return warm.remove(call);
    await this.#endRunning(call, worker);
  }

  /** Ends the process in which a call runs, once it is certain that it can run no other one. */
  async #endRunning(call: WarmCall, worker: Worker): Promise<void> {
    const { warm, files, inner } = this.#host;
    this.dismiss(worker);
    const others = [...worker.assigned.values()].filter(({ assignment }) => assignment > call.assignment);
    const { unbegun, begun } = await this.#part(worker, others);
    await this.#giveOn(worker, unbegun);
    this.#host.onChange();
    // It makes one after the other: this one is done.
    if (begun.length > 0 || (await files.hasOutcome(call.key))) return warm.finish(call);
    if (worker.jobId !== undefined && worker.assigned.has(call.assignment))
      await inner.remove([worker.jobId]);
  }

  /** What becomes of the calls of a worker that is dead: those that it had not begun are returned, and wait for another one. */
  async settleCalls(worker: Worker, end: WorkerEnd): Promise<WarmCall[]> {
    const { grace } = this.#host;
    const { unbegun, begun } = await this.#part(worker, [...worker.assigned.values()]);
    const waiting = await this.#giveOn(worker, unbegun, (left) => this.#withoutRemoved(left));
    this.#host.onChange();
    if (begun.length > 0) await sleep(grace, undefined, { ref: false });
    for (const call of begun) await this.#settleRunning(worker, end, call);
    if (begun.length > 0) this.#host.onChange();
    // What it had begun was to blame, or nothing.
    return begun.length > 0 ? [] : waiting;
  }

  async #settle(worker: Worker, end: WorkerEnd, wasClosing: boolean): Promise<void> {
    const { files } = this.#host;
    await worker.writing;
    const hasStarted = (await files.hasStarted(worker.number)) !== undefined;
    if (end.kind !== 'ended' && end.kind !== 'removed') {
      // It may start once more.
      files.closeNow(worker.number);
      if (end.kind !== 'lost') this.#removeJob(end.jobId);
    }
    const hadCalls = worker.assigned.size > 0;
    const waiting = await this.settleCalls(worker, end);
    const isBarren = worker.finished === 0 && (!hadCalls || waiting.length > 0);
    if (isBarren && !wasClosing && !this.#host.isStopped()) {
      const [first] = waiting.length > 0 ? waiting : worker.pool.list();
      if (first?.state === 'waiting') {
        await this.#judge(first, worker, end, verdictOnWaiting(end, hasStarted, first));
      }
    }
    await files.remove(worker.number);
  }

  async #settleRunning(worker: Worker, end: WorkerEnd, call: WarmCall): Promise<void> {
    const { warm, files } = this.#host;
    const hasOutcome = await files.rescueOutcome(call.key);
    // Meanwhile its outcome may have been read.
    if (call.state === 'gone') return;
    if (hasOutcome) return warm.finish(call);
    if (this.#withoutRemoved([call]).length === 0) return;
    await this.#judge(call, worker, end, verdictOnRunning(end, worker, call));
  }

  async #judge(call: WarmCall, worker: Worker, end: WorkerEnd, verdict: Verdict): Promise<void> {
    const { warm, files } = this.#host;
    if (verdict === 'count') call.deaths += 1;
    const isGivenUp = verdict === 'fail' && end.kind !== 'evicted' && end.kind !== 'lost';
    if (!isGivenUp) {
      if (call.state !== 'waiting') warm.again([call]);
      return;
    }
    const assignment = call.worker === worker && call.state !== 'waiting' ? call.assignment : undefined;
    await files.copyLastWords(worker.number, assignment, call.key);
    if (call.state !== 'gone') warm.fail(call, worker, end);
  }

  /**
   * Calls that were taken back from a worker wait for another one.
   * @returns those that do; others have an outcome: an earlier process may have known what came of a call, and its worker may have forgotten
   * that it had it
   */
  async #giveOn(
    worker: Worker,
    calls: readonly WarmCall[],
    choose: (calls: readonly WarmCall[]) => WarmCall[] = (all) => [...all],
  ): Promise<WarmCall[]> {
    const { warm, files } = this.#host;
    const taken = calls.map((call) => ({ call, assignment: call.assignment }));
    const done = await Promise.all(calls.map(async ({ key }) => files.hasOutcome(key)));
    // Meanwhile some may have been settled by others, or given on.
    const there = taken
      .map((one, index) => ({ ...one, isDone: done[index] === true }))
      .filter(({ call, assignment }) => worker.assigned.get(assignment) === call);
    for (const { call, isDone } of there) if (isDone) warm.finish(call);
    const waiting = choose(there.filter(({ isDone }) => !isDone).map(({ call }) => call));
    // In the same turn: what is taken back twice is given on once.
    warm.again(waiting);
    return waiting;
  }

  /** Those that are still wanted; the others are gone then. */
  #withoutRemoved(calls: readonly WarmCall[]): WarmCall[] {
    const { warm } = this.#host;
    const unwanted = calls.filter(({ removing }) => removing || this.#host.isStopped());
    for (const call of unwanted) warm.remove(call);
    return calls.filter((call) => !unwanted.includes(call));
  }

  /** Takes back what can be taken back; the rest has begun, some of which may be done. */
  async #part(
    worker: Worker,
    calls: readonly WarmCall[],
  ): Promise<{ unbegun: WarmCall[]; begun: WarmCall[] }> {
    const taken = await Promise.all(
      calls.map(async (call) => {
        const { assignment } = call;
        return { call, assignment, isTaken: await this.#takeBackPatiently(worker, assignment) };
      }),
    );
    // What is no longer there has been settled by others meanwhile, or given on.
    const there = taken.filter(({ call, assignment }) => worker.assigned.get(assignment) === call);
    return {
      unbegun: there.filter(({ isTaken }) => isTaken).map(({ call }) => call),
      begun: there.filter(({ isTaken }) => !isTaken).map(({ call }) => call),
    };
  }

  async #takeBackPatiently(worker: Worker, assignment: number): Promise<boolean> {
    for (;;) {
      try {
        return await this.#host.files.takeBack(worker.number, assignment);
      } catch (error) {
        // Nothing can be made in a directory that is gone.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' || this.#host.isStopped()) return true;
        await sleep(TRY_AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  /** A worker that is not needed; if it cannot be removed, it ends by itself once it begins. */
  #removeJob(jobId: string): void {
    const removal = this.#host.inner.remove([jobId]).catch(() => {});
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

/** A call whose worker has died so often is what kills them. */
const MOST_DEATHS = 2;

/** HoldReasonCodes of jobs that used more memory than they may: by policy of the machine, and of the job or the pool. */
const MEMORY_HOLD = 34;

/**
 * What the end of a worker means for a call: `again`: nothing was wrong with the call; `count`: it may have been the call; `fail`: it was
 * the call, whose job ends as the worker did.
 */
export type Verdict = 'again' | 'count' | 'fail';

/** For the call that a worker was making when it ended. */
export function verdictOnRunning(end: WorkerEnd, worker: Worker, { deaths }: WarmCall): Verdict {
  // It was made to its end.
  if (end.kind === 'ended' && end.exitCode === CANNOT_WRITE) return 'fail';
  const verdict = suspicion(end);
  if (verdict === 'again') return 'again';
  // Nobody else can have used up the memory.
  if (end.kind === 'held' && end.code === MEMORY_HOLD && worker.finished === 0) return 'fail';
  return deaths >= MOST_DEATHS ? 'fail' : 'count';
}

/** For the call that a worker was meant for that ended before it made any. */
export function verdictOnWaiting(end: WorkerEnd, hasStarted: boolean, { deaths }: WarmCall): Verdict {
  if (suspicion(end) === 'again' || (hasStarted && end.kind === 'ended' && end.exitCode === 0))
    return 'again';
  // It cannot be started, as a job of the call's own could not be.
  const isRefused = end.kind === 'held' || (end.kind === 'ended' && end.signal === undefined);
  if (!hasStarted && isRefused) return 'fail';
  return deaths >= MOST_DEATHS ? 'fail' : 'count';
}

/** Whether the worker, or what it did, is to blame at all, rather than the batch system or whoever removed it. */
function suspicion(end: WorkerEnd): 'again' | 'count' {
  switch (end.kind) {
    case 'evicted':
    case 'lost':
      return 'again';
    case 'removed':
      return end.byPolicy === true ? 'count' : 'again';
    case 'held':
      return end.requested === true ? 'again' : 'count';
    case 'ended':
      return 'count';
  }
}
