import { createHash } from 'node:crypto';
import type { CaptureOptions } from '../../payload/capture/capture-options.ts';
import { type Capture, captureGraph } from '../../payload/capture/capture.ts';
import { writeGraph } from '../../payload/format.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { CapturedState } from '../../payload/captured-state.ts';

/** A function as it is written into a job set. */
export interface WrittenFunction {
  readonly fn: AnyFunction;
  /** Of its bytes, 32 hexadecimal digits; the name of its file, which the job checks. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** Objects that it brings along: an argument that holds one of them too must come with the function. */
  readonly objects: WeakSet<object>;
}

/** The functions of an executor: each is captured when it is first submitted, and again only if what it captured has changed. */
export class Functions {
  readonly #options: CaptureOptions;
  readonly #captured = new WeakMap<
    AnyFunction,
    { written: WrittenFunction; state: CapturedState | undefined }
  >();
  readonly #prepared = new WeakMap<AnyFunction, WrittenFunction>();

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** @throws {SerializationError} */
  write(fn: AnyFunction): WrittenFunction {
    const prepared = this.#prepared.get(fn);
    if (prepared !== undefined) return prepared;
    const known = this.#captured.get(fn);
    if (known?.state?.isUnchanged() === true) return known.written;
    const capture = captureGraph(fn, 'function', this.#options);
    const bytes = writeGraph(capture.graph);
    const hash = shortHashOf(bytes);
    // What can only be told by capturing again is at least written once.
    const written =
      known?.written.hash === hash ? known.written : { fn, hash, bytes, objects: objectsOf(capture) };
    this.#captured.set(fn, { written, state: CapturedState.of(capture) });
    return written;
  }

  /**
   * A stand-in for the function, which is sent as the function is now, whatever happens to what it captured.
   * @throws {SerializationError}
   */
  prepare<F extends AnyFunction>(fn: F): F {
    const written = this.write(fn);
    const standIn = (...args: Parameters<F>): unknown => fn(...args);
    Object.defineProperty(standIn, 'name', { value: fn.name, configurable: true });
    this.#prepared.set(standIn, written);
    return standIn as F;
  }
}

/** The first half of SHA-256, in hexadecimal: enough to notice any other bytes. */
export function shortHashOf(bytes: Uint8Array): string {
  // Cut as bytes: a string that is cut holds all of the other.
  return createHash('sha256').update(bytes).digest().toString('hex', 0, 16);
}

/** Classes, their prototypes and members are the same wherever they arrive. */
const SAME_EVERYWHERE: ReadonlySet<string> = new Set(['class', 'member', 'prototype', 'reference', 'symbol']);

function objectsOf(capture: Capture): WeakSet<object> {
  const objects = new WeakSet<object>();
  for (const { value, node } of capture.steps()) {
    if (!SAME_EVERYWHERE.has(node.kind)) objects.add(value as object);
  }
  return objects;
}
