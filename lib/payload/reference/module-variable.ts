import { types } from 'node:util';
import type { Boxed } from '../../base/as-it-is.ts';
import { ModuleLoadError } from '../../base/errors.ts';
import { hashOf } from '../../base/hash.ts';
import { type FunctionInside, lookInside } from '../inspect/scopes.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import { loadReference } from './load-reference.ts';
import { compiledTextOf, follow, isFunction, lastFunctionOn, showPath } from './members.ts';
import type { VariableReference } from './reference.ts';

/**
 * Finds the value of a variable of a module in this process, by the inspector.
 * @throws {ModuleLoadError} if the module has no such variable here, or one of another type or text
 */
export async function findVariable(reference: VariableReference): Promise<Boxed> {
  const { name, path = [], part, type, textHash } = reference;
  const fn = await loadReference(reference.seenBy);
  if (!isFunction(fn)) throw hasNot(reference, 'what should show it is no function');
  const variable = variablesSeenIn(insideOf(fn, reference)).get(name);
  const foundType = typeNameOf(variable);
  if (foundType !== type) throw hasNot(reference, `there it is of the type ${foundType} rather than ${type}`);
  const code = textHash === undefined ? undefined : lastFunctionOn(variable, path, part);
  if (textHash !== undefined && (code === undefined || hashOf(compiledTextOf(code)) !== textHash))
    throw hasNot(reference, 'there it is another');
  const value = follow(variable, path, part);
  if (value === undefined) throw hasNot(reference, 'there it has no such property');
  return { value };
}

function insideOf(fn: Function, reference: VariableReference): FunctionInside {
  try {
    return lookInside([fn])[0] as FunctionInside;
  } catch (error) {
    if (!(error instanceof InspectorUnavailableError)) throw error;
    throw hasNot(reference, `variables cannot be read in this process: ${error.message}`, error);
  }
}

/** The variables of its module that a function sees, with those of functions around it; inner ones hide outer ones. */
export function variablesSeenIn({ scopes }: FunctionInside): ReadonlyMap<string, unknown> {
  const seen = new Map<string, unknown>();
  for (const { type, variables } of scopes) {
    if (type === 'with' || type === 'script' || type === 'global') continue;
    for (const [name, value] of Object.entries(variables)) if (!seen.has(name)) seen.set(name, value);
  }
  return seen;
}

/** Name of a value's type, such as `symbol`, `function` or `WeakMap`; none of its code runs. */
export function typeNameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return TYPES.find(([, is]) => is(value))?.[0] ?? 'object';
}

const TYPES: readonly (readonly [name: string, is: (value: object) => boolean])[] = [
  ['Proxy', types.isProxy],
  ['Array', Array.isArray],
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['WeakMap', types.isWeakMap],
  ['WeakSet', types.isWeakSet],
];

/** A collection of a module, which may have entries for objects that are made elsewhere. */
export type Collection = Map<unknown, unknown> | Set<unknown> | WeakMap<object, unknown> | WeakSet<object>;

/** Whether a value is a collection; of whichever realm. */
export function isCollection(value: object | symbol): value is Collection {
  if (typeof value === 'symbol') return false;
  return types.isWeakMap(value) || types.isWeakSet(value) || types.isMap(value) || types.isSet(value);
}

/** Whether a collection has an entry for an object; calls the methods of the language. */
export function hasKey(collection: Collection, key: object): boolean {
  if (types.isWeakMap(collection)) return WeakMap.prototype.has.call(collection, key);
  if (types.isWeakSet(collection)) return WeakSet.prototype.has.call(collection, key);
  return types.isMap(collection)
    ? Map.prototype.has.call(collection, key)
    : Set.prototype.has.call(collection, key);
}

function hasNot({ seenBy, name, path = [], part }: VariableReference, why: string, cause?: unknown): Error {
  const what = showPath([name, ...path], part);
  const module = seenBy.kind === 'module' ? seenBy.url : seenBy.specifier;
  return new ModuleLoadError(
    `The variable ${what} of the module ${module} was sent by reference, but is not found on this machine: ${why}. ` +
      'Remedy: make the object that needs it inside the function, or name the package in `byValue`',
    module,
    what,
    { cause },
  );
}
