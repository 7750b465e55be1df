import { types } from 'node:util';
import type { Node, ObjectState, ReferenceNode } from '../graph.ts';
import { constantIdOf } from '../identities.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import {
  isClassLike,
  isFunction,
  ownerOfPrototype,
  showPath,
  type SomeFunction,
  valueOf,
} from '../reference/members.ts';
import { loadedValues } from '../reference/load-reference.ts';
import { type Collection, hasKey } from '../reference/module-variable.ts';
import { packageOf } from '../reference/packages.ts';
import { pathOf } from '../reference/module-policy.ts';
import { registryOf } from './global-registries.ts';
import type { Known, ModuleVariables, SeenVariables } from './module-variables.ts';
import { describeValue, type Edge, Refusal, TO_PROTOTYPE } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/** Functions of one object, such as a namespace, that are asked for the variables that they see. */
const MAX_FUNCTIONS = 40;

/** Kinds of nodes that name a value, or that the text of a class makes. */
const NOT_SENT: ReadonlySet<string> = new Set('reference elsewhere given rebuilt reduced member'.split(' '));

/** Functions of modules to which this process has lately referred, the last one last. */
const recentWitnesses = new Set<SomeFunction>();
const MAX_RECENT = 200;

/** Kinds of nodes whose objects the reader may have itself. */
const HAVE_COUNTERPARTS: ReadonlySet<string> = new Set(
  'data object array map set date regexp error'.split(' '),
);

/**
 * Joins what is sent by value to the modules of packages that keep a part of it: a private symbol of the module is
 * the job's own, and entries of its WeakMaps travel with their keys. Both are found in variables of the module by a
 * function that it exports, see {@link ModuleVariables}.
 */
export class JoinedState {
  readonly #sink: CaptureSink;
  readonly #variables: ModuleVariables;
  /** Functions of packages, by which the variables of their modules are read. */
  #witnesses: SomeFunction[] = [];
  readonly #known: Known = { functions: new Set(), scriptIds: new Set() };
  readonly #seen: SeenVariables[] = [];
  #symbols: number[] = [];
  /** Nodes of objects and classes of which a module may keep something. */
  readonly #keys: number[] = [];
  readonly #classes: number[] = [];
  readonly #entries = new Map<Collection, Set<object>>();
  #noticed = 0;

  constructor(sink: CaptureSink) {
    this.#sink = sink;
    this.#variables = sink.references.variables;
  }

  /**
   * Captures what is pending.
   * @returns whether anything was captured
   */
  capturePending(): boolean {
    const known = this.#keys.length;
    this.#notice();
    if (this.#symbols.length + this.#keys.length === 0) return false;
    try {
      // What is sent beside a function may be of the modules to which that refers.
      const near =
        this.#seen.length === 0 ? [...recentWitnesses, ...loadedValues().flatMap(functionsIn)] : [];
      const added = this.#variables.seenBy([...this.#witnesses, ...near], this.#known);
      this.#witnesses = [];
      const count = this.#sink.nodes.length;
      const hasJoined = [
        this.#joinKeys(this.#seen, this.#keys.slice(known)),
        this.#joinKeys(added, this.#keys),
      ].includes(true);
      this.#seen.push(...added);
      this.#addPrototypes();
      this.#joinSymbols(added);
      return hasJoined || this.#sink.nodes.length > count;
    } catch (error) {
      // Without the inspector, only functions are sent that capture nothing.
      if (error instanceof InspectorUnavailableError) return false;
      throw error;
    }
  }

  /** Tells the reader which objects are the values of variables, and so have an identity that the module may compare. */
  finish(): void {
    for (const variables of this.#seen) {
      for (const object of variables.objects) {
        const index = this.#sink.indexOf(object);
        const node = index === undefined ? undefined : this.#sink.nodes[index];
        if (node === undefined || !HAVE_COUNTERPARTS.has(node.kind)) continue;
        const variable = this.#variables.ofObject(object, variables);
        if (variable === undefined) continue;
        const { counterpart = { id: constantIdOf(object), places: [] } } = node as ObjectState;
        (node as ObjectState).counterpart = { ...counterpart, variable };
      }
    }
  }

  #noteWitnesses(functions: readonly SomeFunction[]): void {
    this.#witnesses.push(...functions);
    for (const fn of functions) {
      recentWitnesses.delete(fn);
      recentWitnesses.add(fn);
    }
    for (const oldest of recentWitnesses) {
      if (recentWitnesses.size <= MAX_RECENT) break;
      recentWitnesses.delete(oldest);
    }
  }

  #notice(): void {
    const sink = this.#sink;
    for (; this.#noticed < sink.nodes.length; this.#noticed += 1) {
      const index = this.#noticed;
      const node = sink.nodes[index] as Node;
      const value = sink.valueAt(index);
      if (node.kind === 'reference') {
        if (/^(?:module|import|variable)$/.test(node.reference.kind)) this.#noteWitnesses(functionsIn(value));
      } else if (node.kind === 'symbol') {
        if (node.id !== undefined) this.#symbols.push(index);
      } else if (!NOT_SENT.has(node.kind)) {
        const isClass = node.kind === 'class' || isClassLike(value);
        if (isClass || node.kind !== 'function') this.#keys.push(index);
        if (isClass) {
          sink.guard(index, () => this.#refuseRegistered(value as SomeFunction));
          this.#classes.push(index);
        }
        if (sink.references.isOfPackage(sink.codeInfoAt(index)?.script?.url ?? ''))
          this.#witnesses.push(value as SomeFunction);
      }
    }
  }

