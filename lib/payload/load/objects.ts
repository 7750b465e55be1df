import { types } from 'node:util';
import { resolveAsItIs } from '../../base/as-it-is.ts';
import { PayloadError } from '../../base/errors.ts';
import { pathOfGiven } from '../given-files.ts';
import {
  ACCESSOR,
  type BoundNode,
  CONFIGURABLE,
  type DataNode,
  type DomExceptionParts,
  ENUMERABLE,
  type ErrorSeen,
  type GivenNode,
  type Node,
  type ObjectNode,
  type ObjectState,
  PLAIN_PROPERTY,
  type Properties,
  type ProxyNode,
  type RebuiltNode,
  type ReferenceNode,
  type Slot,
  type SymbolNode,
  WRITABLE,
} from '../graph.ts';
import { findByIdentity, type Identities, remember } from '../identities.ts';
import { rebuild } from '../reducers.ts';
import { intrinsicAt } from '../reference/intrinsics.ts';
import type { CodeLoader } from './code-loader.ts';
import { stamp, STAMP } from './helpers.ts';
import type { AnyClass } from './known-classes.ts';

type Shell = ObjectNode | BoundNode | DataNode | GivenNode | ProxyNode | RebuiltNode | SymbolNode;

/** Makes the object of a node with its kind and class, but only those contents that cannot be set later. */
export function makeShell(loader: Filling, node: Shell): unknown {
  const { kind } = node;
  if (kind === 'data') return node.value;
  if (kind === 'given') return pathOfGiven(node);
  if (kind === 'symbol') return symbolOf(node);
  if (kind === 'bound') return bind(loader, node);
  if (kind === 'proxy')
    return new Proxy(loader.value(node.target) as object, loader.value(node.handler) as object);
  const shell = (node.brands ?? []).length > 0 ? stamped(loader, node) : bare(loader, node);
  const prototype = prototypeOf(loader, node);
  if (prototype !== undefined && Object.getPrototypeOf(shell) !== prototype)
    Object.setPrototypeOf(shell, prototype);
  return shell;
}

function bare(loader: Filling, node: ObjectNode | RebuiltNode): object {
  const value = (slot: Slot): unknown => loader.value(slot);
  switch (node.kind) {
    case 'object': {
      const prototype = prototypeOf(loader, node);
      const made = prototype === undefined ? {} : (Object.create(prototype) as object);
      if (node.id !== undefined) loader.identities.remember(made, node.id);
      return made;
    }
    case 'array':
      return listOf(node.length, node.properties?.keys.length ?? 0);
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'weak-map':
    case 'weak-set':
      return weakCollection(loader.identities, node.kind, node.id);
    case 'date':
      return new Date(node.time);
    case 'regexp':
      return regExp(node.source, node.flags);
    case 'error':
      return bareError(() => new Error());
    case 'dom-exception':
      return bareDomException(node);
    case 'namespace':
      return Object.create(null, { [Symbol.toStringTag]: { value: 'Module' } }) as object;
    case 'emitter':
      return newEmitter();
    case 'boxed':
      return Object(value(node.value)) as object;
    case 'promise':
      return deferred();
    case 'arguments':
      return argumentsObject(node.length);
    case 'buffer':
      return arrayBuffer(node.bytes, node.maxByteLength);
    case 'rebuilt':
      return rebuild(node.type, node.data);
    case 'view':
      return viewOf(node.type, value(node.buffer) as ArrayBuffer, node.offset, node.length);
  }
}

/** @throws {PayloadError} if it means nothing to this version of Node */
function regExp(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new PayloadError(
      `The regular expression /${source}/${flags} cannot be read on Node ${process.version}: ${(error as Error).message}. ` +
        'Remedy: run the job on the version of Node that the program runs on',
      { cause: error },
    );
  }
}

