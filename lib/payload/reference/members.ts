import { types } from 'node:util';
import { runInThisContext } from 'node:vm';
import type { Part, Step } from './reference.ts';

/**
 * What lies at a path from an object; undefined if there is nothing.
 * @param part what of the path's last property is meant
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

/** The last function that the path comes by, its end included: what is there hangs on that. */
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

export function isWellKnown(symbol: symbol): boolean {
  return wellKnown.has(symbol);
}

/** As JavaScript writes it, but for symbols: `Array.prototype[Symbol.iterator]`. */
export function showPath(path: readonly Step[], part: Part = 'value'): string {
  const text = path.map((step) => (typeof step === 'string' ? `.${step}` : `[${step.symbol}]`)).join('');
  return (part === 'value' ? '' : `${part} `) + text.replace(/^\./, '');
}

/** The inverse of {@link showPath}. */
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

/** By their names on `Symbol`: what they call themselves differs between versions of Node. */
const wellKnown = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap((name) => {
    const value = (Symbol as unknown as Record<string, unknown>)[name];
    return typeof value === 'symbol' ? [[value, `Symbol.${name}`] as const] : [];
  }),
);

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

/** A function as this library handles it: one that it references it does not call. */
export type SomeFunction = (...args: never[]) => unknown;

/** What an own property is, without asking it for its value. */
export interface Property {
  readonly value?: unknown;
  readonly get?: SomeFunction | undefined;
  readonly set?: SomeFunction | undefined;
  readonly enumerable?: boolean;
  readonly writable?: boolean;
  readonly configurable?: boolean;
}

export function propertyOf(object: object, key: PropertyKey): Property | undefined {
  return Reflect.getOwnPropertyDescriptor(object, key) as Property | undefined;
}

/** What is there if it is a plain value; undefined for an accessor. */
export function valueOf(object: object, key: PropertyKey): unknown {
  return propertyOf(object, key)?.value;
}

/** Those with names. */
export function propertiesOf(object: object): [name: string, property: Property][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object) as Record<string, Property>);
}

export function isFunction(value: unknown): value is SomeFunction {
  return typeof value === 'function';
}

export function textOf(fn: SomeFunction): string {
  return Function.prototype.toString.call(fn);
}

/** Whether there is no source: a function of the engine or of an addon, or one that is bound, or a proxy. */
export function isNative(fn: SomeFunction): boolean {
  return textOf(fn).endsWith('{ [native code] }');
}

/** Whether a function is the engine's: what `bind` and `Proxy` make prints without a name. */
export function isNamedNative(fn: SomeFunction): boolean {
  return /^function [^(]+\(\) \{ \[native code\] \}$/.test(textOf(fn));
}

/** Its own `name`, unless that is an accessor. */
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

type NodeModuleClass = typeof import('node:module') & {
  /** The modules of `require`, by file. */
  readonly _cache: Readonly<Record<string, NodeJS.Module | undefined>>;
};

/** The global object that Node began with; under a test runner, this code's own may be another. */
export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;

/** The process object itself; a test runner may show its tests a copy. */
export const mainProcess: NodeJS.Process & { readonly moduleLoadList: readonly string[] } =
  mainGlobal.process as NodeJS.Process & { readonly moduleLoadList: readonly string[] };

/** `node:module` itself. */
export const nodeModule = mainProcess.getBuiltinModule('node:module') as unknown as NodeModuleClass;
