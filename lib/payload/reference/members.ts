import { types } from 'node:util';
import { runInThisContext } from 'node:vm';
import type { Part, Step } from './reference.ts';

/** Global object that Node started with; under a test runner, this code may have another. */
export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;

/**
 * Follows a path from an object.
 * @param part part of the path's last property
 * @returns undefined if the path leads nowhere
 */
export function follow(root: unknown, path: readonly Step[], part: Part = 'value'): unknown {
  let holder = root;
  for (const [index, step] of path.entries()) {
    if (holder === null || (typeof holder !== 'object' && typeof holder !== 'function')) return undefined;
    const key = keyOf(holder, step);
    if (key === undefined) return undefined;
    if (index === path.length - 1 && part !== 'value') {
      return part === 'key' ? key : propertyOf(holder, key)?.[part];
    }
    holder = Reflect.get(holder, key);
  }
  return holder;
}

/** The last function on a path, its end included, to whose code the value belongs. */
export function lastFunctionOn(root: unknown, path: readonly Step[], part?: Part): SomeFunction | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const value = follow(root, path.slice(0, length), length === path.length ? part : 'value');
    if (isFunction(value)) return value;
  }
  return undefined;
}

export function stepOf(key: string | symbol): Step {
  return typeof key === 'string' ? key : { symbol: wellKnown.get(key) ?? key.description ?? '' };
}

/** Writes a path as in JavaScript, with symbols by description: `Array.prototype[Symbol.iterator]`. */
export function showPath(path: readonly Step[], part: Part = 'value'): string {
  const text = path.map((step) => (typeof step === 'string' ? `.${step}` : `[${step.symbol}]`)).join('');
  return (part === 'value' ? '' : `${part} `) + text.replace(/^\./, '');
}

/** Parses the text of {@link showPath}. */
export function parsePath(text: string): { path: Step[]; part: Part } {
  const [, part = 'value', members = ''] = /^(?:(get|set|key) )?(.*)$/s.exec(text) ?? [];
  const path = [...members.matchAll(/\[([^\]]*)\]|[^.[]+/g)].map(([name, symbol]): Step =>
    symbol === undefined ? name : { symbol },
  );
  return { path, part: part as Part };
}

function keyOf(holder: object, step: Step): string | symbol | undefined {
  if (typeof step === 'string') return step;
  for (let object: object | null = holder; object !== null; object = Reflect.getPrototypeOf(object)) {
    const found = Object.getOwnPropertySymbols(object).find(
      (key) => (stepOf(key) as { symbol: string }).symbol === step.symbol,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Well-known symbols by their names on `Symbol`, because descriptions differ between versions of Node. Node 20
 * and 22 have registered ones, with keys such as `nodejs.dispose`, for those that V8 has not. Any other symbol
 * there was put by a polyfill, and is an ordinary local or registered one.
 */
const wellKnown = new Map<symbol, string>(
  Object.getOwnPropertyNames(mainGlobal.Symbol).flatMap((name) => {
    const { value, writable } = propertyOf(mainGlobal.Symbol, name) as Property;
    if (typeof value !== 'symbol' || writable === true) return [];
    const key = Symbol.keyFor(value);
    const isItsOwn = key === undefined ? value.description === `Symbol.${name}` : key === `nodejs.${name}`;
    return isItsOwn ? [[value, `Symbol.${name}`] as const] : [];
  }),
);

/** Path of a well-known symbol from the global object; undefined for any other symbol. */
export function pathOfWellKnown(symbol: symbol): readonly Step[] | undefined {
  const name = wellKnown.get(symbol);
  return name === undefined ? undefined : name.split('.');
}

/** A value with an identity of its own; registered symbols (`Symbol.for`) have only their key. */
export type Referable = object | symbol;

/** Members that are deeper than any API are not visited, so that no chain of classes is too long to walk. */
const MAX_DEPTH = 20;

/** @returns whether to visit the members of the value as well */
export type Visit = (value: Referable, path: readonly Step[], part: Part) => boolean;

/**
 * Visits the values, getters and setters of an object's own properties, and keys that are symbols local to
 * this process. No getter or other code of the program runs: a Proxy has no members.
 */
export function walkMembers(holder: object, path: readonly Step[], visit: Visit): void {
  if (types.isProxy(holder) || path.length >= MAX_DEPTH) return;
  for (const key of Reflect.ownKeys(holder)) {
    if (key === 'name' || key === 'length') continue;
    const { value, get, set } = propertyOf(holder, key) ?? {};
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
    (typeof value === 'symbol' && Symbol.keyFor(value) === undefined)
  );
}

/** Whether a `prototype` has more than the `prototype` of every function. */
export function hasMembers(prototype: object): boolean {
  if (types.isProxy(prototype)) return false;
  const parent = prototypeOf(prototype);
  return Reflect.ownKeys(prototype).length > 1 || (parent !== null && prototypeOf(parent) !== null);
}

/** Whether a function has a `prototype` with members, so that its objects are known as those of a class. */
export function isClassLike(value: unknown): value is SomeFunction {
  if (typeof value !== 'function' || types.isProxy(value)) return false;
  const prototype = valueOf(value, 'prototype');
  return typeof prototype === 'object' && prototype !== null && hasMembers(prototype);
}

/** The prototype of an object; null for a Proxy, whose trap would run. */
export function prototypeOf(object: object): object | null {
  return types.isProxy(object) ? null : Reflect.getPrototypeOf(object);
}

/**
 * Whether an object is a plain one or an array of this realm, as most are, without what may make it the
 * `prototype` of a function or one of Node's streams.
 */
export function isOrdinary(object: object): boolean {
  if (types.isProxy(object)) return false;
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
  return !Object.hasOwn(object, 'constructor') && !Object.hasOwn(object, '_isStdio');
}

/** Whether a value is an object of no class, as most CommonJS modules export. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isModuleNamespaceObject(value)) return false;
  const prototype = prototypeOf(value);
  return prototype !== null && prototypeOf(prototype) === null;
}

/** Whether an object has neither functions nor accessors as own properties. */
export function isPlainData(value: object | symbol): boolean {
  if (typeof value !== 'object' || types.isProxy(value) || types.isModuleNamespaceObject(value)) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    (property) => 'value' in property && typeof property.value !== 'function',
  );
}

function isLocal(symbol: symbol): boolean {
  return Symbol.keyFor(symbol) === undefined && !wellKnown.has(symbol);
}

/** A function that is examined, but not called. */
export type SomeFunction = (...args: never[]) => unknown;

/** Descriptor of an own property. */
export interface Property {
  readonly value?: unknown;
  readonly get?: SomeFunction | undefined;
  readonly set?: SomeFunction | undefined;
  readonly enumerable?: boolean;
  readonly writable?: boolean;
  readonly configurable?: boolean;
}

/**
 * Descriptor of an own property; undefined if there is none, or if it cannot be read without running code: of a
 * Proxy, whose traps may do anything, and of a module that has not run yet.
 */
export function propertyOf(object: object, key: PropertyKey): Property | undefined {
  if (types.isProxy(object)) return undefined;
  try {
    // Reflect.getOwnPropertyDescriptor takes twice as long.
    return Object.getOwnPropertyDescriptor(object, key);
  } catch {
    return undefined;
  }
}

/** Value of an own property; undefined for an accessor, and as {@link propertyOf} is. */
export function valueOf(object: object, key: PropertyKey): unknown {
  return propertyOf(object, key)?.value;
}

/** Own properties whose keys are strings. */
export function propertiesOf(object: object): [name: string, property: Property][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object) as Record<string, Property>);
}