/** Makes an array without elements, for which V8 reserves no memory if it will have few for its length. */
function listOf(length: number, elementCount: number): unknown[] {
  // oxlint-disable-next-line unicorn/no-new-array -- a list without elements
  if (length < 10_000 || elementCount * 10 > length) return new Array(length);
  const list: unknown[] = [];
  // Far behind the others, an element makes V8 keep all elements by their index.
  list[length - 1] = undefined;
  Reflect.deleteProperty(list, length - 1);
  return list;
}

/** Prototype of an object; undefined if it is the default of its kind, or could not be loaded. */
function prototypeOf(loader: Filling, node: ObjectState): object | null | undefined {
  const { prototype, brands = [], error } = node;
  const named = error && loader.thrown?.prototypeOf(error.classes.slice(0, error.unknown));
  if (named !== undefined || prototype === undefined) return named;
  const direct = typeof prototype === 'object' && prototype !== null ? loader.node(prototype[0]) : undefined;
  // An instance with private members may be an instance of a twin of its class.
  if (direct?.kind === 'prototype' && brands.length > 0) return loader.code.prototypeOf(direct.of);
  const found = loader.value(prototype);
  if (typeof found === 'object' || typeof found === 'function') return found;
  return error && loader.thrown?.prototypeOf(error.classes);
}

/** Installs the private members of each class, base first, without running a constructor. */
function stamped(loader: Filling, node: ObjectNode | RebuiltNode): object {
  let target: object | undefined;
  for (const index of node.brands ?? []) {
    const { class: owner } = loader.code.brand(index);
    const ownerNode = loader.node(index);
    if (ownerNode.kind === 'class' && ownerNode.stamp === 'base') {
      target = stamp(() => Reflect.construct(owner, [STAMP]));
    } else target = stampDerived(owner, target ?? bare(loader, { ...node, prototype: undefined }));
  }
  const made = target as object;
  for (const key of Reflect.ownKeys(made)) if (node.kind === 'object') Reflect.deleteProperty(made, key);
  return made;
}

/**
 * Installs private members of a derived class on an object, by letting the constructor that it extends return
 * the object.
 */
function stampDerived(owner: AnyClass, target: object): object {
  const heritage = Object.getPrototypeOf(owner) as object;
  const give = function (): object {
    return target;
  };
  Object.setPrototypeOf(owner, give);
  try {
    return stamp(() => Reflect.construct(owner, [STAMP]));
  } finally {
    Object.setPrototypeOf(owner, heritage);
  }
}

function symbolOf({ description, id, key }: SymbolNode): symbol {
  if (key !== undefined) return Symbol.for(key);
  const known = findByIdentity(id as string);
  if (typeof known === 'symbol') return known;
  const made = Symbol(description);
  remember(made, id as string);
  return made;
}

function bind(loader: Filling, node: BoundNode): unknown {
  const target = loader.value(node.target) as NewableFunction;
  const args = node.arguments.map((slot) => loader.value(slot));
  return Function.prototype.bind.call(target, loader.value(node.self), ...args) as unknown;
}

/** @returns the collection that is here already, if any; it then gets the entries as well */
function weakCollection(identities: Identities, kind: 'weak-map' | 'weak-set', id: string): object {
  const known = identities.find(id);
  if (typeof known === 'object') return known;
  const made = kind === 'weak-map' ? new WeakMap() : new WeakSet();
  identities.remember(made, id);
  return made;
}

/** Makes a DOMException without a stack trace or own properties. */
export function bareDomException({ name, message, quota }: DomExceptionParts): object {
  return bareError(() => {
    if (quota === undefined || typeof QuotaExceededError !== 'function')
      return new DOMException(message, name);
    const given = Object.entries(quota).filter(([, limit]) => limit !== null);
    return new QuotaExceededError(message, Object.fromEntries(given));
  });
}

declare const QuotaExceededError: (new (message: string, limits: object) => object) | undefined;

