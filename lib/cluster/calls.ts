import type { ResolvedOptions } from '../cluster-options.ts';
import type { JobRequest } from '../executor.ts';
import { mergeJobOptions, type JobOptions } from '../job-options.ts';
import type { AnyFunction } from '../payload/any-function.ts';
import type { CallOptions } from '../payload/call.ts';
import { Call, type CallHost, type CallParts } from './call.ts';
import { copyArguments, encodeRequest } from './encode-request.ts';
import { Functions, hashOf, type WrittenFunction } from './functions.ts';
import { mainUrl } from './main-url.ts';
import { NeedFinder } from './needs.ts';

/** Makes the calls of an executor, and numbers them. */
export class Calls {
  readonly #options: ResolvedOptions;
  readonly #callOptions: CallOptions;
  readonly #functions: Functions;
  readonly #host: CallHost;
  /** What calls with the same options share. */
  readonly #merged = new WeakMap<JobOptions, JobOptions>();
  #last = 0;

  constructor(options: ResolvedOptions, host: CallHost) {
    const { capture, otherNode } = options;
    this.#options = options;
    this.#callOptions = { capture, otherNode, main: mainUrl() };
    this.#functions = new Functions(capture);
    this.#host = host;
  }

  /** @throws {SerializationError} */
  prepare<F extends AnyFunction>(fn: F): F {
    return this.#functions.prepare(fn);
  }

  /** The function as it is now. @throws {SerializationError} */
  write(fn: AnyFunction): WrittenFunction {
    return this.#functions.write(fn);
  }

  /** A list of arguments as it is now, whatever becomes of what it holds until {@link makeOf}. @throws {SerializationError} */
  copy(args: readonly unknown[], written: WrittenFunction): void {
    copyArguments(args, written, this.#callOptions, this.#options.filesystem === 'transfer');
  }

  /**
   * @param single whether it is one call, rather than a chunk of some
   * @throws {SerializationError}
   */
  make(request: JobRequest, single: boolean): Call {
    return this.#make(request, single, this.#functions);
  }

  /**
   * One call of a map, whose value stays on the disk for others to read.
   * @param written its function, as it is in the job set or is to be
   * @throws {SerializationError}
   */
  makeOf(written: WrittenFunction, args: readonly unknown[], options: JobOptions): Call {
    const request = { fn: written.fn, items: [args], options };
    return this.#make(request, true, { write: () => written }, true);
  }

  #make(request: JobRequest, single: boolean, functions: Pick<Functions, 'write'>, valueStays = false): Call {
    const options = this.#merge(request.options);
    const { timeLimit } = options;
    const callOptions = timeLimit === undefined ? this.#callOptions : { ...this.#callOptions, timeLimit };
    const transfers = this.#options.filesystem === 'transfer';
    const finder = new NeedFinder(this.#host);
    const apart = { elsewhere: finder.nameOf, transfers };
    const { fn, payload, files } = encodeRequest(request, functions, callOptions, single, apart);
    const items = single ? 0 : request.items.length;
    return this.remake({
      index: this.#last + 1,
      fn,
      payload,
      payloadHash: hashOf(payload),
      options,
      items,
      needs: finder.needs,
      valueStays,
      files,
    });
  }

  #merge(given: JobOptions): JobOptions {
    const known = this.#merged.get(given);
    if (known !== undefined) return known;
    const options = mergeJobOptions(this.#options.policies, given);
    this.#merged.set(given, options);
    return options;
  }

  /** Those to come are numbered after so many. */
  startAfter(last: number): void {
    this.#last = Math.max(this.#last, last);
  }

  /** A call that an earlier process has made; those to come are numbered after it. */
  remake(parts: Omit<CallParts, 'host'>): Call {
    this.#last = Math.max(this.#last, parts.index);
    return new Call({ ...parts, host: this.#host });
  }
}
