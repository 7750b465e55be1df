import { type FutureState, isObserved, publish, type SettlementMessage } from '../../base/diagnostics.ts';
import { InvalidStateError } from '../../base/errors.ts';
import type { Caller } from '../../base/program-frames.ts';
import type { FutureSource, JobControl, Usage } from '../../futures/future-source.ts';
import { type Future, FutureController } from '../../futures/future.ts';
import type { JobOptions } from '../../futures/job-options.ts';
import { listOutputFiles, type OutputFile, type Progress, readProgress } from '../../job-set/call-outputs.ts';
import type { InputLocation, JobSet } from '../../job-set/job-set.ts';
import { jobKey } from '../../job-set/names.ts';
import type { TravellingFiles } from '../../payload/given-files.ts';
import type { WrittenFunction } from './functions.ts';

/** Bytes of each log that stay in memory when the files of a call are deleted. */
const KEPT_LOG_BYTES = 4096;

/** Shared by nearly all calls, to save memory. */
const NONE_AVOIDED: ReadonlyMap<string, number> = new Map();
const NO_DEPENDENCIES: readonly Dependency[] = [];
const NO_GIVEN_RESULTS: readonly string[] = [];

/** The result of another call that a call was given as a future. */
export interface Dependency {
  /**
   * The future in the arguments, or that of the job, for calls that an earlier process made; undefined once
   * it has finished, because its value may be large.
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

/** All that a call is made of. */
export interface NewCall {
  /** Number among the calls of the executor, from 1. */
  readonly index: number;
  readonly fn: WrittenFunction | undefined;
  readonly payload: Uint8Array | undefined;
  readonly payloadHash: string;
  /** Files that are transferred to its job besides, if the call is still to be written. */
  readonly files?: TravellingFiles | undefined;
  readonly options: JobOptions;
  /** Number of calls in a chunk; 0 for a call that is not a chunk. */
  readonly items: number;
  readonly dependencies?: readonly Dependency[] | undefined;
  /**
   * Names, by resultName(), of results of other job sets that it needs; they have been copied into its own.
   */
  readonly givenResults?: readonly string[] | undefined;
  readonly host: CallHost;
  /** Where the program submitted it; undefined if an earlier process did. */
  readonly caller?: Caller | undefined;
  /** Whether its value is not decoded, because users of the map read it from the disk. */
  readonly valueStays?: boolean | undefined;
}

/** The executor's side of a future. */
export class Call implements FutureSource {
  /** Undefined once the future is done, so that its value can be garbage collected. */
  #controller: FutureController<unknown> | undefined;
  #settledFuture: WeakRef<Future<unknown>> | undefined;
  /** Undefined if an earlier process has written it, or the future is done. */
  fn: WrittenFunction | undefined;
  readonly options: JobOptions;
  /** Where the program submitted it, until the future is done. */
  caller: Caller | undefined;
  /** Number of calls in a chunk; 0 for a call that is not a chunk. */
  readonly items: number;
  /** Number among the calls of the executor, from 1. */
  readonly index: number;
  readonly #host: CallHost;
  /** Emptied when the future is done. */
  dependencies: readonly Dependency[];
  readonly givenResults: readonly string[];
  /** Whether some dependencies have no results yet, so that no job may be submitted. */
  isBlocked = false;
  readonly valueStays: boolean;
  attempts = 0;
  /**
   * Number of attempts that do not count as retries: made for more memory, or because a job was turned away.
   */
  growths = 0;
  /** Memory request of its next job in bytes, which overrides the options. */
  memory: number | undefined;
  /** Disk request of its next job in bytes, which overrides the options. */
  disk: number | undefined;
  /** Memory request of the current attempt in bytes, if known. */
  memoryRequested: number | undefined;
  /** Machines to avoid, each with the time by Date.now() until which it is avoided. */
  avoided: ReadonlyMap<string, number> = NONE_AVOIDED;
  #jobId: string | undefined;
  host: string | undefined;
  /** Machine of the current attempt, by its name in the batch system. */
  machine: string | undefined;
  usage: Usage | undefined;
  /** The encoded call, until it has been written. */
  payload: Uint8Array | undefined;
  /** Input files of the call, until they have been written. */
  files: TravellingFiles | undefined;
  /** Hash of the encoded call, which the job verifies. */
  readonly payloadHash: string;
  input: InputLocation | undefined;
  /** Set once the call has been written. */
  jobSet: JobSet | undefined;
  /** Whether its result is in an outcome on the disk. */
  hasOutcome = false;
  /** Position of its outcome in the archive, once it is there. */
  archivedAt: number | undefined;
  /** Set when the future is done. */
  wasCancelled = false;
  /** Set while the process ends: the future stays pending, and its jobs are removed. */
  isGivenUp = false;
  #publishedState: FutureState = 'pending';
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
    givenResults = NO_GIVEN_RESULTS,
    host,
    caller,
    valueStays = false,
  }: NewCall) {
    this.index = index;
    this.caller = caller;
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

  /** @throws {InvalidStateError} if it is done and has been garbage collected */
  get future(): Future<unknown> {
    return this.#controller?.future ?? this.#settledFuture?.deref() ?? throwDone();
  }

  isOf(host: CallHost): boolean {
    return this.#host === host;
  }

  /** Whether the future is done. */
  get done(): boolean {
    return this.#controller?.future.done() ?? true;
  }

  /** Whether no job is needed any more. */
  get isUnwanted(): boolean {
    return this.isGivenUp || this.done;
  }

  /** Key of the current attempt's job. */
  get key(): string {
    return jobKey(this.index, Math.max(1, this.attempts));
  }

  /** Reports that the job has started, or is back in the queue. */
  setState(state: 'pending' | 'running'): void {
    this.controller.setState(state);
    this.#publishState();
  }

  onDone(): void {
    this.wasCancelled = this.future.cancelled();
    this.#publishState();
    publishSettlement(this);
    this.#host.onDone(this);
    this.#settledFuture = new WeakRef(this.future);
    this.#controller = undefined;
    this.fn = undefined;
    this.caller = undefined;
    this.dependencies = NO_DEPENDENCIES;
  }

  #publishState(): void {
    publishState(this, this.#publishedState);
    this.#publishedState = this.future.state;
  }

  /** Job id of the current attempt, once it is submitted. */
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

  /** Reads the end of the logs into memory, before their files are deleted. */
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

function publishState(call: Call, from: FutureState): void {
  const to = call.future.state;
  if (from !== to) publish('state', () => ({ ...identify(call), from, to }));
}

function publishSettlement(call: Call): void {
  if (!isObserved('settlement')) return;
  // The call drops its future, which may settle later, if its value is a promise.
  const { future } = call;
  const publishEnd = (error: unknown): void =>
    publish('settlement', () => ({
      ...identify(call),
      state: future.state as SettlementMessage['state'],
      attempts: call.attempts,
      error,
    }));
  future.then(() => publishEnd(undefined), publishEnd);
}

function identify(call: Call): Pick<SettlementMessage, 'jobSet' | 'call' | 'key' | 'jobId' | 'host'> {
  const { jobSet, index, key, jobId, host } = call;
  return { jobSet: jobSet?.id, call: index, key, jobId, host };
}