/** Makes an error without a stack trace or own properties. */
function bareError(make: () => object): object {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = make();
  Error.stackTraceLimit = limit;
  for (const key of Reflect.ownKeys(error)) Reflect.deleteProperty(error, key);
  return error;
}

function newEmitter(): object {
  return new (process.getBuiltinModule('node:events').EventEmitter)();
}

const settleFunctions = new WeakMap<
  object,
  { resolve(value: unknown): void; reject(reason: unknown): void }
>();

function deferred(): Promise<unknown> {
  let functions!: { resolve(value: unknown): void; reject(reason: unknown): void };
  const promise = new Promise<unknown>((resolve, reject) => {
    functions = { resolve, reject };
  });
  settleFunctions.set(promise, functions);
  return promise;
}

/** Settles a promise of {@link deferred}. An unhandled rejection must not end the process. */
function settlePromise(promise: Promise<unknown>, state: 'fulfilled' | 'rejected', value: unknown): void {
  if (state === 'fulfilled') resolveAsItIs((given) => settleFunctions.get(promise)?.resolve(given), value);
  else {
    void Promise.prototype.then.call(promise, undefined, () => {});
    settleFunctions.get(promise)?.reject(value);
  }
}

function argumentsObject(length: number): object {
  return (function (..._rest: unknown[]) {
    // oxlint-disable-next-line prefer-rest-params -- the arguments object itself
    return arguments;
  })(...Array.from({ length }));
}

function arrayBuffer(bytes: ArrayBuffer, maxByteLength: number | undefined): ArrayBuffer {
  if (maxByteLength === undefined) return bytes;
  // TypeScript's ES2023 does not know resizable buffers yet.
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
  const buffer = new Resizable(bytes.byteLength, { maxByteLength });
  new Uint8Array(buffer).set(new Uint8Array(bytes));
  return buffer;
}

function viewOf(type: string, buffer: ArrayBuffer, offset: number, length: number | undefined): object {
  if (type === 'Buffer') return Buffer.from(buffer, offset, length);
  type View = new (buffer: ArrayBuffer, offset: number, length: number | undefined) => object;
  return new (intrinsicAt(type) as View)(buffer, offset, length);
}

/** Access to a graph while it is being loaded. */
export interface Filling {
  value(slot: Slot): unknown;
  node(index: number): Node;
  readonly code: CodeLoader;
  readonly identities: Identities;
  readonly thrown: ThrownLoading | undefined;
}

/** Ways to load what a call threw, although this process lacks something that the job had. */
export interface ThrownLoading {
  /** The prototype of the first of these classes that is known here by its name. */
  prototypeOf(classes: readonly string[]): object | undefined;
  /** A text in place of something that cannot be loaded. */
  inWords(reason: unknown): string;
}

/** Sets the prototype, properties, entries and private fields of an object that {@link makeShell} made. */
export function fillObject(loader: Filling, index: number, node: Node): void {
  const made = loader.value([index]) as object;
  if (node.kind === 'function' || node.kind === 'class' || node.kind === 'bound') {
    defineOwn(made, 'name', node.name);
    defineOwn(made, 'length', node.length);
  }
  fillEntries(loader, made, node);
  const state = node as ObjectState;
  if (state.prototype !== undefined && state.brands === undefined) {
    const prototype = prototypeOf(loader, state);
    if (prototype !== undefined && Object.getPrototypeOf(made) !== prototype)
      Object.setPrototypeOf(made, prototype);
  }
  if (state.properties !== undefined) {
    // No proxy or setter of the user is among their prototypes.
    const isOrdinary = (node.kind === 'object' || node.kind === 'array') && state.prototype === undefined;
    defineProperties(loader, made, state.properties, isOrdinary);
  }
  for (const [owner, name, value] of state.privates ?? []) {
    loader.code.brand(owner).access?.fields[name]?.[1](made, loader.value(value));
  }
  if (state.error !== undefined) show(made, state.error);
}

