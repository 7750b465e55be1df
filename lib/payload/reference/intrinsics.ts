import { types } from 'node:util';
import { runInThisContext } from 'node:vm';
import { ModuleLoadError } from '../../base/errors.ts';
import {
  follow,
  isFunction,
  isNamedNative,
  isNative,
  isReferable,
  mainGlobal,
  mainProcess,
  nameOf,
  ownerOfPrototype,
  parsePath,
  pathOfWellKnown,
  propertyOf,
  prototypeOf,
  type Referable,
  showPath,
  valueOf,
  type Visit,
  walkMembers,
} from './members.ts';
import type { IntrinsicReference, Part, Step } from './reference.ts';

type Realm = typeof globalThis;
type Place = readonly [path: readonly Step[], part: Part];
type Index = Map<Referable, Place>;

/**
 * Makes the reference to a function, object or symbol of the language, or to a global of Node. An intrinsic
 * of another realm, such as a test runner's, has the same reference.
 *
 * A value that a program put in the place of an intrinsic has none, as far as this can be seen: intrinsics of
 * the language are native code. Globals of Node may be JavaScript; the caller must check whether that is
 * Node's own.
 * @param realmGlobal global object of the realm of the value, if neither this code's nor the main one
 * @param fromNode whether the value comes from a script of Node; then globals that load on first use are
 *   searched too
 */
export function intrinsicOf(
  value: unknown,
  realmGlobal: object = globalThis,
  fromNode = false,
): IntrinsicReference | undefined {
  const path = typeof value === 'symbol' ? pathOfWellKnown(value) : undefined;
  if (path !== undefined) return { kind: 'intrinsic', path: showPath(path) };
  if (!isReferable(value)) return undefined;
  const place =
    findIn(OWN_REALMS, value) ??
    (OWN_REALMS.includes(realmGlobal as Realm) ? undefined : findIn([realmGlobal as Realm], value)) ??
    findLazy(value, fromNode);
  return place && { kind: 'intrinsic', path: showPath(...place) };
}

/**
 * Finds the value at the path of an intrinsic in this process.
 * @throws {ModuleLoadError} if this version of Node has no such thing
 */
export function intrinsicAt(text: string): unknown {
  const { path, part } = parsePath(text);
  const isHidden = text.includes('%');
  const found = follow(isHidden ? hiddenIntrinsics(globalThis) : globalThis, path, part);
  if (found === undefined) {
    throw new ModuleLoadError(
      `Node ${process.version} on this machine has no ${text}. Remedy: run the job on the version of Node that the program runs on`,
      'globalThis',
      text,
    );
  }
  return found;
}

/** Whether an ordinary object is found in an index of intrinsics; it cannot be one of another realm. */
export function isIntrinsic(object: object): boolean {
  return findIn(OWN_REALMS, object) !== undefined;
}

const OWN_REALMS: readonly Realm[] = mainGlobal === globalThis ? [mainGlobal] : [mainGlobal, globalThis];
const indexes = new WeakMap<Realm, Index>();

function findIn(realms: readonly Realm[], value: Referable): Place | undefined {
  for (const realm of realms) {
    const place = indexOf(realm).get(value);
    if (place !== undefined) return place;
  }
  return undefined;
}

function indexOf(realm: Realm): Index {
  let index = indexes.get(realm);
  if (index === undefined) {
    index = buildIndex(realm);
    indexes.set(realm, index);
  }
  return index;
}

function buildIndex(realm: Realm): Index {
  const index: Index = new Map([[realm, [['globalThis'], 'value']]]);
  const visitLanguage = visitor(index, isLanguageMember);
  for (const [name, value] of Object.entries(hiddenIntrinsics(realm))) {
    index.set(value, [[name], 'value']);
    walkMembers(value, [name], visitLanguage);
  }
  for (const name of LANGUAGE_GLOBALS) {
    const value = valueOf(realm, name);
    if (isReferable(value) && visitLanguage(value, [name], 'value')) {
      walkMembers(value as object, [name], visitLanguage);
    }
  }
  for (const name of NODE_GLOBALS) indexNodeGlobal(index, realm, name);
  const process = readGlobal(realm, 'process');
  addFunctions(index, 'process', process);
  addFunctions(index, 'console', readGlobal(realm, 'console'));
  const env = isReferable(process) ? valueOf(process as object, 'env') : undefined;
  if (isReferable(env)) index.set(env, [['process', 'env'], 'value']);
  return index;
}