export function isFunction(value: unknown): value is SomeFunction {
  return typeof value === 'function';
}

/** Text of a function as the engine has it; see also `textOf` in identities.ts. */
export function compiledTextOf(fn: SomeFunction): string {
  return Function.prototype.toString.call(fn);
}

/** Whether a function has no source: it is the engine's or an addon's, bound, or a proxy. */
export function isNative(fn: SomeFunction): boolean {
  return compiledTextOf(fn).endsWith('{ [native code] }');
}

/** Whether a function is the engine's; bound functions and proxies print without a name. */
export function isNamedNative(fn: SomeFunction): boolean {
  return /^function [^(]+\(\) \{ \[native code\] \}$/.test(compiledTextOf(fn));
}

/** Own `name` of a function; `''` if it is an accessor. */
export function nameOf(fn: SomeFunction): string {
  const name: unknown = valueOf(fn, 'name');
  return typeof name === 'string' ? name : '';
}

/** The function or class whose `prototype` the object is. */
export function ownerOfPrototype(object: object): SomeFunction | undefined {
  if (types.isProxy(object)) return undefined;
  const owner: unknown = valueOf(object, 'constructor');
  if (typeof owner !== 'function' || types.isProxy(owner)) return undefined;
  const isIts = valueOf(owner, 'prototype') === object;
  return isIts ? (owner as SomeFunction) : undefined;
}

/**
 * Notes the functions among a value and its own properties, so that {@link notedOwnerOf} finds them: a `prototype`
 * that was assigned, as in `F.prototype = { … }`, names no constructor or that of another function.
 */
export function noteOwners(value: unknown): void {
  if (!isReferable(value) || typeof value === 'symbol' || types.isProxy(value) || noted.has(value)) return;
  noted.add(value);
  for (const key of ['', ...Reflect.ownKeys(value)]) {
    const fn: unknown = key === '' ? value : valueOf(value, key);
    // A compiler's copy of a CommonJS module has getters beside it.
    if (key === 'default') noteOwners(fn);
    if (typeof fn !== 'function' || types.isProxy(fn)) continue;
    const prototype: unknown = valueOf(fn, 'prototype');
    if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) continue;
    const isUsual = valueOf(prototype, 'constructor') === fn;
    if (!isUsual && !ownersByPrototype.has(prototype)) ownersByPrototype.set(prototype, fn as SomeFunction);
  }
}

/** The function of a module that has an object as its `prototype`, if that does not say so itself. */
export function notedOwnerOf(prototype: object): SomeFunction | undefined {
  const owner = ownersByPrototype.get(prototype);
  return owner !== undefined && valueOf(owner, 'prototype') === prototype ? owner : undefined;
}

const noted = new WeakSet<object>();
const ownersByPrototype = new WeakMap<object, SomeFunction>();

type NodeModuleClass = typeof import('node:module') & {
  /** Modules loaded by `require`, by file. */
  readonly _cache: Readonly<Record<string, NodeJS.Module | undefined>>;
};

/** The process object itself, of which a test runner may give its tests a copy. */
export const mainProcess: NodeJS.Process & { readonly moduleLoadList: readonly string[] } =
  mainGlobal.process as NodeJS.Process & { readonly moduleLoadList: readonly string[] };

/** `node:module` itself. */
export const nodeModule = mainProcess.getBuiltinModule('node:module') as unknown as NodeModuleClass;

/** The modules that `require` has loaded, by file. Programs put things of their own there, such as mocks. */
export function requireCache(): NodeModuleClass['_cache'] {
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  return nodeModule._cache;
}

/** The exports of a file that `require` has loaded; undefined if it has not, or if they are behind a getter. */
export function requiredExports(file: string): unknown {
  const module: unknown = requireCache()[file];
  return typeof module === 'object' && module !== null ? valueOf(module, 'exports') : undefined;
}
