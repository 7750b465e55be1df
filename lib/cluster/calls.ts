import type { ResolvedOptions } from '../cluster-options.ts';
import type { JobRequest } from '../executor.ts';
import { mergeJobOptions, type JobOptions } from '../job-options.ts';
import type { AnyFunction } from '../payload/any-function.ts';
import type { CallOptions } from '../payload/call.ts';
import { Call, type CallHost, type CallParts } from './call.ts';
import { encodeRequest } from './encode-request.ts';
import { Functions, hashOf } from './functions.ts';
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

  /**
   * @param single whether it is one call, rather than a chunk of some
   * @throws {SerializationError}
   */
  make(request: JobRequest, single: boolean): Call {
    const options = this.#merge(request.options);
    const { timeLimit } = options;
    const callOptions = timeLimit === undefined ? this.#callOptions : { ...this.#callOptions, timeLimit };
    const finder = new NeedFinder(this.#host);
    const { fn, payload } = encodeRequest(request, this.#functions, callOptions, single, finder.nameOf);
    const items = single ? 0 : request.items.length;
    return this.remake({
      index: this.#last + 1,
      fn,
      payload,
      payloadHash: hashOf(payload),
      options,
      items,
      needs: finder.needs,
    });
  }

  #merge(given: JobOptions): JobOptions {
    const known = this.#merged.get(given);
    if (known !== undefined) return known;
    const options = mergeJobOptions(this.#options.policies, given);
    this.#merged.set(given, options);
    return options;
  }

  /** A call that an earlier process has made; those to come are numbered after it. */
  remake(parts: Omit<CallParts, 'host'>): Call {
    this.#last = Math.max(this.#last, parts.index);
    return new Call({ ...parts, host: this.#host });
  }
}
