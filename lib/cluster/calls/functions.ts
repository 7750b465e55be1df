import { createHash } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { CaptureOptions } from '../../payload/capture/capture-options.ts';
import { type Capture, captureGraph } from '../../payload/capture/capture.ts';
import { writeGraph } from '../../payload/format.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { CapturedState } from '../../payload/captured-state.ts';

/** A function in the form in which it is written into a job set. */
export interface WrittenFunction {
  readonly fn: AnyFunction;
  /** Hash of the bytes, 32 hexadecimal digits: the name of its file, which the job verifies. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  /**
   * Objects that it captures: arguments that contain one of them must be encoded together with the function.
   */
  readonly objects: WeakSet<object>;
  /** Id of a prepared function: a process keeps it, with its state, for later calls. */
  readonly kept?: string;
}

/**
 * The functions of an executor. Each is captured when first submitted, and again only if a captured object
 * has changed.
 */
export class Functions {
  readonly #options: CaptureOptions;
  readonly #captured = new WeakMap<
    AnyFunction,
    { written: WrittenFunction; state: CapturedState | undefined }
  >();
  readonly #writtenByPrepared = new WeakMap<AnyFunction, WrittenFunction>();

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** @throws {SerializationError} */
  write(fn: AnyFunction): WrittenFunction {
    const frozen = this.#writtenByPrepared.get(fn);
    if (frozen !== undefined) return frozen;
    const known = this.#captured.get(fn);
    if (known?.state?.isUnchanged() === true) return known.written;
    const capture = captureGraph(fn, 'function', this.#options);
    const bytes = writeGraph(capture.graph);
    const hash = shortHashOf(bytes);
    // Where a change can only be noticed by capturing again, equal bytes are at least written once.
    const written =
      known?.written.hash === hash ? known.written : { fn, hash, bytes, objects: capturedObjects(capture) };
    this.#captured.set(fn, { written, state: CapturedState.of(capture) });
    return written;
  }

  /**
   * Creates a function to submit in place of `fn`, which is captured once, now. A process that makes several
   * calls of it keeps it with its state.
   * @throws {SerializationError}
   */
  prepare<F extends AnyFunction>(fn: F): F {
    return this.#standIn(fn, { kept: nanoid(), ...this.write(fn) });
  }

  /**
   * Creates a function to submit in place of `fn`, which is captured once, now. Each call of it has a state of
   * its own, unless `fn` is prepared.
   * @throws {SerializationError}
   */
  freeze<F extends AnyFunction>(fn: F): F {
    return this.#standIn(fn, this.write(fn));
  }

  #standIn<F extends AnyFunction>(fn: F, written: WrittenFunction): F {
    const prepared = (...args: Parameters<F>): unknown => fn(...args);
    Object.defineProperty(prepared, 'name', { value: fn.name, configurable: true });
    this.#writtenByPrepared.set(prepared, written);
    return prepared as F;
  }
}

/** The first half of the SHA-256 as 32 hexadecimal digits. */
export function shortHashOf(bytes: Uint8Array): string {
  // Cut as bytes, because a slice of a string keeps the whole string in memory.
  return createHash('sha256').update(bytes).digest().toString('hex', 0, 16);
}

/** Kinds of nodes that are identical wherever they are decoded. */
const SHARED_KINDS: ReadonlySet<string> = new Set(['class', 'member', 'prototype', 'reference', 'symbol']);

function capturedObjects(capture: Capture): WeakSet<object> {
  const objects = new WeakSet<object>();
  for (const { value, node } of capture.steps()) {
    if (!SHARED_KINDS.has(node.kind)) objects.add(value as object);
  }
  return objects;
}
