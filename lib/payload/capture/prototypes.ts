import type { ObjectState, PrototypeNode } from '../graph.ts';
import type { CaptureSink } from './sink.ts';
import { matchedKeys } from './class-members.ts';
import { stateOf } from './object-state.ts';
import { intrinsicName } from './platform.ts';

type AnyFunction = (...args: never[]) => unknown;

/** Whether `fn.prototype` is what every such function has from the start, so that nothing needs to be sent of it. */
export function isDefaultPrototype(sink: CaptureSink, index: number, fn: AnyFunction): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(fn, 'prototype');
  const prototype: unknown = descriptor?.value;
  if (typeof prototype !== 'object' || prototype === null) return descriptor === undefined;
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  // Those of generator functions have no constructor.
  if (owner !== fn) return owner === undefined && Reflect.ownKeys(prototype).length === 0;
  const known = matchedKeys(fn, false);
  const isPlain = Reflect.ownKeys(prototype).every((key) => key === 'constructor' || known.has(key));
  if (!isPlain) sink.slot(prototype, index, { by: 'property', key: 'prototype' });
  return true;
}

/** Describes what the prototype of a function or class has been given, once that is described itself. */
export function fillPrototype(
  sink: CaptureSink,
  index: number,
  of: number,
  owner: AnyFunction,
  prototype: object,
): void {
  const ownerNode = sink.nodes[of];
  const node = sink.nodes[index] as PrototypeNode;
  if (ownerNode === undefined || ownerNode.kind === 'reference') return;
  const constructor = Object.getOwnPropertyDescriptor(prototype, 'constructor') as PropertyDescriptor;
  const skipped: PropertyKey[] = [...matchedKeys(owner, false)];
  if (constructor.enumerable === false) skipped.push('constructor');
  const above = Object.getPrototypeOf(prototype) as object | null;
  const state: ObjectState = stateOf(sink, index, prototype, expectedName(owner, above), skipped);
  Object.assign(node, state);
}

/** What stands above the prototype of a class is that of the class it extends, which making the class sees to. */
function expectedName(owner: AnyFunction, above: object | null): string {
  const heritage: unknown = Object.getPrototypeOf(owner);
  const inherited: unknown =
    typeof heritage === 'function'
      ? Object.getOwnPropertyDescriptor(heritage, 'prototype')?.value
      : undefined;
  if (above !== null && above === inherited && isClass(owner)) return intrinsicName(above) ?? '';
  return 'Object.prototype';
}

function isClass(fn: AnyFunction): boolean {
  return Function.prototype.toString.call(fn).startsWith('class');
}