function visitor(index: Index, isMember: (value: Referable, step: Step | undefined) => boolean): Visit {
  return (value, path, part) => {
    // A Proxy was put there by the program.
    if (types.isProxy(value)) return false;
    if (index.has(value) || !isMember(value, path.at(-1))) return false;
    index.set(value, [path, part]);
    if (part !== 'value') return false;
    // Function.prototype is a function itself.
    return !isFunction(value) || propertyOf(value, 'prototype') !== undefined || path.at(-1) === 'prototype';
  };
}

/** Whether a value is the engine's, not one that a program added or changed. */
function isLanguageMember(value: Referable, step: Step | undefined): boolean {
  if (typeof value === 'symbol') return false;
  if (step === 'prototype') return true; // cannot be changed on native functions
  if (isFunction(value)) return isNamedNative(value);
  if (typeof step === 'object') return step.symbol === 'Symbol.unscopables';
  const tag = propertyOf(value, Symbol.toStringTag);
  return tag?.writable === false && typeof tag.value === 'string' && tag.value.endsWith(step ?? '');
}

/**
 * Whether a value is a member of Node's classes, which are JavaScript; their objects besides prototypes are
 * state.
 */
function isNodeMember(value: Referable, step: Step | undefined): boolean {
  return typeof value !== 'object' || step === 'prototype';
}

function indexNodeGlobal(index: Index, realm: Realm, name: string): void {
  const value = readGlobal(realm, name);
  if (!isFunction(value) || types.isProxy(value) || index.has(value)) return;
  index.set(value, [[name], 'value']);
  walkMembers(value, [name], visitor(index, isNodeMember));
}

/** Adds an object, its own functions and their functions; everything else on it is state of the program. */
function addFunctions(index: Index, name: string, object: unknown): void {
  if (!isReferable(object) || typeof object === 'symbol') return;
  index.set(object, [[name], 'value']);
  walkMembers(
    object,
    [name],
    visitor(index, (value, step) => isFunction(value) && step !== 'constructor'),
  );
}

/**
 * Reads a global, but calls no getter in a context that a program made, because it may be the program's.
 * @returns undefined also if a getter throws that the program put in the place of Node's
 */
function readGlobal(realm: Realm, name: string): unknown {
  if (realm !== mainGlobal && realm !== globalThis) return valueOf(realm, name);
  try {
    return Reflect.get(realm, name);
  } catch {
    return undefined;
  }
}

/** Searches globals that load on first use, but loads them only if the value is likely to be one. */
function findLazy(value: Referable, fromNode: boolean): Place | undefined {
  if (typeof value === 'symbol' || types.isProxy(value)) return undefined;
  const fn = isFunction(value) ? value : ownerOfPrototype(value);
  if (fn === undefined) return findSingleton(value);
  const isNamed = LAZY_GLOBALS.has(nameOf(fn));
  const isLikely = isNamed && (fn !== value || isNative(fn));
  if (!isLikely && !fromNode) return undefined;
  for (const realm of OWN_REALMS) {
    // A method may belong to any of these globals.
    for (const name of isNamed ? [nameOf(fn)] : LAZY_GLOBALS) {
      if (name in realm) indexNodeGlobal(indexOf(realm), realm, name);
    }
    const place = indexOf(realm).get(value);
    if (place !== undefined) return place;
  }
  return undefined;
}

function findSingleton(value: object): Place | undefined {
  if (valueOf(value, '_isStdio') === true) {
    const name = (['stdout', 'stderr'] as const).find((each) => mainProcess[each] === (value as unknown));
    return name && [['process', name], 'value'];
  }
  const prototype = prototypeOf(value);
  const maker = prototype === null ? undefined : ownerOfPrototype(prototype);
  const text = maker && SINGLETONS.get(nameOf(maker));
  if (text === undefined) return undefined;
  const { path } = parsePath(text);
  const [name = '', ...members] = path as string[];
  const isAt = (realm: Realm): boolean => follow(readGlobal(realm, name), members) === value;
  return OWN_REALMS.some(isAt) ? [path, 'value'] : undefined;
}

