import type { JobEvent } from '../batch/batch-system.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import { Pool, type WarmCall, type Worker } from './model.ts';

/** How many calls that are gone are remembered. */
const HISTORY = 1000;

/** A call that is gone. */
export interface GoneCall {
  readonly call: WarmCall;
  readonly endedAt: Date;
  readonly end: Extract<JobEvent, { kind: 'removed' | 'ended' | 'held' }>;
}

/** The calls and workers that there are, and what is told of the calls. */
export class Warm {
  readonly calls: Map<string, WarmCall> = new Map();
  readonly pools: Map<string, Pool> = new Map();
  /** Those that have not ended. */
  readonly workers: Set<Worker> = new Set();
  readonly byJob: Map<string, Worker> = new Map();
  /** Calls that are held as their workers were, and may be released. */
  readonly held: Map<string, WarmCall> = new Map();
  readonly gone: Map<string, GoneCall> = new Map();
  readonly #emit: (event: JobEvent) => void;

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  poolOf(submit: SubmitOptions): Pool {
    const name = JSON.stringify(Object.entries(submit));
    const known = this.pools.get(name);
    if (known !== undefined) return known;
    const pool = new Pool(submit);
    this.pools.set(name, pool);
    return pool;
  }

  add(call: WarmCall): void {
    this.calls.set(call.id, call);
    call.pool.add(call);
  }

  knows(id: string): boolean {
    return this.calls.has(id) || this.gone.has(id) || this.held.has(id);
  }

  /** A worker has it. */
  assign(call: WarmCall, worker: Worker, assignment: number): void {
    call.worker = worker;
    call.assignment = assignment;
    call.state = 'assigned';
    worker.assigned.set(assignment, call);
  }

  /** It has been seen to run. */
  begin(call: WarmCall): void {
    call.state = 'running';
    call.startedAt = new Date();
    this.#emit({ jobId: call.id, kind: 'running', host: call.worker?.host });
  }

  /** They wait for another worker, before all others. */
  again(calls: readonly WarmCall[]): void {
    for (const call of calls) {
      this.#leaveWorker(call);
      if (call.state === 'running') this.#emit({ jobId: call.id, kind: 'queued' });
      call.state = 'waiting';
      call.moves += 1;
      call.startedAt = undefined;
    }
    const pools = new Set(calls.map(({ pool }) => pool));
    for (const pool of pools) pool.addFirst(calls.filter((call) => call.pool === pool));
  }

  /** Its outcome is there. */
  finish(call: WarmCall): void {
    const { worker, pool } = call;
    if (worker !== undefined) {
      worker.finished += 1;
      worker.progressAt = performance.now();
    }
    this.#go(call, { jobId: call.id, kind: 'ended', exitCode: 0 });
    if (worker?.phase === 'ready' && worker.assigned.size === 0 && pool.waiting > 0) pool.onDrained();
  }

  remove(call: WarmCall): void {
    this.#go(call, { jobId: call.id, kind: 'removed', reason: 'it was removed' });
  }

  /** It cannot be made, for a reason that the batch system gave. */
  refuse(call: WarmCall, reason: string): void {
    this.#go(call, { jobId: call.id, kind: 'removed', reason });
  }

  /** Its job ends as its worker did. */
  fail(call: WarmCall, worker: Worker, end: Extract<JobEvent, { kind: 'removed' | 'ended' | 'held' }>): void {
    const { memoryUsed, memoryRequested } = worker;
    this.#emit({ jobId: call.id, kind: 'measured', memoryUsed, memoryRequested });
    this.#go(call, { ...end, jobId: call.id });
    if (end.kind === 'held') this.held.set(call.id, call);
  }

  /** There never was such a call. */
  forget(call: WarmCall): void {
    call.pool.drop(call);
    call.state = 'gone';
    this.calls.delete(call.id);
  }

  /** A held call waits again. */
  release(call: WarmCall): void {
    this.held.delete(call.id);
    this.gone.delete(call.id);
    call.state = 'waiting';
    call.deaths = 0;
    this.add(call);
    this.#emit({ jobId: call.id, kind: 'queued' });
  }

  /** The present state of a call; undefined for one that is not known. */
  eventOf(jobId: string): JobEvent | undefined {
    const call = this.calls.get(jobId);
    if (call === undefined) return this.gone.get(jobId)?.end;
    return call.state === 'running'
      ? { jobId, kind: 'running', host: call.worker?.host }
      : { jobId, kind: 'queued' };
  }

  #go(call: WarmCall, end: GoneCall['end']): void {
    call.pool.drop(call);
    this.#leaveWorker(call);
    call.state = 'gone';
    this.calls.delete(call.id);
    this.gone.set(call.id, { call, endedAt: new Date(), end });
    const [oldest] = this.gone.keys();
    if (oldest !== undefined && this.gone.size > HISTORY) this.gone.delete(oldest);
    this.#emit(end);
  }

  #leaveWorker(call: WarmCall): void {
    call.worker?.assigned.delete(call.assignment);
  }
}
