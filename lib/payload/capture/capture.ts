import { types } from 'node:util';
import type { GivenFiles } from '../given-files.ts';
import type { Graph, Node, ObjectNode, Properties, Slot } from '../graph.ts';
import { identityOf, originalOf } from '../identities.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import type { Reference } from '../reference/reference.ts';
import { BufferPlan } from './buffers.ts';
import type { CaptureOptions } from './capture-options.ts';
import { CodeCapture } from './code-capture.ts';
import { describeObject } from './describe-object.ts';
import { PrivateFields, WeakCollections } from './private-members.ts';
import { addProperty } from './properties.ts';
import { References } from './references.ts';
import { type Edge, type Hop, Refusal, refusalAt } from './refusal.ts';

/**
 * Describes a value, and all that it leads to, as a graph. Nothing of it is run: no getter, no `toJSON`, no trap of a Proxy.
 * @param name what the value is called in errors
 * @param elsewhere by which name the reader has an object from elsewhere; undefined of those that travel
 * @param files what becomes of input files; without, they are refused
 * @throws {SerializationError} with the way to what cannot travel; {@link InputFileError}
 */
export function captureGraph(
  value: unknown,
  name: string,
  options: CaptureOptions,
  elsewhere?: Elsewhere,
  files?: GivenFiles,
): Capture {
  const rescued = new Map<object, Reference>();
  for (;;) {
    const capture = new Capture(options, rescued, elsewhere, files);
    try {
      capture.run(value, name);
      return capture;
    } catch (error) {
      if (!(error instanceof Rescue)) throw error;
      // It could not go by value, but a module has it: once more, with that by reference.
      rescued.set(error.object, error.reference);
    }
  }
}

/** Not an error: begin again, with this object by reference. */
class Rescue extends Error {
  readonly object: object;
  readonly reference: Reference;

  constructor(object: object, reference: Reference) {
    super('Begin again');
    this.object = object;
    this.reference = reference;
  }
}

/** By which name the reader has an object from elsewhere. May throw a Refusal. */
export type Elsewhere = (object: object) => string | undefined;

/** Finds a reference to fall back on. */
export type Rope = () => Reference | undefined;

/** A capture under way: a queue of things to describe, in the order in which they were come by, so that nothing is nested. */
export class Capture {
  readonly options: CaptureOptions;
  readonly files: GivenFiles | undefined;
  readonly nodes: (Node | undefined)[] = [];
  readonly code: CodeCapture;
  readonly buffers: BufferPlan;
  readonly references: References;
  readonly elsewhere: Elsewhere | undefined;
  readonly #values: (object | symbol)[] = [];
  readonly #from: number[] = [];
  readonly #edges: Edge[] = [];
  readonly #indices = new Map<object | symbol, number>();
  readonly #rescued: ReadonlyMap<object, Reference>;
  /** A reference to fall back on, should the thing not go by value. */
  readonly #ropes = new Map<number, Rope>();
  /** Modules of which only some exports are sent: their keys so far. */
  readonly #partial = new Map<object, Set<string>>();
  readonly #privates: PrivateFields;
  readonly #weak: WeakCollections;
  #described = 0;
  #root: Slot;

  constructor(
    options: CaptureOptions,
    rescued: ReadonlyMap<object, Reference>,
    elsewhere: Elsewhere | undefined,
    files: GivenFiles | undefined,
  ) {
    this.options = options;
    this.elsewhere = elsewhere;
    this.files = files;
    this.#rescued = rescued;
    this.references = new References(options);
    this.code = new CodeCapture(this);
    this.buffers = new BufferPlan(this);
    this.#privates = new PrivateFields(this);
    this.#weak = new WeakCollections(this);
  }