/**
 * Intrinsics without a global name, by names like `%AsyncFunction%`; none where evaluating code is forbidden.
 */
function hiddenIntrinsics(realm: typeof globalThis): Readonly<Record<string, object>> {
  let hidden = hiddenByRealm.get(realm);
  if (hidden === undefined) {
    hidden = evaluate(realm);
    hiddenByRealm.set(realm, hidden);
  }
  return hidden;
}

const hiddenByRealm = new WeakMap<object, Readonly<Record<string, object>>>();

function evaluate(realm: typeof globalThis): Readonly<Record<string, object>> {
  try {
    const hidden: unknown =
      realm === mainGlobal ? runInThisContext(HIDDEN) : new realm.Function(`return ${HIDDEN}`)();
    return hidden as Record<string, object>;
  } catch {
    return {};
  }
}

/** A text because it must run in the given realm. */
const HIDDEN = `(() => {
  const up = Object.getPrototypeOf;
  const helpers = typeof Iterator === 'function' && typeof Iterator.from === 'function' && {
    '%IteratorHelperPrototype%': up([].values().map((x) => x)),
    '%WrapForValidIteratorPrototype%': up(Iterator.from({ next() {} })),
  };
  return {
    '%TypedArray%': up(Int8Array),
    '%AsyncFunction%': (async () => {}).constructor,
    '%GeneratorFunction%': (function* () {}).constructor,
    '%AsyncGeneratorFunction%': (async function* () {}).constructor,
    '%IteratorPrototype%': up(up([].values())),
    '%AsyncIteratorPrototype%': up(up((async function* () {}).prototype)),
    '%ArrayIteratorPrototype%': up([].values()),
    '%MapIteratorPrototype%': up(new Map().values()),
    '%SetIteratorPrototype%': up(new Set().values()),
    '%StringIteratorPrototype%': up(''[Symbol.iterator]()),
    '%RegExpStringIteratorPrototype%': up(/./[Symbol.matchAll]('')),
    '%ThrowTypeError%': Object.getOwnPropertyDescriptor((function () { 'use strict'; return arguments; })(), 'callee').get,
    ...helpers,
  };
})()`;

/** Globals of the language in any version of Node. */
export const LANGUAGE_GLOBALS: readonly string[] = words(`
  Object Function Array Number Boolean String Symbol BigInt Date RegExp Promise Proxy Reflect JSON Math
  Intl Atomics WebAssembly Iterator Temporal Error AggregateError SuppressedError EvalError RangeError
  ReferenceError SyntaxError TypeError URIError Map Set WeakMap WeakSet WeakRef FinalizationRegistry
  DisposableStack AsyncDisposableStack ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array
  Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array
  Float32Array Float64Array parseFloat parseInt isFinite isNaN eval escape unescape decodeURI
  decodeURIComponent encodeURI encodeURIComponent
`);

/** Globals of Node that exist from the start, so that reading them loads nothing. */
export const NODE_GLOBALS: readonly string[] = words(`
  setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask
  structuredClone fetch atob btoa Buffer URL URLSearchParams Event EventTarget CustomEvent AbortController
  AbortSignal DOMException TextEncoder TextDecoder
`);

/** Globals of Node that load when first read, some in tens of milliseconds. */
export const LAZY_GLOBALS: ReadonlySet<string> = new Set(
  words(`
  Blob File FormData Headers Request Response WebSocket EventSource CloseEvent MessageEvent ErrorEvent
  BroadcastChannel MessageChannel MessagePort Crypto CryptoKey SubtleCrypto Navigator URLPattern Storage
  LockManager Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver
  PerformanceObserverEntryList PerformanceResourceTiming QuotaExceededError ReadableStream
  ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableByteStreamController ReadableStreamDefaultController TransformStream
  TransformStreamDefaultController WritableStream WritableStreamDefaultController
  WritableStreamDefaultWriter ByteLengthQueuingStrategy CountQueuingStrategy TextEncoderStream
  TextDecoderStream CompressionStream DecompressionStream
`),
);

/** Paths of globals that are the only object of their class, by the name of the class. */
export const SINGLETONS: ReadonlyMap<string, string> = new Map([
  ['Performance', 'performance'],
  ['Crypto', 'crypto'],
  ['SubtleCrypto', 'crypto.subtle'],
  ['Navigator', 'navigator'],
]);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