  /** Adds the prototypes of classes by which modules know something, as decorators of members do. */
  #addPrototypes(): void {
    const collections = this.#seen.flatMap((variables) => variables.collections);
    for (const index of this.#classes) {
      const prototype = valueOf(this.#sink.valueAt(index) as object, 'prototype') as object;
      if (this.#sink.indexOf(prototype) === undefined && collections.some((each) => hasKey(each, prototype)))
        this.#sink.slot(prototype, index, { by: 'property', key: 'prototype' });
    }
  }

  /** Refuses a class of which a package knows something that cannot be sent with it, such as metadata of decorators. */
  #refuseRegistered(type: SomeFunction): void {
    const where = registryOf(type, this.#variables);
    if (where === undefined) return;
    throw new Refusal(
      `${describeValue(type)}, of which something is kept in ${where}, such as what decorators say`,
      'Export the class from a module of its own, which the job then imports with its decorators, or make it inside the function.',
    );
  }

  #joinSymbols(added: readonly SeenVariables[]): void {
    this.#symbols = this.#symbols.filter((index) => {
      const symbol = this.#sink.valueAt(index) as symbol;
      const reference =
        this.#variables.ofSymbol(symbol, added) ?? this.#variables.ofSymbol(symbol, this.#seen);
      if (reference !== undefined) this.#sink.nodes[index] = { kind: 'reference', reference };
      return reference === undefined;
    });
  }

  #joinKeys(seen: readonly SeenVariables[], keys: readonly number[]): boolean {
    let hasJoined = false;
    for (const variables of seen) {
      for (const collection of variables.collections) {
        this.#joinCollection(collection, variables);
        for (const index of keys) {
          const key = this.#sink.valueAt(index) as object;
          // Entries of Maps are data, which grows with each object; of classes they are what is known of them.
          const isOfClass = isFunction(key) || this.#sink.nodes[index]?.kind === 'prototype';
          const isKey = hasKey(collection, key) && (isWeak(collection) || isOfClass);
          if (isKey && this.#addEntry(index, collection, variables)) hasJoined = true;
        }
      }
    }
    return hasJoined;
  }

  /** A WeakMap that closures of the module use, which are sent, is the same that its exported functions use. */
  #joinCollection(collection: Collection, variables: SeenVariables): void {
    const index = this.#sink.indexOf(collection);
    if (index === undefined || !isWeak(collection) || this.#sink.nodes[index]?.kind === 'reference') return;
    this.#nodeOf(collection, index, TO_PROTOTYPE, variables);
  }

  /** @returns whether the entry was not known */
  #addEntry(index: number, collection: Collection, variables: SeenVariables): boolean {
    const sink = this.#sink;
    const key = sink.valueAt(index) as object;
    const keys = this.#entries.get(collection) ?? new Set();
    this.#entries.set(collection, keys);
    if (keys.has(key)) return false;
    keys.add(key);
    const edge = { by: 'part', name: `entry of ${whereIs(collection, variables)}` } as const;
    return sink.guard(index, () => {
      const node = this.#nodeOf(collection, index, edge, variables);
      if (node === undefined) return false;
      node.entries ??= [];
      node.entries.push([index]);
      if (types.isWeakMap(collection))
        node.entries.push(sink.slot(WeakMap.prototype.get.call(collection, key), index, edge));
      else if (types.isMap(collection))
        node.entries.push(sink.slot(Map.prototype.get.call(collection, key), index, edge));
      return true;
    });
  }

  /** The node of a collection of a module, by reference; undefined if it is sent with all its entries. */
  #nodeOf(
    collection: Collection,
    index: number,
    edge: Edge,
    variables: SeenVariables,
  ): ReferenceNode | undefined {
    const sink = this.#sink;
    const at = sink.indexOf(collection);
    const known = at === undefined ? undefined : sink.nodes[at];
    if (known?.kind === 'reference') return known;
    const reference = this.#variables.ofCollection(collection, variables);
    if (reference === undefined) {
      // A closure of the module that is sent has its own, and so has all that is sent with it. Of a prototype, it is rather
      // what the module does once.
      const isPrototype = sink.nodes[index]?.kind === 'prototype';
      if (known !== undefined || isPrototype || !isWeak(collection)) return undefined;
      throw new Refusal(
        `${describeValue(sink.valueAt(index))}, of which a part is kept in ${whereIs(collection, variables)}, ` +
          'which no function sees that the module exports',
        'Make it inside the function, name the package in `byValue`, or give its class a reducer with registerReducer.',
      );
    }
    const node: ReferenceNode = { kind: 'reference', reference };
    if (at === undefined) sink.addNode(node, collection, index, edge);
    else sink.nodes[at] = node;
    return node;
  }
}

function isWeak(collection: Collection): boolean {
  return types.isWeakMap(collection) || types.isWeakSet(collection);
}

/** Where a collection is, in words. */
function whereIs(collection: Collection, { places, script }: SeenVariables): string {
  const { name = '', path = [] } = places.get(collection) ?? {};
  return `the variable ${showPath([name, ...path])} of ${packageOf(pathOf(script.url) ?? '')?.name ?? script.url}`;
}

/** A function itself, or the functions that are own properties of an object, such as a prototype or a namespace. */
function functionsIn(value: unknown): SomeFunction[] {
  if (typeof value === 'symbol' || types.isProxy(value)) return [];
  if (isFunction(value)) return [value];
  if (typeof value !== 'object' || value === null) return [];
  const owner = ownerOfPrototype(value);
  if (owner !== undefined) return [owner];
  const found: SomeFunction[] = [];
  for (const key of Reflect.ownKeys(value)) {
    const member = valueOf(value, key);
    if (isFunction(member) && !types.isProxy(member)) found.push(member);
    if (found.length === MAX_FUNCTIONS) break;
  }
  return found;
}
