import { isObserved, publish, type SettlementMessage } from '../../base/diagnostics.ts';
import { InvalidStateError } from '../../base/errors.ts';
import type { FutureState } from '../../base/diagnostics.ts';
import type { FutureSource, JobControl, Usage } from '../../futures/future-source.ts';
import { type Future, FutureController } from '../../futures/future.ts';
import type { JobOptions } from '../../futures/job-options.ts';
import { listOutputFiles, type OutputFile, type Progress, readProgress } from '../../job-set/call-outputs.ts';
import type { InputLocation, JobSet } from '../../job-set/job-set.ts';
import { jobKey } from '../../job-set/names.ts';
import type { TravellingFiles } from '../../payload/given-files.ts';
import type { WrittenFunction } from './functions.ts';

/** What a call has printed is kept in memory, up to this many bytes, when its files are removed. */
const KEPT_LOG_BYTES = 4096;

/** Of nearly all calls, which need none of their own. */
const NONE_AVOIDED: ReadonlyMap<string, number> = new Map();
const NO_DEPENDENCIES: readonly Dependency[] = [];
const NONE_GIVEN: readonly string[] = [];

/** The result of another call that a call was given as a future. */
export interface Dependency {
  /**
   * The future in the arguments, or that of the job, for calls that an earlier process made; undefined once it has
   * finished, because its value may be large.
   */
  future: Future<unknown> | undefined;
  readonly call: Call;
  /** Position of the result among those of the call's job. */
  readonly item: number;
}

/** Receives the events of a call, and controls its jobs. */
export interface CallHost {
  onDone(call: Call): void;
  onCancel(call: Call): void;
  readonly controls: {
    of(call: Call): JobControl;
    onSubmitted(call: Call, jobId: string): void;
  };
}

/** What a call is made of. */
export interface CallParts {
  /** Of the calls of the executor, counted from 1. */
  readonly index: number;
  readonly fn: WrittenFunction | undefined;
  readonly payload: Uint8Array | undefined;
  readonly payloadHash: string;
  /** What travels to its job besides, if it is to be written. */
  readonly files?: TravellingFiles | undefined;
  readonly options: JobOptions;
  /** How many calls a chunk has; 0 for a call that is no chunk. */
  readonly items: number;
  /** What it needs of other calls. */
  readonly dependencies?: readonly Dependency[] | undefined;
  /** By resultName(), results of calls of other job sets that it needs, and that lie in its own for good. */
  readonly givenResults?: readonly string[] | undefined;
  readonly host: CallHost;
  /** Whether its value is of no interest here: who wants it reads it from the disk. */
  readonly valueStays?: boolean | undefined;
}

/** The executor's side of a future. */
export class Call implements FutureSource {
  /** Let go when the future is done: its value is nobody's business but the caller's. */
  #controller: FutureController<unknown> | undefined;
  #settled: WeakRef<Future<unknown>> | undefined;
  /** Undefined if an earlier process has written it, or the future is done. */
  fn: WrittenFunction | undefined;
  readonly options: JobOptions;
  /** How many calls a chunk has; 0 for a call that is no chunk. */
  readonly items: number;
  /** Of the calls of the executor, counted from 1. */
  readonly index: number;
  readonly #host: CallHost;
  /** What it needs of other calls; let go when the future is done. */
  dependencies: readonly Dependency[];
  readonly givenResults: readonly string[];
  /** Not all of it is there yet: no job is submitted for it. */
  isBlocked = false;
  readonly valueStays: boolean;
  attempts = 0;
  /** How many of the attempts were made for more memory, or because the job before was turned away. */
  growths = 0;
  /** How much memory its next job asks for, in bytes, rather than what the options say. */
  memory: number | undefined;
  /** The same of disk. */
  disk: number | undefined;
  /** What the job of the present attempt has asked for, in bytes, if that is known. */
  memoryRequested: number | undefined;
  /** Machines not to be taken, with the time until which, by Date.now(). */
  avoided: ReadonlyMap<string, number> = NONE_AVOIDED;
  #jobId: string | undefined;
  host: string | undefined;
  /** The machine of the present attempt, by the name that the batch system gives it. */
  machine: string | undefined;
  usage: Usage | undefined;
  /** The encoded call; let go once it is on the disk. */
  payload: Uint8Array | undefined;
  /** The files that it is given; let go likewise. */
  files: TravellingFiles | undefined;
  /** Of the encoded call, which the job checks before it reads it. */
  readonly payloadHash: string;
  input: InputLocation | undefined;
  /** Set once the jobs of this call are written down there. */
  jobSet: JobSet | undefined;
  /** What came of it is in its outcome, rather than in its future alone. */
  hasOutcome = false;
  /** Where its outcome is in the archive, once it is there. */
  archivedAt: number | undefined;
  /** Known once the future is done. */
  wasCancelled = false;
  /** The process ends: the future stays as it is, and nothing more is done for it. */
  givenUp = false;
  /** The state that was published last. */
  #told: FutureState = 'pending';
  #logs: { stdout: string; stderr: string } | undefined;

