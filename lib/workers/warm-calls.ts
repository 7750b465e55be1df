import type { JobEvent } from '../batch/batch-system.ts';
import { lifeAsEvent, nextLife } from '../batch/job-life.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import { Pool, type WarmCall, type Worker } from './model.ts';

/** How many settled calls are remembered. */
const HISTORY = 1000;

/** The last event of a call. */
export type CallEnd = Extract<JobEvent, { kind: 'removed' | 'ended' | 'held' }>;

/**
 * All calls and workers of a job set, and the transitions of the calls: each emits the event that the
 * executor sees.
 */
export class WarmCalls {
  /** Unsettled calls by id. */
  readonly active: Map<string, WarmCall> = new Map();
  /** Pools by their submit options. */
  readonly pools: Map<string, Pool> = new Map();
  /** Workers that have not ended. */
  readonly workers: Set<Worker> = new Set();
  readonly workersByJobId: Map<string, Worker> = new Map();
  /** Calls that can be released, by id: they are held because their workers were. */
  readonly held: Map<string, WarmCall> = new Map();
  readonly settled: Map<string, WarmCall> = new Map();
  /** Whether nothing is started any more, because the process ends. */
  isStopped = false;
  readonly #emit: (event: JobEvent) => void;

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  /** The pool of workers with these submit options; creates it if there is none. */
  poolFor(submit: SubmitOptions): Pool {
    const name = JSON.stringify(Object.entries(submit));
    const known = this.pools.get(name);
    if (known !== undefined) return known;
    const pool = new Pool(submit);
    this.pools.set(name, pool);
    return pool;
  }

  add(call: WarmCall): void {
    this.active.set(call.id, call);
    call.pool.add(call);
  }

  has(id: string): boolean {
    return this.active.has(id) || this.settled.has(id) || this.held.has(id);
  }

  assign(call: WarmCall, worker: Worker, assignment: number): void {
    call.worker = worker;
    call.assignment = assignment;
    worker.assigned.set(assignment, call);
  }

  /** Its worker has started it. */
  markRunning(call: WarmCall): void {
    call.startedAt = new Date();
    this.#tell(call, { jobId: call.id, kind: 'running', host: call.worker?.life.host });
  }

  /** Makes calls pending again, in front of all others. */
  requeue(calls: readonly WarmCall[]): void {
    for (const call of calls) {
      this.#unassign(call);
      call.worker = undefined;
      if (call.state === 'running') this.#tell(call, { jobId: call.id, kind: 'queued' });
      call.reassignments += 1;
      call.startedAt = undefined;
    }
    const pools = new Set(calls.map(({ pool }) => pool));
    for (const pool of pools) pool.addFirst(calls.filter((call) => call.pool === pool));
  }

  /** Settles a call that has an outcome. */
  finish(call: WarmCall): void {
    const { worker, pool } = call;
    if (worker !== undefined) {
      worker.finished += 1;
      worker.progressAt = performance.now();
    }
    this.#settle(call, { jobId: call.id, kind: 'ended', exitCode: 0 });
    if (worker?.phase === 'ready' && worker.assigned.size === 0 && pool.pending > 0) pool.onDrained();
  }

  /** Settles a cancelled call. */
  remove(call: WarmCall): void {
    this.#settle(call, { jobId: call.id, kind: 'removed', reason: 'it was removed' });
  }

  /** Settles a call for which the batch system starts no worker. */
  refuse(call: WarmCall, reason: string): void {
    this.#settle(call, { jobId: call.id, kind: 'removed', reason });
  }

  /** Settles a call with the end of its worker, as the call is to blame for that. */
  fail(call: WarmCall, worker: Worker, end: CallEnd): void {
    const { memoryUsed, memoryRequested } = worker.life;
    this.#tell(call, { jobId: call.id, kind: 'measured', memoryUsed, memoryRequested });
    this.#settle(call, { ...end, jobId: call.id });
    if (end.kind === 'held') this.held.set(call.id, call);
  }

  /** Forgets a call whose submission failed; emits nothing. */
  discard(call: WarmCall): void {
    call.pool.remove(call);
    call.life = nextLife(call.life, { kind: 'settled' }, 0, 0);
    this.active.delete(call.id);
  }

  /** Makes a held call pending again. */
  release(call: WarmCall): void {
    this.held.delete(call.id);
    this.settled.delete(call.id);
    call.worker = undefined;
    call.workerDeaths = 0;
    this.add(call);
    this.#tell(call, { jobId: call.id, kind: 'queued' });
  }

  /** The present state of a call as an event; undefined for an unknown id. */
  statusOf(jobId: string): JobEvent | undefined {
    const call = this.active.get(jobId) ?? this.settled.get(jobId);
    return call && lifeAsEvent(jobId, call.life);
  }

  #settle(call: WarmCall, end: CallEnd): void {
    call.pool.remove(call);
    this.#unassign(call);
    this.active.delete(call.id);
    call.endedAt = new Date();
    this.settled.set(call.id, call);
    const [oldest] = this.settled.keys();
    if (oldest !== undefined && this.settled.size > HISTORY) this.settled.delete(oldest);
    this.#tell(call, end);
  }

  /** The executor hears the same events that make up the life of a call. */
  #tell(call: WarmCall, event: JobEvent): void {
    call.life = nextLife(call.life, event, performance.now(), 0);
    this.#emit(event);
  }

  #unassign(call: WarmCall): void {
    call.worker?.assigned.delete(call.assignment);
  }
}
