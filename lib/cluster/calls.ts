import type { ResolvedOptions } from '../cluster-options.ts';
import type { JobRequest } from '../executor.ts';
import { mergeJobOptions } from '../job-options.ts';
import type { AnyFunction } from '../payload/any-function.ts';
import type { CallOptions } from '../payload/call.ts';
import { Call, type CallParts } from './call.ts';
import { encodeRequest } from './encode-request.ts';
import { Functions, hashOf } from './functions.ts';
import type { JobControls } from './job-controls.ts';
import { mainUrl } from './main-url.ts';

/** Makes the calls of an executor, and numbers them. */
export class Calls {
  readonly #options: ResolvedOptions;
  readonly #callOptions: CallOptions;
  readonly #functions: Functions;
  readonly #controls: JobControls;
  readonly #onCancel: (call: Call) => void;
  #last = 0;

  constructor(options: ResolvedOptions, controls: JobControls, onCancel: (call: Call) => void) {
    const { capture, otherNode } = options;
    this.#options = options;
    this.#callOptions = { capture, otherNode, main: mainUrl() };
    this.#functions = new Functions(capture);
    this.#controls = controls;
    this.#onCancel = onCancel;
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
    const options = mergeJobOptions(this.#options.policies, request.options);
    const { timeLimit } = options;
    const callOptions = timeLimit === undefined ? this.#callOptions : { ...this.#callOptions, timeLimit };
    const { fn, payload } = encodeRequest(request, this.#functions, callOptions, single);
    const items = single ? 0 : request.items.length;
    return this.remake({
      index: this.#last + 1,
      fn,
      payload,
      payloadHash: hashOf(payload),
      options,
      items,
    });
  }

  /** A call that an earlier process has made; those to come are numbered after it. */
  remake(parts: Omit<CallParts, 'onCancel'>): Call {
    this.#last = Math.max(this.#last, parts.index);
    const call = new Call({ ...parts, onCancel: this.#onCancel });
    call.controls = this.#controls;
    return call;
  }
}
