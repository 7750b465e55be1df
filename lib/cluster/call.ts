import { createHash } from 'node:crypto';
import type { JobOptions, JobRequest } from '../executor.ts';
import { FutureController, type Future, type FutureSource, type Usage } from '../future.ts';
import { jobKey } from '../job-set/names.ts';
import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { encodeArguments, encodeCall, type EncodedCall } from '../payload/call.ts';
import { describeFunction } from '../payload/describe-function.ts';
import type { AnyFunction } from '../payload/function-description.ts';
import { encodeThrown } from '../payload/thrown.ts';

/** What a call has printed is kept in memory, up to this many bytes, when its files are removed. */
const KEPT_LOG_BYTES = 4096;

/** A function as it is written into a job set. */
export interface WrittenFunction {
  readonly hash: string;
  readonly text: string;
}

/** The executor's side of a future. */
export class Call implements FutureSource {
  readonly controller: FutureController<unknown>;
  readonly fn: WrittenFunction;
  readonly options: JobOptions;
  readonly single: boolean;
  readonly #index: number;
  readonly #cancelled: (call: Call) => void;
  attempts = 0;
  /** Of the present attempt, once it is submitted. */
  jobId: string | undefined;
  host: string | undefined;
  usage: Usage | undefined;
  /** The encoded call; let go once it is on the disk. */
  payload: Uint8Array | undefined;
  input: InputLocation | undefined;
  /** Set once the jobs of this call are written down there. */
  jobSet: JobSet | undefined;
  #logs: { stdout: string; stderr: string } | undefined;

  constructor(
    index: number,
    { fn, payload }: EncodedRequest,
    request: JobRequest,
    single: boolean,
    cancelled: (call: Call) => void,
  ) {
    this.#index = index;
    this.#cancelled = cancelled;
    this.fn = fn;
    this.payload = payload;
    this.options = request.options;
    this.single = single;
    this.controller = new FutureController(this);
  }

  get future(): Future<unknown> {
    return this.controller.future;
  }

  /** The key of the job of the present attempt. */
  get key(): string {
    return jobKey(this.#index, Math.max(1, this.attempts));
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

const writtenFunctions = new WeakMap<AnyFunction, WrittenFunction & { directory: string }>();

/**
 * Copies a request, so that what the caller changes afterwards does not leak in.
 * @param single the one call's arguments must travel; else a call whose arguments can't fails alone, when its turn comes
 * @throws {SerializationError}
 */
export function encodeRequest({ fn, items }: JobRequest, single: boolean): EncodedRequest {
  const written = writeFunction(fn);
  const encoded = items.map((args): EncodedCall['items'][number] => {
    try {
      return { arguments: encodeArguments(args) };
    } catch (error) {
      if (single) throw error;
      return { thrown: encodeThrown(error) };
    }
  });
  return { fn: written, payload: encodeCall(written.hash, encoded) };
}

/** A function is described once, however often it is submitted from one directory. */
function writeFunction(fn: AnyFunction): WrittenFunction {
  const known = writtenFunctions.get(fn);
  const directory = process.cwd();
  if (known?.directory === directory) return known;
  const text = JSON.stringify(describeFunction(fn));
  const written = { directory, text, hash: createHash('sha256').update(text).digest('hex').slice(0, 32) };
  writtenFunctions.set(fn, written);
  return written;
}
