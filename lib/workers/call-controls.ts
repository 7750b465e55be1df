import type { ClassAd } from '../base/class-ad.ts';
import type { BatchSystem, JobAction } from '../batch/batch-system.ts';
import type { JobEnd } from '../batch/job-life.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { WarmCall, Worker } from './model.ts';

const NO_HOLD =
  'the call is one of many that a worker makes, which cannot be held for one of them. Remedy: cancel() it, or use an executor without `workers`';

const NO_EDIT =
  'the call is one of many that a worker makes, which asks for what they have in common. Remedy: submit it with({ submit }), or use an executor without `workers`';

/** JobStatus as HTCondor numbers it. */
const [IDLE, RUNNING, REMOVED, COMPLETED, HELD, SUSPENDED] = [1, 2, 3, 4, 5, 7] as const;

/**
 * Actions and questions of futures about their calls, passed on to the workers that run them where that means
 * the same.
 */
export class CallControls {
  readonly #dispatcher: Dispatcher;
  readonly #inner: BatchSystem;
  readonly #jobSetId: string;
  readonly #cwd: string;

  constructor(dispatcher: Dispatcher) {
    const { inner, jobSet, cwd } = dispatcher.setup;
    this.#dispatcher = dispatcher;
    this.#inner = inner;
    this.#jobSetId = jobSet.id;
    this.#cwd = cwd;
  }

  /** @returns refusals by call id */
  async act(action: JobAction, ids: readonly string[]): Promise<Map<string, string>> {
    const answers = await Promise.all(ids.map(async (id) => [id, await this.#act(action, id)] as const));
    return new Map(answers.filter((answer): answer is [string, string] => answer[1] !== undefined));
  }

  async analyze(id: string): Promise<string | undefined> {
    const { calls } = this.#dispatcher;
    const settled = calls.settled.get(id);
    if (settled !== undefined) return `Call ${id} has ended: ${settled.life.end?.kind}`;
    const call = calls.active.get(id);
    if (call === undefined) return undefined;
    const worker = await this.#findWorker(call);
    if (worker !== undefined) return `Call ${id} is running in worker ${worker.jobId} on ${worker.life.host}`;
    const phases = [...call.pool.workers].map(({ phase }) => phase);
    const before = call.pool.list().indexOf(call);
    const where =
      call.state === 'pending'
        ? `waits for a worker; before it wait: ${before}`
        : `is next in worker ${call.worker?.jobId}`;
    const ready = phases.filter((phase) => phase === 'ready').length;
    const first = [...call.pool.workers].find(
      ({ phase, jobId }) => phase === 'queued' && jobId !== undefined,
    );
    const why =
      first?.jobId === undefined ? undefined : await this.#inner.analyze(first.jobId, this.#jobSetId);
    const workers = `Of its workers, ${ready} are ready and ${phases.length - ready} are not`;
    return [`Call ${id} ${where}`, workers, ...(why === undefined ? [] : [why])].join('\n');
  }

  async describe(ids: readonly string[]): Promise<Map<string, ClassAd>> {
    const { calls } = this.#dispatcher;
    const found = ids.flatMap(
      (id) => calls.active.get(id) ?? calls.settled.get(id) ?? calls.held.get(id) ?? [],
    );
    const jobIds = new Set(
      found.flatMap(({ state, worker }) => (state === 'pending' ? [] : (worker?.jobId ?? []))),
    );
    const ads =
      jobIds.size === 0
        ? new Map<string, ClassAd>()
        : await this.#inner.describe([...jobIds], this.#jobSetId);
    const described = found.map(async (call) => {
      const worker = await this.#findWorker(call);
      const own = this.#classAdOf(call, worker);
      return [call.id, { ...ads.get(call.worker?.jobId ?? ''), ...own }] as const;
    });
    return new Map(await Promise.all(described));
  }

  async #act(action: JobAction, id: string): Promise<string | undefined> {
    const { calls } = this.#dispatcher;
    const held = calls.held.get(id);
    if (action.kind === 'release' && held !== undefined) {
      calls.release(held);
      this.#dispatcher.wake();
      return undefined;
    }
    if (action.kind === 'edit') return NO_EDIT;
    if (action.kind === 'hold' || action.kind === 'release') return NO_HOLD;
    const call = calls.active.get(id);
    const worker = call && (await this.#findWorker(call));
    if (worker?.jobId === undefined)
      return action.kind === 'continue' ? 'it is not suspended' : 'it is not running';
    const refusals = await this.#inner.act(action, [worker.jobId], this.#jobSetId);
    const refusal = refusals.get(worker.jobId);
    if (refusal !== undefined) return refusal;
    if (action.kind === 'suspend') worker.apply({ kind: 'suspended', jobId: worker.jobId });
    if (action.kind === 'continue') worker.apply({ kind: 'continued', jobId: worker.jobId });
    // Other workers can run the calls behind this one.
    if (action.kind !== 'continue') await this.#dispatcher.withdrawAll(worker);
    this.#dispatcher.wake();
    return undefined;
  }

  /** Finds the worker that is running a call; undefined if none is. */
  async #findWorker(call: WarmCall): Promise<Worker | undefined> {
    const { state, worker, assignment } = call;
    if (worker === undefined || (state !== 'assigned' && state !== 'running')) return undefined;
    if (state === 'running') return worker;
    return (await this.#dispatcher.files.hasStartedCall(worker.number, assignment)) ? worker : undefined;
  }

  #classAdOf(call: WarmCall, worker: Worker | undefined): ClassAd {
    const { id, queuedAt, startedAt, endedAt, life, worker: lastWorker } = call;
    const { end } = life;
    const attributes = {
      GlobalJobId: id,
      JobStatus: statusOf(end?.kind, worker),
      Iwd: this.#cwd,
      QDate: seconds(queuedAt),
      JobStartDate: seconds(startedAt),
      CompletionDate: seconds(endedAt),
      ExitCode: end?.kind === 'ended' ? end.exitCode : undefined,
      CondorFuturesWorker: (worker ?? lastWorker)?.jobId,
    };
    return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
  }
}

function statusOf(end: JobEnd['kind'] | undefined, worker: Worker | undefined): number {
  if (end !== undefined) return { ended: COMPLETED, removed: REMOVED, held: HELD, lost: REMOVED }[end];
  if (worker === undefined) return IDLE;
  return worker.phase === 'suspended' ? SUSPENDED : RUNNING;
}

function seconds(date: Date | undefined): number | undefined {
  return date && Math.floor(date.getTime() / 1000);
}
