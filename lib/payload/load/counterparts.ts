import { types } from 'node:util';
import {
  ACCESSOR,
  CONFIGURABLE,
  type Counterpart,
  ENUMERABLE,
  type FunctionNode,
  type Graph,
  type Node,
  type ObjectState,
  PLAIN_PROPERTY,
  type Properties,
  type Slot,
  WRITABLE,
} from '../graph.ts';
import { findByIdentity, type Identities, textOf } from '../identities.ts';
import { type Property, propertyOf, prototypeOf, valueOf } from '../reference/members.ts';
import { memberAt } from '../reference/module-members.ts';
import { referenceToHere } from '../relocated-paths.ts';
import type { ModuleReference } from '../reference/reference.ts';
import { accessOf, type AnyClass, privateFieldsOf } from './known-classes.ts';

/** Values of a graph that are known before any of its objects is made. */
export interface KnownValues {
  /** The value of a reference, or of a result of another call. */
  reference(index: number): unknown;
  /** The class, or constructor function, of a node that is in this process already. */
  known(index: number): AnyClass | undefined;
}

/**
 * Finds the objects and symbols that this process has in place of nodes: members of modules that it has
 * loaded, and what it has sent or received before. Only an object that is as the node describes it is taken, so
 * that what either side has changed is not lost.
 */
export function findCounterparts(
  graph: Graph,
  identities: Identities,
  known: KnownValues,
): ReadonlyMap<number, unknown> {
  const found = new Map<number, unknown>();
  const comparison = new Comparison(graph, identities, known, found);
  for (const [index, node] of graph.nodes.entries()) {
    if (node.kind !== 'symbol' || node.counterpart === undefined) continue;
    const member = candidates(node.counterpart).find(
      (value) => typeof value === 'symbol' && value.description === node.description,
    );
    if (member !== undefined) found.set(index, member);
  }
  for (const [index, node] of graph.nodes.entries()) {
    const counterpart = counterpartOf(node);
    if (counterpart === undefined || node.kind === 'function' || node.kind === 'symbol') continue;
    const held = counterpart.variable === undefined ? undefined : known.reference(index);
    const own = [...candidates(counterpart), held, identities.find(counterpart.id)];
    for (const candidate of own) if (!found.has(index)) comparison.take(index, candidate);
  }
  return found;
}

export function counterpartOf(node: Node): Counterpart | undefined {
  return (node as ObjectState).counterpart;
}

function candidates({ places }: Counterpart): unknown[] {
  return places.map((place) => memberAt(referenceToHere(place) as ModuleReference));
}

/** Compares nodes with objects that are here, and notes those that are the same. */
class Comparison {
  readonly #graph: Graph;
  readonly #identities: Identities;
  readonly #known: KnownValues;
  readonly #found: Map<number, unknown>;
  /** Pairs that are the same if all that is still to be compared is. */
  #supposed = new Map<number, unknown>();

  constructor(graph: Graph, identities: Identities, known: KnownValues, found: Map<number, unknown>) {
    this.#graph = graph;
    this.#identities = identities;
    this.#known = known;
    this.#found = found;
  }