/** Gives an error properties of its own for what it does not show as it did where it was thrown. */
function show(made: object, { shown }: ErrorSeen): void {
  for (const [key, value] of Object.entries(shown))
    if (Reflect.get(made, key) !== value)
      Object.defineProperty(made, key, { value, writable: true, configurable: true });
}

/** Sets the name or length of a function, unless it has this value already. */
function defineOwn(fn: object, key: 'name' | 'length', value: unknown): void {
  const present = Object.getOwnPropertyDescriptor(fn, key);
  if (value === undefined) Reflect.deleteProperty(fn, key);
  else if (value !== null && present?.value !== value) {
    Object.defineProperty(fn, key, { value, configurable: true, enumerable: false, writable: false });
  }
}

function fillEntries(loader: Filling, made: object, node: Node): void {
  const value = (slot: Slot): unknown => loader.value(slot);
  switch (node.kind) {
    // Calls the methods of the language, because a subclass may have its own.
    case 'map':
      forPairs(node.entries, (key, entry) => Map.prototype.set.call(made, value(key), value(entry)));
      break;
    case 'set':
      for (const entry of node.entries) Set.prototype.add.call(made, value(entry));
      break;
    case 'weak-map':
      forPairs(node.entries, (key, entry) => addWeakly(made, value(key) as object, value(entry)));
      break;
    case 'weak-set':
      for (const entry of node.entries) WeakSet.prototype.add.call(made, value(entry) as object);
      break;
    case 'reference':
      addEntries(loader, made, node);
      break;
    case 'promise':
      settlePromise(made as Promise<unknown>, node.state, value(node.value));
      break;
    default:
  }
}

/** Adds entries to a collection of a module, next to those that it has for objects of this process. */
function addEntries(loader: Filling, collection: object, { entries = [] }: ReferenceNode): void {
  const value = (slot: Slot): unknown => loader.value(slot);
  if (types.isWeakMap(collection))
    forPairs(entries, (key, entry) => addWeakly(collection, value(key) as object, value(entry)));
  else if (types.isMap(collection))
    forPairs(entries, (key, entry) => Map.prototype.set.call(collection, value(key), value(entry)));
  else if (types.isWeakSet(collection))
    for (const entry of entries) WeakSet.prototype.add.call(collection, value(entry) as object);
  else for (const entry of entries) Set.prototype.add.call(collection, value(entry));
}

/** Keeps an entry that this process has already, because it is newer. */
function addWeakly(collection: object, key: object, value: unknown): void {
  if (WeakMap.prototype.has.call(collection, key)) return;
  WeakMap.prototype.set.call(collection, key, value);
}

function forPairs(entries: readonly Slot[], act: (key: Slot, value: Slot) => void): void {
  for (let at = 0; at < entries.length; at += 2) act(entries[at], entries[at + 1]);
}

function defineProperties(
  loader: Filling,
  made: object,
  { keys, values, flags, setters }: Properties,
  isOrdinary: boolean,
): void {
  keys.forEach((slot, at) => {
    const key = loader.value(slot) as PropertyKey;
    const bits = flags?.[at] ?? PLAIN_PROPERTY;
    // Faster, and the same where the prototypes have no such property.
    if (isOrdinary && bits === PLAIN_PROPERTY && !(key in made)) {
      (made as Record<PropertyKey, unknown>)[key] = loader.value(values[at]);
      return;
    }
    const common = { enumerable: (bits & ENUMERABLE) !== 0, configurable: (bits & CONFIGURABLE) !== 0 };
    const value = loader.value(values[at]);
    if ((bits & ACCESSOR) === 0) {
      Object.defineProperty(made, key, { ...common, value, writable: (bits & WRITABLE) !== 0 });
    } else {
      const accessor = {
        get: value as () => unknown,
        set: loader.value(setters?.[at]) as (v: unknown) => void,
      };
      Object.defineProperty(made, key, { ...common, ...accessor });
    }
  });
}