  run(value: unknown, name: string): void {
    this.#root = this.slot(value, -1, { by: 'root', name });
    do {
      this.#drain();
      // Each of these may come by more.
    } while (this.code.capturePending() || this.#privates.capturePending() || this.#weak.capturePending());
    this.buffers.finish();
    this.code.finish();
  }

  get graph(): Graph {
    const { contexts, files, globals } = this.code;
    return { root: this.#root, nodes: this.nodes as Node[], contexts, files, globals: [...globals] };
  }

  /** The slot of a value that was come by from a node; `-1` for the root. */
  slot(given: unknown, from: number, edge: Edge, rope?: Rope): Slot {
    if (typeof given === 'symbol') return [this.#symbol(given, from, edge)];
    if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return given as Slot;
    const value = originalOf(given);
    const known = this.#indices.get(value);
    if (known !== undefined) {
      if (this.#partial.has(value)) this.partialSlot(value, Object.keys(value), from, edge);
      return [known];
    }
    const index = this.#add(value, from, edge);
    if (rope !== undefined) this.#ropes.set(index, rope);
    return [index];
  }

  /** As {@link slot}, for something that is known to go by reference. */
  reference(value: object, reference: Reference, from: number, edge: Edge): Slot {
    const known =
      this.#indices.get(value) ?? this.addNode({ kind: 'reference', reference }, value, from, edge);
    return [known];
  }

  /** As {@link slot}, for the exports of a module, of which only some are sent. */
  partialSlot(module: object, members: Iterable<string>, from: number, edge: Edge): Slot {
    const reference = this.#indices.has(module) ? undefined : this.references.of(module);
    if (reference !== undefined) return this.reference(module, reference, from, edge);
    const sent = this.#partial.get(module) ?? new Set();
    const known = this.#indices.get(module);
    if (known !== undefined && !this.#partial.has(module)) return [known];
    this.#partial.set(module, sent);
    const index = known ?? this.addNode(emptyModule(module), module, from, edge);
    const { properties } = this.nodes[index] as { properties: Properties };
    for (const name of members) {
      const descriptor = Object.getOwnPropertyDescriptor(module, name);
      if (sent.has(name) || descriptor === undefined) continue;
      sent.add(name);
      addProperty(this, index, properties, name, descriptor);
    }
    return [index];
  }

  /** The node of a value, if the capture has come by it. */
  indexOf(value: object | symbol): number | undefined {
    return this.#indices.get(value);
  }

  /** Makes a node for something that has no value of its own here. */
  addNode(node: Node, value: object, from: number, edge: Edge): number {
    const index = this.#add(value, from, edge);
    this.nodes[index] = node;
    return index;
  }

  /** Calls back with the index at hand, so that a refusal is told with the way there. */
  guard<T>(index: number, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refusal) throw this.#refused(index, error);
      if (error instanceof InspectorUnavailableError) {
        const what = `something that cannot be looked into here: ${error.message}`;
        throw this.#refused(index, new Refusal(what, 'Run node with --allow-inspector.', { cause: error }));
      }
      throw error;
    }
  }

  valueAt(index: number): object | symbol {
    return this.#values[index] as object | symbol;
  }

  /** All that was captured, in the order in which it was come by. */
  *steps(): Generator<Hop & { readonly node: Node; readonly from: number }> {
    for (const [index, value] of this.#values.entries()) {
      const edge = this.#edges[index] as Edge;
      const from = this.#from[index] as number;
      yield { value, edge, from, place: this.code.placeOf(index), node: this.nodes[index] as Node };
    }
  }

  notePrivates(index: number, object: object): void {
    this.#privates.note(index, object);
  }

  noteWeak(index: number, collection: WeakMap<object, unknown> | WeakSet<object>): void {
    this.#weak.note(index, collection);
  }

  #drain(): void {
    for (; this.#described < this.#values.length; this.#described += 1) {
      const index = this.#described;
      const value = this.#values[index] as object | symbol;
      if (this.nodes[index] !== undefined || typeof value === 'symbol') continue;
      this.guard(index, () => this.#describe(index, value));
    }
  }

  #describe(index: number, value: object): void {
    const rescued = this.#rescued.get(value);
    const isCode = typeof value === 'function' && !types.isProxy(value);
    // Whether a function goes by reference depends on its place, which is asked of V8 for many at once.
    const reference = rescued ?? (isCode ? undefined : this.references.of(value));
    if (reference !== undefined) this.nodes[index] = { kind: 'reference', reference };
    else if (isCode) this.code.add(index, value);
    else this.nodes[index] = describeObject(this, index, value);
  }

  #symbol(symbol: symbol, from: number, edge: Edge): number {
    const known = this.#indices.get(symbol);
    if (known !== undefined) return known;
    const index = this.#add(symbol, from, edge);
    const reference = this.references.of(symbol);
    const key = Symbol.keyFor(symbol);
    const { description } = symbol;
    if (reference !== undefined) this.nodes[index] = { kind: 'reference', reference };
    else if (key === undefined) this.nodes[index] = { kind: 'symbol', description, id: identityOf(symbol) };
    else this.nodes[index] = { kind: 'symbol', description, key };
    return index;
  }

  #add(value: object | symbol, from: number, edge: Edge): number {
    const index = this.#values.length;
    this.#values.push(value);
    this.#from.push(from);
    this.#edges.push(edge);
    this.nodes.push(undefined);
    this.#indices.set(value, index);
    return index;
  }

  /** What to throw: the error for the user, unless something on the way there can go by reference. */
  #refused(index: number, refusal: Refusal): Error {
    const hops: Hop[] = [];
    for (let at = index; at >= 0; at = this.#from[at] as number) {
      const value = this.#values[at] as object;
      const rope = this.#rescued.has(value)
        ? undefined
        : (this.#ropes.get(at)?.() ?? this.#lastResort(value));
      if (rope !== undefined) return new Rescue(value, rope);
      hops.unshift({ edge: this.#edges[at] as Edge, value, place: this.code.placeOf(at) });
    }
    return refusalAt(hops, refusal);
  }

  /** An object that a module exports can be had from there, as it was when the module was loaded. */
  #lastResort(value: object | symbol): Reference | undefined {
    return typeof value === 'symbol' ? undefined : this.references.lastResortOf(value);
  }
}

/** An object for some of the exports of a module, to be filled. */
function emptyModule(module: object): Node {
  if (!types.isModuleNamespaceObject(module)) return { kind: 'object', properties: { keys: [], values: [] } };
  return namespaceNode({ keys: [], values: [] });
}

/** What stands for `import * as` of a module that a job cannot load: an object that looks like it, with exports as they are now. */
export function namespaceNode({ keys, values }: Properties): ObjectNode {
  return { kind: 'namespace', prototype: null, properties: { keys, values }, fixed: true };
}
