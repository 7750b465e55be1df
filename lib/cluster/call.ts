import type { JobRequest } from '../executor.ts';
import type { JobOptions } from '../job-options.ts';
import { FutureController, type Future } from '../future.ts';
import type { FutureSource, FutureState, JobControl, Usage } from '../future-source.ts';
import { jobKey } from '../job-set/names.ts';
import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { encodeCall, type CallItem, type CallOptions } from '../payload/call.ts';
import { captureGraph } from '../payload/capture/capture.ts';
import { writeGraph } from '../payload/format.ts';
import { isPlain } from '../payload/plain.ts';
import { serialize } from '../payload/serialize.ts';
import { encodeThrown } from '../payload/thrown.ts';
import { publishSettlement, publishState } from './call-diagnostics.ts';
import { hashOf, type Functions, type WrittenFunction } from './functions.ts';
import type { JobControls } from './job-controls.ts';

/** What a call has printed is kept in memory, up to this many bytes, when its files are removed. */
const KEPT_LOG_BYTES = 4096;

/** The executor's side of a future. */
export class Call implements FutureSource {
  readonly controller: FutureController<unknown>;
  readonly fn: WrittenFunction;
  readonly options: JobOptions;
  readonly single: boolean;
  /** Of the calls of the executor, counted from 1. */
  readonly index: number;
  readonly #cancelled: (call: Call) => void;
  attempts = 0;
  /** How many of the attempts were made for more memory. */
  growths = 0;
  /** What its next job asks for, in bytes, rather than what the options say. */
  memory: number | undefined;
  /** What the job of the present attempt has asked for, in bytes, if that is known. */
  memoryRequested: number | undefined;
  /** Machines not to be taken, with the time until which, by Date.now(). */
  readonly avoided: Map<string, number> = new Map();
  /** Through which its future controls its job. */
  controls: JobControls | undefined;
  #jobId: string | undefined;
  host: string | undefined;
  /** The machine of the present attempt, by the name that the batch system gives it. */
  machine: string | undefined;
  usage: Usage | undefined;
  /** The encoded call; let go once it is on the disk. */
  payload: Uint8Array | undefined;
  /** Of the encoded call, which the job checks before it reads it. */
  readonly payloadHash: string;
  input: InputLocation | undefined;
  /** Set once the jobs of this call are written down there. */
  jobSet: JobSet | undefined;
  /** The process ends: the future stays as it is, and nothing more is done for it. */
  givenUp = false;
  /** The state that was published last. */
  #told: FutureState = 'pending';
  #logs: { stdout: string; stderr: string } | undefined;

  constructor(
    index: number,
    { fn, payload }: EncodedRequest,
    options: JobOptions,
    single: boolean,
    cancelled: (call: Call) => void,
  ) {
    this.index = index;
    this.#cancelled = cancelled;
    this.fn = fn;
    this.payload = payload;
    this.payloadHash = hashOf(payload);
    this.options = options;
    this.single = single;
    this.controller = new FutureController(this);
  }

  get future(): Future<unknown> {
    return this.controller.future;
  }

  /** Whether there is nobody left for whom a job could run. */
  get unwanted(): boolean {
    return this.givenUp || this.future.done();
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

  /** The future is done. */
  tellEnd(): void {
    this.#tellState();
    publishSettlement(this);
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
    if (jobId !== undefined) this.controls?.onSubmitted(this, jobId);
  }

  get control(): JobControl | undefined {
    return this.controls?.of(this);
  }

  onCancel(): void {
    this.#cancelled(this);
  }

  async stdout(): Promise<string> {
    return this.#logs?.stdout ?? (await this.jobSet?.readLog(this.key, 'stdout')) ?? '';
  }

  async stderr(): Promise<string> {
    return this.#logs?.stderr ?? (await this.jobSet?.readLog(this.key, 'stderr')) ?? '';
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

/** A request as bytes. */
export interface EncodedRequest {
  readonly fn: WrittenFunction;
  readonly payload: Uint8Array;
}

/**
 * Copies a request, so that what the caller changes afterwards does not leak in.
 * @param single the one call's arguments must travel; else a call whose arguments can't fails alone, when its turn comes
 * @throws {SerializationError}
 */
export function encodeRequest(
  { fn, items }: JobRequest,
  functions: Functions,
  options: CallOptions,
  single: boolean,
): EncodedRequest {
  const written = functions.write(fn);
  const encoded = items.map((args): CallItem => {
    try {
      return encodeItem(args, written, options);
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  return { fn: written, payload: encodeCall({ function: written.hash, items: encoded, options }) };
}

function encodeItem(
  args: readonly unknown[],
  { fn, objects }: WrittenFunction,
  { capture }: CallOptions,
): CallItem {
  if (isPlain(args, objects)) return { arguments: serialize(args, capture, 'arguments') };
  const captured = captureGraph(args, 'arguments', capture);
  for (const { value } of captured.steps()) {
    // It has to be one object on the other side too.
    if (objects.has(value as object)) return { call: serialize([fn, args], capture, 'call') };
  }
  return { arguments: writeGraph(captured.graph) };
}
