import { types } from 'node:util';
import { isWellKnown, stepOf } from './member-path.ts';
import type { Part, Step } from './reference.ts';
import { propertyOf, type Property } from './properties.ts';

/** What can be told apart from its copies. */
export type Referable = object | symbol;

/** @returns whether to go on with what the value itself holds */
export type Visit = (value: Referable, path: readonly Step[], part: Part) => boolean;

/**
 * Visits what the own properties of an object hold: values, getters, setters, and keys that are symbols of this process alone.
 * No getter is called, and nothing else of the program runs.
 */
export function walkMembers(holder: object, path: readonly Step[], visit: Visit): void {
  if (types.isProxy(holder)) return;
  for (const key of Reflect.ownKeys(holder)) {
    if (key === 'name' || key === 'length') continue;
    const { value, get, set } = propertyOf(holder, key) as Property;
    if (typeof key === 'symbol' && isLocal(key)) visit(key, [...path, stepOf(key)], 'key');
    if (isReferable(value)) {
      const at = [...path, stepOf(key)];
      if (visit(value, at, 'value') && typeof value !== 'symbol') walkMembers(value, at, visit);
    } else if (get !== undefined || set !== undefined) {
      const at = [...path, stepOf(key)];
      if (get !== undefined) visit(get, at, 'get');
      if (set !== undefined) visit(set, at, 'set');
    }
  }
}

export function isReferable(value: unknown): value is Referable {
  return (
    typeof value === 'function' ||
    (typeof value === 'object' && value !== null) ||
    (typeof value === 'symbol' && (isLocal(value) || isWellKnown(value)))
  );
}

/** Whether a `prototype` is more than what every function has. */
export function hasMembers(prototype: object): boolean {
  const parent = Reflect.getPrototypeOf(prototype);
  return (
    Reflect.ownKeys(prototype).length > 1 || (parent !== null && Reflect.getPrototypeOf(parent) !== null)
  );
}

function isLocal(symbol: symbol): boolean {
  return Symbol.keyFor(symbol) === undefined && !isWellKnown(symbol);
}
