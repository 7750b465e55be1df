import { types } from 'node:util';
import type { ObjectState, PrototypeNode } from '../graph.ts';
import { identityOf } from '../identities.ts';
import { nameOf, type SomeFunction, valueOf } from '../reference/members.ts';
import { matchedKeys } from './class-members.ts';
import { stateOf } from './object-state.ts';
import { intrinsicName } from './platform.ts';
import type { CaptureSink } from './sink.ts';

/**
 * The id of a function that looks like a constructor, of whose objects the job may send some home; undefined for
 * others, whose bytes are thus the same wherever their text is. A `prototype` that does not name the function as
 * its constructor has an id of its own.
 */
export function constructorId(sink: CaptureSink, fn: SomeFunction, text: string): string | undefined {
  const prototype = valueOf(fn, 'prototype');
  if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) return undefined;
  if (valueOf(prototype, 'constructor') !== fn) {
    // Prototypes of generator functions have no constructor either.
    if (types.isGeneratorFunction(fn) || valueOf(prototype, 'constructor') !== undefined) return undefined;
    const id = identityOf(prototype);
    const node = sink.nodes[sink.indexOf(prototype) ?? -1];
    if (node?.kind === 'object') Object.assign(node, { id });
    return undefined;
  }
  const isLikely = /\bthis\b/.test(text) || /^\p{Lu}/u.test(nameOf(fn));
  return isLikely ? identityOf(fn) : undefined;
}

/**
 * Captures the `prototype` object of a function. If it was created with the function, the property is not
 * sent; the object is queued only if it was changed, and {@link fillPrototype} describes the changes.
 * @returns whether the property need not be sent
 */
export function capturePrototype(sink: CaptureSink, index: number, fn: SomeFunction): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(fn, 'prototype');
  const prototype: unknown = descriptor?.value;
  if (typeof prototype !== 'object' || prototype === null) return descriptor === undefined;
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  // Prototypes of generator functions have no constructor.
  if (owner !== fn) return types.isGeneratorFunction(fn) && Reflect.ownKeys(prototype).length === 0;
  const known = matchedKeys(fn, false);
  const isPlain = Reflect.ownKeys(prototype).every((key) => key === 'constructor' || known.has(key));
  if (!isPlain) sink.slot(prototype, index, { by: 'property', key: 'prototype' });
  return true;
}

/** Describes changes to the prototype of a function or class. The node of the owner must exist. */
export function fillPrototype(
  sink: CaptureSink,
  index: number,
  ownerIndex: number,
  owner: SomeFunction,
  prototype: object,
): void {
  const ownerNode = sink.nodes[ownerIndex];
  const node = sink.nodes[index] as PrototypeNode;
  if (ownerNode === undefined || ownerNode.kind === 'reference') return;
  if (ownerNode.kind === 'function') ownerNode.id ??= identityOf(owner);
  const constructor = Object.getOwnPropertyDescriptor(prototype, 'constructor') as PropertyDescriptor;
  const skipped: PropertyKey[] = [...matchedKeys(owner, false)];
  if (constructor.enumerable === false) skipped.push('constructor');
  const above = Object.getPrototypeOf(prototype) as object | null;
  const state: ObjectState = stateOf(sink, index, prototype, expectedName(owner, above), skipped);
  Object.assign(node, state);
}

/**
 * The name of the prototype's own default prototype. For a class it is that of the class it extends, which
 * evaluating the text sets up.
 */
function expectedName(owner: SomeFunction, above: object | null): string {
  const heritage: unknown = Object.getPrototypeOf(owner);
  const inherited: unknown =
    typeof heritage === 'function'
      ? Object.getOwnPropertyDescriptor(heritage, 'prototype')?.value
      : undefined;
  if (above !== null && above === inherited && isClass(owner)) return intrinsicName(above) ?? '';
  return 'Object.prototype';
}

function isClass(fn: SomeFunction): boolean {
  return Function.prototype.toString.call(fn).startsWith('class');
}
