import { createHash } from 'node:crypto';
import { nanoid } from 'nanoid';
import type { CaptureOptions } from '../../payload/capture/capture-options.ts';
import { type Capture, captureGraph } from '../../payload/capture/capture.ts';
import type { CodeInfo } from '../../payload/capture/code-info.ts';
import { writeGraph } from '../../payload/format.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { CapturedState } from '../../payload/captured-state.ts';

/** A function in the form in which it is written into a job set. */
export interface WrittenFunction {
  readonly fn: AnyFunction;
  /** Hash of the bytes, 32 hexadecimal digits: the name of its file, which the job verifies. */
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** Parts that it captures: arguments that share any of them must be encoded together with the function. */
  captured: CapturedParts;
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

  /**
   * @param preloaded modules that its jobs import first; undefined if that is not known yet
   * @throws {SerializationError}
   */
  write(fn: AnyFunction, preloaded?: readonly string[]): WrittenFunction {
    const frozen = this.#writtenByPrepared.get(fn);
    if (frozen !== undefined) return frozen;
    const known = this.#captured.get(fn);
    if (known?.state?.isUnchanged() === true) return known.written;
    const capture = captureGraph(fn, 'function', { ...this.#options, preloaded });
    const bytes = writeGraph(capture.graph);
    const hash = shortHashOf(bytes);
    // Where a change can only be noticed by capturing again, equal bytes are at least written once.
    const captured = new CapturedParts(capture);
    const written = known?.written.hash === hash ? known.written : { fn, hash, bytes, captured };
    // Equal bytes may be of other objects.
    written.captured = captured;
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

/**
 * The objects, variables and weak collections that a function captures. What its arguments share of them would
 * be two things in the job if they were encoded apart.
 */
export class CapturedParts {
  /** Objects that plain data must not contain to be encoded apart, as far as that is certain at once. */
  readonly apart: WeakSet<object> = new WeakSet();
  readonly #objects = new WeakSet<object>();
  readonly #all = new WeakSet<object>();
  /** Captured weak collections, by keys of theirs that are not captured. */
  readonly #collectionsByKey = new WeakMap<object, object[]>();
  /** Captured variables, and whether captured code assigns to them. */
  readonly #variables = new Map<string, boolean>();

  /** Whether modules of the program went by value, as they then must in arguments. */
  readonly sendsModules: boolean;
  /** Whether it has anything by reference that would go by value with {@link sendsModules}. */
  #refersToModules = false;

  /** @param capture of the function; by default, one that captures nothing */
  constructor(capture?: Capture, sendsModules: boolean = capture?.options.sendsModules === true) {
    this.sendsModules = sendsModules;
    if (capture === undefined) return;
    for (const { value, node } of capture.steps()) {
      if (
        node.kind === 'reference' &&
        node.reference.kind === 'module' &&
        node.reference.package === undefined
      )
        this.#refersToModules = true;
      // A symbol of the registry is the same in every process, and no WeakSet takes it.
      if (typeof value === 'symbol' && Symbol.keyFor(value) !== undefined) continue;
      this.#all.add(value as object);
      if (SHARED_KINDS.has(node.kind)) continue;
      this.#objects.add(value as object);
      this.apart.add(value as object);
    }
    for (const [collection, key] of capture.unsentWeakKeys) {
      this.apart.add(key);
      const known = this.#collectionsByKey.get(key);
      if (known === undefined) this.#collectionsByKey.set(key, [collection]);
      else known.push(collection);
    }
    for (const info of capture.codeInfos) {
      for (const [variable, written] of variablesOf(info))
        this.#variables.set(variable, written || this.#variables.get(variable) === true);
    }
  }

  /** Whether the captured arguments share any of it. */
  isSharedWith(args: Capture): boolean {
    if (args.options.sendsModules === true && !this.sendsModules && this.#refersToModules) return true;
    for (const { value } of args.steps()) {
      if (this.#objects.has(value as object)) return true;
      // A collection that is in both is one in the job, with the entries of both.
      const collections = this.#collectionsByKey.get(value as object) ?? [];
      if (collections.some((collection) => args.indexOf(collection) === undefined)) return true;
    }
    for (const [collection, key] of args.unsentWeakKeys)
      if (this.#all.has(key) && !this.#all.has(collection)) return true;
    return this.#hasVariableOf(args);
  }

  #hasVariableOf(args: Capture): boolean {
    for (const info of args.codeInfos) {
      // A class that is in both is one in the job, with its variables.
      if (this.#all.has(info.fn)) continue;
      for (const [variable, written] of variablesOf(info)) {
        const known = this.#variables.get(variable);
        // A variable that no one assigns to may as well be two.
        if (known !== undefined && (known || written)) return true;
      }
    }
    return false;
  }
}

/**
 * The variables that code captures, by what two functions see alike if it is one variable; also two variables
 * may be alike, such as those of two closures that a function made.
 */
function* variablesOf({ inside, bindings }: CodeInfo): Generator<[variable: string, written: boolean]> {
  for (const { name, written, scope } of bindings) {
    const { type, description, variables } = scope;
    // Properties of the global object are the same for all that is loaded.
    if (type === 'global') continue;
    const parts = [inside.scriptId, type, description, name];
    yield [JSON.stringify(type === 'module' ? parts : [...parts, ...Object.keys(variables)]), written];
  }
}
