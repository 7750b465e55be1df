import { types } from 'node:util';
import type { GivenFiles } from '../given-files.ts';
import { type Graph, HELPERS, type Node, type Properties, type Slot } from '../graph.ts';
import { identityOf, originalOf } from '../identities.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import { preloadsOf } from '../preload.ts';
import type { Reference } from '../reference/reference.ts';
import { BufferPlan } from './buffers.ts';
import { checkPreload, type GraphOptions } from './capture-options.ts';
import { CodeCapture } from './code-capture.ts';
import { type CodeInfo, identifyConstants } from './code-info.ts';
import { describeObject, namespaceNode } from './describe-object.ts';
import { refuseSharedArguments } from './lexical.ts';
import { checkedReference } from './program-effects.ts';
import { addProperty, sentPrototypeOf } from './object-state.ts';
import { JoinedState } from './joined-state.ts';
import { PrivateFields, RetryWithModules, WeakCollections } from './private-members.ts';
import { References } from './references.ts';
import { type Edge, type Hop, isReplaceable, Refusal, refusalAt, replaceableOn } from './refusal.ts';
import type { CaptureSink, Elsewhere, FindReference, ThrownRules, ViewNode } from './sink.ts';

/**
 * Describes a value, and everything reachable from it, as a graph. None of it is run: no getter, no `toJSON`,
 * no Proxy trap.
 * @param name how errors refer to the value
 * @throws {SerializationError} with the path to the part that cannot be sent
 * @throws {InputFileError}
 */
export function captureGraph(
  value: unknown,
  name: string,
  options: GraphOptions,
  context: CaptureContext = {},
): Capture {
  checkPreload(options.preload);
  const replacements = new Map<object, Replacement>();
  let current = options;
  for (;;) {
    const capture = new Capture(current, replacements, context);
    try {
      capture.run(value, name);
      return capture;
    } catch (error) {
      const isNew = error instanceof Retry && replacements.get(error.object) !== error.replacement;
      if (error instanceof RetryWithModules) current = { ...options, sendsModules: true };
      else if (!isNew) throw error;
      else replacements.set(error.object, error.replacement);
    }
  }
}

/** Ways to treat some objects other than to send them. */
interface CaptureContext {
  /** Names objects that the reader takes from another call's result. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Receives the input files found; without it they are refused. */
  readonly files?: GivenFiles | undefined;
  /** For what a call threw; without them, values that cannot be sent are refused. */
  readonly thrown?: ThrownRules | undefined;
}

/** Replacement of an object that cannot be sent by value: a module's export, or words. */
type Replacement = Reference | 'words';

/** Not an error: starts the capture again, with a replacement for this object. */
class Retry extends Error {
  readonly object: object;
  readonly replacement: Replacement;

  constructor(object: object, replacement: Replacement) {
    super('Begin again');
    this.object = object;
    this.replacement = replacement;
  }
}

/**
 * One capture: a queue of values to describe, in the order in which they were reached, so that nothing
 * recurses.
 */
export class Capture implements CaptureSink {
  readonly options: GraphOptions;
  readonly files: GivenFiles | undefined;
  readonly elsewhere: Elsewhere | undefined;
  readonly references: References;
  readonly thrown: ThrownRules | undefined;
  readonly nodes: (Node | undefined)[] = [];
  readonly #values: (object | symbol)[] = [];
  readonly #from: number[] = [];
  readonly #edges: Edge[] = [];
  readonly #indices = new Map<object | symbol, number>();
  readonly #replacements: ReadonlyMap<object, Replacement>;
  /** Objects that others need as what they are, such as a class that is extended. */
  readonly #needed = new Set<object>();
  readonly #toldInWords = new Set<object>();
  /** Find a reference for a node whose value cannot be sent. */
  readonly #fallbacks = new Map<number, FindReference>();
  /** The names sent so far of modules of which only some exports are sent. */
  readonly #partialExports = new Map<object, Set<string>>();
  readonly #code: CodeCapture;
  readonly #buffers: BufferPlan;
  readonly #privateFields: PrivateFields;
  readonly #weakCollections: WeakCollections;
  readonly #joinedState: JoinedState;
  #describedCount = 0;
  #root: Slot;