  constructor({
    index,
    fn,
    payload,
    payloadHash,
    files,
    options,
    items,
    dependencies = NO_DEPENDENCIES,
    givenResults = NONE_GIVEN,
    host,
    valueStays = false,
  }: CallParts) {
    this.index = index;
    this.#host = host;
    this.fn = fn;
    this.payload = payload;
    this.files = files;
    this.payloadHash = payloadHash;
    this.options = options;
    this.items = items;
    this.dependencies = dependencies;
    this.givenResults = givenResults;
    this.valueStays = valueStays;
    this.#controller = new FutureController(this);
  }

  /** @throws {InvalidStateError} if the future is done */
  get controller(): FutureController<unknown> {
    return this.#controller ?? throwDone();
  }

  /** @throws {InvalidStateError} if it is done, and nobody has it any more */
  get future(): Future<unknown> {
    return this.#controller?.future ?? this.#settled?.deref() ?? throwDone();
  }

  isOf(host: CallHost): boolean {
    return this.#host === host;
  }

  /** Whether the future is. */
  get done(): boolean {
    return this.#controller?.future.done() ?? true;
  }

  /** Whether there is nobody left for whom a job could run. */
  get isUnwanted(): boolean {
    return this.givenUp || this.done;
  }

  /** The key of the job of the present attempt. */
  get key(): string {
    return jobKey(this.index, Math.max(1, this.attempts));
  }

  /** The job has started; or it is back in the queue. */
  setState(state: 'pending' | 'running'): void {
    this.controller.setState(state);
    this.#tellState();
  }

  onDone(): void {
    this.wasCancelled = this.future.cancelled();
    this.#tellState();
    publishSettlement(this);
    this.#host.onDone(this);
    this.#settled = new WeakRef(this.future);
    this.#controller = undefined;
    this.fn = undefined;
    this.dependencies = NO_DEPENDENCIES;
  }

  #tellState(): void {
    publishState(this, this.#told);
    this.#told = this.future.state;
  }

  /** Of the present attempt, once it is submitted. */
  get jobId(): string | undefined {
    return this.#jobId;
  }

  set jobId(jobId: string | undefined) {
    this.#jobId = jobId;
    if (jobId !== undefined) this.#host.controls.onSubmitted(this, jobId);
  }

  get control(): JobControl {
    return this.#host.controls.of(this);
  }

  onCancel(): void {
    this.#host.onCancel(this);
  }

  async stdout(): Promise<string> {
    return this.#logs?.stdout ?? (await this.jobSet?.readLog(this.key, 'stdout')) ?? '';
  }

  async stderr(): Promise<string> {
    return this.#logs?.stderr ?? (await this.jobSet?.readLog(this.key, 'stderr')) ?? '';
  }

  async progress(): Promise<Progress | undefined> {
    return this.jobSet && readProgress(this.jobSet.directory, this.key);
  }

  async outputFiles(item?: number): Promise<OutputFile[]> {
    return this.jobSet === undefined ? [] : listOutputFiles(this.jobSet.directory, { key: this.key, item });
  }

  /** Takes the end of the logs into memory, before their files are removed. */
  async keepLogs(): Promise<void> {
    const { jobSet } = this;
    if (jobSet === undefined || this.#logs !== undefined) return;
    this.#logs = {
      stdout: await jobSet.readLog(this.key, 'stdout', KEPT_LOG_BYTES),
      stderr: await jobSet.readLog(this.key, 'stderr', KEPT_LOG_BYTES),
    };
  }
}

function throwDone(): never {
  throw new InvalidStateError('The future of the call is done already');
}

/** A call has moved on, possibly to its end. */
export function publishState(call: Call, from: FutureState): void {
  const to = call.future.state;
  if (from !== to) publish('state', () => ({ ...namesOf(call), from, to }));
}

/** A call's future is done. */
export function publishSettlement(call: Call): void {
  if (!isObserved('settlement')) return;
  // The call lets it go, and it may settle later, where its value is a promise.
  const { future } = call;
  const tell = (error: unknown): void =>
    publish('settlement', () => ({
      ...namesOf(call),
      state: future.state as SettlementMessage['state'],
      attempts: call.attempts,
      error,
    }));
  future.then(() => tell(undefined), tell);
}

function namesOf(call: Call): Pick<SettlementMessage, 'jobSet' | 'call' | 'key' | 'jobId' | 'host'> {
  const { jobSet, index, key, jobId, host } = call;
  return { jobSet: jobSet?.id, call: index, key, jobId, host };
}