  /** Takes an object for a node, with all that they refer to, if they are the same. Does not use recursion. */
  take(index: number, candidate: unknown): void {
    if (typeof candidate !== 'object' || candidate === null) return;
    this.#supposed = new Map([[index, candidate]]);
    // Iterating over a map includes entries that are added meanwhile.
    for (const [each, value] of this.#supposed) {
      const node = this.#graph.nodes[each] as Node;
      if (!this.#isSame(each, node, value)) return;
    }
    for (const [each, value] of this.#supposed) this.#found.set(each, value);
  }

  /** Compares now what can be, and supposes the rest. */
  #slotIs(slot: Slot, value: unknown): boolean {
    if (typeof slot !== 'object' || slot === null) return Object.is(slot, value);
    const [index] = slot;
    if (this.#found.has(index)) return this.#found.get(index) === value;
    if (this.#supposed.has(index)) return this.#supposed.get(index) === value;
    this.#supposed.set(index, value);
    return true;
  }

  #isSame(index: number, node: Node, value: unknown): boolean {
    switch (node.kind) {
      case 'reference':
      case 'elsewhere':
        return this.#known.reference(index) === value;
      case 'class':
        return this.#known.known(index) === value;
      case 'prototype':
        return value !== undefined && this.#known.known(node.of)?.prototype === value;
      case 'symbol':
        return node.key === undefined
          ? findByIdentity(node.id as string) === value
          : Symbol.for(node.key) === value;
      case 'member': {
        const owner = this.#known.known(node.class);
        const holder = node.static ? owner : owner?.prototype;
        // A computed key would have to be made first.
        if (holder === undefined || typeof node.key !== 'string') return false;
        return value !== undefined && propertyOf(holder, node.key)?.[node.part] === value;
      }
      case 'function':
        if (this.#known.known(index) === value && value !== undefined) return true;
        return typeof value === 'function' && this.#isSameFunction(node, value);
      default:
        return typeof value === 'object' && value !== null && !types.isProxy(value)
          ? this.#isSameObject(node, value)
          : false;
    }
  }

  #isSameFunction(node: FunctionNode, value: object): boolean {
    if (node.counterpart !== undefined && this.#identities.find(node.counterpart.id) === value) return true;
    // A function that captures variables of another function is one of many with the same text.
    if (node.context >= 0 && node.ofModule !== true) return false;
    if (node.self !== undefined || node.home !== undefined || node.newTarget !== undefined) return false;
    return textOf(value) === (node.original ?? node.text) && node.properties === undefined;
  }

  #isSameObject(node: Node, value: object): boolean {
    switch (node.kind) {
      case 'data':
        return isSameData(node.value as object, value);
      case 'object':
        return this.#hasState(node, value, Object.prototype) && !isSpecial(value);
      case 'array':
        if (!Array.isArray(value) || value.length !== node.length) return false;
        return this.#hasState(node, value, Array.prototype);
      case 'map':
        return (
          types.isMap(value) &&
          this.#areEntries(node.entries, [...Map.prototype.entries.call(value)].flat()) &&
          this.#hasState(node, value, Map.prototype)
        );
      case 'set':
        return (
          types.isSet(value) &&
          this.#areEntries(node.entries, [...Set.prototype.values.call(value)]) &&
          this.#hasState(node, value, Set.prototype)
        );
      case 'date':
        return (
          types.isDate(value) &&
          Object.is(Date.prototype.getTime.call(value), node.time) &&
          this.#hasState(node, value, Date.prototype)
        );
      case 'error':
        return types.isNativeError(value) && this.#hasState(node, value, Error.prototype);
      case 'regexp':
        return (
          types.isRegExp(value) &&
          value.source === node.source &&
          value.flags === node.flags &&
          this.#hasState(node, value, RegExp.prototype)
        );
      default:
        return false;
    }
  }

  #areEntries(slots: readonly Slot[], values: readonly unknown[]): boolean {
    return slots.length === values.length && slots.every((slot, at) => this.#slotIs(slot, values[at]));
  }

  #hasState(node: ObjectState, value: object, usual: object): boolean {
    if (Object.isExtensible(value) === (node.fixed === true)) return false;
    const prototype = prototypeOf(value);
    const isExpected =
      node.prototype === undefined ? prototype === usual : this.#slotIs(node.prototype, prototype);
    return isExpected && this.#hasProperties(node.properties, value) && this.#hasPrivates(node, value);
  }

  #hasProperties(properties: Properties | undefined, value: object): boolean {
    const { keys = [], values = [], flags, setters } = properties ?? {};
    const present = Reflect.ownKeys(value).filter((key) => !isInherent(value, key));
    if (present.length !== keys.length) return false;
    return keys.every((slot, at) => {
      const key = present[at] as string | symbol;
      if (!this.#slotIs(slot, key)) return false;
      // Each process made its own, at a place of its own.
      if (key === 'stack' && types.isNativeError(value)) return true;
      const property = propertyOf(value, key) as Property;
      if (bitsOf(property) !== (flags?.[at] ?? PLAIN_PROPERTY)) return false;
      if ('value' in property) return this.#slotIs(values[at], property.value);
      return this.#slotIs(values[at], property.get) && this.#slotIs(setters?.[at], property.set);
    });
  }

  #hasPrivates({ privates = [] }: ObjectState, value: object): boolean {
    if (privates.length === 0) return true;
    let others: readonly unknown[] | undefined;
    return privates.every(([owner, name, slot], at) => {
      const known = this.#known.known(owner);
      const access = known && accessOf(known)?.fields[name];
      if (access !== undefined) return this.#slotIs(slot, access[0](value));
      others ??= privateFieldsOf(value);
      return known !== undefined && others?.length === privates.length && this.#slotIs(slot, others[at]);
    });
  }
}

function isSameData(data: object, value: object): boolean {
  const keys = Reflect.ownKeys(data);
  const present = Reflect.ownKeys(value);
  if (prototypeOf(value) !== Object.getPrototypeOf(data) || !Object.isExtensible(value)) return false;
  if (Array.isArray(data) !== Array.isArray(value) || isSpecial(value)) return false;
  return (
    keys.length === present.length &&
    keys.every((key, at) => {
      const property = propertyOf(value, key);
      if (key !== present[at] || property === undefined || !('value' in property)) return false;
      if (bitsOf(property) !== PLAIN_PROPERTY && !isInherent(value, key)) return false;
      return Object.is(property.value, valueOf(data, key));
    })
  );
}

/** Whether an object is of another kind than its prototype tells. */
function isSpecial(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isBoxedPrimitive(value) ||
    types.isArgumentsObject(value) ||
    types.isPromise(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  );
}

/** Whether every object of the kind has the property, so that nodes do not. */
function isInherent(value: object, key: string | symbol): boolean {
  if (key === 'length') return Array.isArray(value) && propertyOf(value, key)?.writable === true;
  return key === 'lastIndex' && types.isRegExp(value) && value.lastIndex === 0;
}

function bitsOf({ get, set, writable, enumerable, configurable }: Property): number {
  let bits = get === undefined && set === undefined ? 0 : ACCESSOR;
  if (writable === true) bits |= WRITABLE;
  if (enumerable === true) bits |= ENUMERABLE;
  if (configurable === true) bits |= CONFIGURABLE;
  return bits;
}