  constructor(
    options: GraphOptions,
    replacements: ReadonlyMap<object, Replacement>,
    { elsewhere, files, thrown }: CaptureContext,
  ) {
    this.options = options;
    this.elsewhere = elsewhere;
    this.files = files;
    this.#replacements = replacements;
    this.thrown = thrown;
    this.references = new References(options);
    this.#code = new CodeCapture(this);
    this.#buffers = new BufferPlan(this);
    this.#privateFields = new PrivateFields(this);
    this.#weakCollections = new WeakCollections(this);
    this.#joinedState = new JoinedState(this);
  }

  run(value: unknown, name: string): void {
    this.#root = this.slot(value, -1, { by: 'root', name });
    do {
      this.#drain();
      // Each of these may reach new values.
    } while (
      this.#code.capturePending() ||
      this.#privateFields.capturePending() ||
      this.#weakCollections.capturePending() ||
      this.#joinedState.capturePending()
    );
    this.#buffers.finish();
    this.#code.finish();
    refuseSharedArguments(this, this.#values);
    for (const info of this.#code.infos) {
      identifyConstants(info, (fn) => this.#code.infoAt(this.#indices.get(fn) ?? -1));
    }
    this.references.addCounterparts(this.#values, this.nodes as Node[]);
    this.#joinedState.finish();
  }

  get graph(): Graph {
    const { contexts, files, globals, helpers } = this.#code;
    const { preload = [] } = this.options;
    const nodes = this.nodes as Node[];
    const modules = this.references.modulesWith(nodes);
    return {
      root: this.#root,
      ...(preload.length > 0 && { preloads: preloadsOf(preload) }),
      nodes,
      contexts,
      files,
      globals: [...globals],
      ...(modules.length > 0 && { modules }),
      ...(helpers !== HELPERS && { helpers }),
    };
  }

  /** Everything captured, in the order in which it was reached. */
  *steps(): Generator<Hop & { readonly node: Node; readonly from: number }> {
    for (const [index, value] of this.#values.entries()) {
      const edge = this.#edges[index] as Edge;
      const from = this.#from[index] as number;
      yield { value, edge, from, place: this.#code.placeOf(index), node: this.nodes[index] as Node };
    }
  }

  slot(given: unknown, from: number, edge: Edge, fallback?: FindReference): Slot {
    if (typeof given === 'symbol') return [this.#symbol(given, from, edge)];
    if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return given as Slot;
    const value = originalOf(given);
    if (this.thrown !== undefined && !isReplaceable(edge)) this.#noteNeeded(value, from);
    const known = this.#indices.get(value);
    if (known !== undefined) {
      if (this.#partialExports.has(value)) this.partialSlot(value, Object.keys(value), from, edge);
      return [known];
    }
    const index = this.#add(value, from, edge);
    if (fallback !== undefined) this.#fallbacks.set(index, fallback);
    return [index];
  }

  reference(value: object | symbol, reference: Reference, from: number, edge: Edge): Slot {
    const known = this.#indices.get(value);
    if (known === undefined) return [this.addNode({ kind: 'reference', reference }, value, from, edge)];
    // It was reached by another way, but is not described yet.
    this.nodes[known] ??= { kind: 'reference', reference };
    return [known];
  }

  partialSlot(module: object, members: Iterable<string>, from: number, edge: Edge): Slot {
    const reference = this.#indices.has(module) ? undefined : this.references.of(module);
    if (reference !== undefined) return this.reference(module, reference, from, edge);
    const sent = this.#partialExports.get(module) ?? new Set();
    const known = this.#indices.get(module);
    if (known !== undefined && !this.#partialExports.has(module)) return [known];
    this.#partialExports.set(module, sent);
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

  addNode(node: Node, value: object | symbol, from: number, edge: Edge): number {
    const index = this.#add(value, from, edge);
    this.nodes[index] = node;
    return index;
  }

  replaceByMember(index: number, node: Node): void {
    this.#code.drop(index);
    this.nodes[index] = node;
  }

  valueAt(index: number): object | symbol {
    return this.#values[index] as object | symbol;
  }

  indexOf(value: object | symbol): number | undefined {
    return this.#indices.get(value);
  }

  guard<T>(index: number, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refusal) throw this.#refused(index, error);
      if (error instanceof InspectorUnavailableError) {
        const what = `something that cannot be looked into here: ${error.message}`;
        throw this.#refused(index, new Refusal(what, error.remedy, { cause: error }));
      }
      throw error;
    }
  }

  isInWords(value: unknown): boolean {
    return this.#replacements.get(value as object) === 'words';
  }

  codeInfoAt(index: number): CodeInfo | undefined {
    return this.#code.infoAt(index);
  }

  /** Entries of captured weak collections whose keys are not captured, so that they are not sent. */
  get unsentWeakKeys(): Iterable<readonly [collection: object, key: object]> {
    return this.#weakCollections.unsentKeys();
  }

  get codeInfos(): Iterable<CodeInfo> {
    return this.#code.infos;
  }

  homeOf(fn: object): object | null | undefined {
    return this.#code.homeOf(fn);
  }

  noteHome(fn: object, object: object): void {
    this.#code.noteHome(fn, object);
  }

  notePrototype(index: number, ownerIndex: number, owner: object, prototype: object): void {
    this.#code.notePrototype(index, ownerIndex, owner, prototype);
  }

  notePrivates(index: number, object: object): void {
    this.#privateFields.note(index, object, sentPrototypeOf(this, object));
  }

  noteWeak(index: number, collection: WeakMap<object, unknown> | WeakSet<object>): void {
    this.#weakCollections.note(index, collection);
  }

  noteBuffer(buffer: ArrayBuffer): void {
    this.#buffers.noteBuffer(buffer);
  }

  noteView(index: number, view: ArrayBufferView, node: ViewNode): void {
    this.#buffers.noteView(index, view, node);
  }

  #drain(): void {
    for (; this.#describedCount < this.#values.length; this.#describedCount += 1) {
      const index = this.#describedCount;
      const value = this.#values[index] as object | symbol;
      if (this.nodes[index] !== undefined || typeof value === 'symbol') continue;
      try {
        this.guard(index, () => this.#describe(index, value));
      } catch (error) {
        const isReplaced = error instanceof Retry && error.object === value && error.replacement === 'words';
        if (!isReplaced || this.#needed.has(value)) throw error;
        // There is no need to start again.
        this.#tellInWords(index, value);
      }
    }
  }

  #describe(index: number, value: object): void {
    const forced = this.#replacements.get(value);
    if (forced === 'words') {
      this.#tellInWords(index, value);
      return;
    }
    const isCode = isFunction(value);
    // Whether a function goes by reference depends on its place, which CodeCapture asks of V8 for many at
    // once.
    const reference = forced ?? (isCode ? undefined : this.references.of(value));
    if (reference !== undefined)
      this.nodes[index] = { kind: 'reference', reference: checkedReference(this, value, reference) };
    else if (isCode) this.#code.add(index, value);
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

  #tellInWords(index: number, value: object): void {
    this.#toldInWords.add(value);
    this.nodes[index] = { kind: 'data', value: this.thrown?.inWords(value) };
  }

  /** Notes that the object at `from` needs a value as what it is: in words, it cannot be used. */
  #noteNeeded(value: object, from: number): void {
    if (this.isInWords(value)) throw new Retry(this.#values[from] as object, 'words');
    if (this.#toldInWords.has(value)) throw new Retry(value, 'words');
    this.#needed.add(value);
  }

  /**
   * The error for a refusal: a retry if a value on the path can go by reference or in words, else the user's
   * error.
   */
  #refused(index: number, refusal: Refusal): Error {
    const hops: Hop[] = [];
    for (let at = index; at >= 0; at = this.#from[at] as number) {
      const value = this.#values[at] as object;
      const reference = this.#replacements.has(value)
        ? undefined
        : (this.#fallbacks.get(at)?.() ?? this.references.lastResortOf(value));
      if (reference !== undefined) return new Retry(value, reference);
      const where = { place: this.#code.placeOf(at), packageName: this.#code.packageOf(at) };
      hops.unshift({ edge: this.#edges[at] as Edge, value, ...where });
    }
    return this.thrown === undefined ? refusalAt(hops, refusal) : new Retry(replaceableOn(hops), 'words');
  }
}

function isFunction(value: unknown): value is object {
  return typeof value === 'function' && !types.isProxy(value);
}

/** An object for some of the exports of a module, without properties yet. */
function emptyModule(module: object): Node {
  if (!types.isModuleNamespaceObject(module)) return { kind: 'object', properties: { keys: [], values: [] } };
  return namespaceNode({ keys: [], values: [] });
}
