import { builtinOf } from '../reference/builtin-modules.ts';
import {
  intrinsicOf,
  LANGUAGE_GLOBALS,
  LAZY_GLOBALS,
  NODE_GLOBALS,
  SINGLETONS,
} from '../reference/intrinsics.ts';
import { isFunction, isNative, mainGlobal, propertyOf, prototypeOf, valueOf } from '../reference/members.ts';
import { hasRecipe } from '../reducers.ts';
import type { Reference } from '../reference/reference.ts';

/** The nature of an object, decided by its nearest prototype that belongs to JavaScript or Node. */
type Nature =
  /** Its properties are its whole state. */
  | { readonly is: 'plain' }
  | { readonly is: 'emitter' }
  /** It has internal state; `type` is as in reducers.ts. */
  | { readonly is: 'platform'; readonly type: string; readonly origin: string };

export function natureOf(object: object): Nature {
  for (let prototype = prototypeOf(object); prototype !== null; prototype = prototypeOf(prototype)) {
    const reference = intrinsicOfAnyRealm(prototype) ?? builtinOf(prototype);
    if (reference === undefined) continue;
    const name = nameOf(reference);
    if (PLAIN.has(name) || (ITERATORS.has(name) && !isNativeIterator(object))) return { is: 'plain' };
    if (EMITTERS.has(name)) return { is: 'emitter' };
    const origin = reference.kind === 'builtin' ? ` (node:${reference.module})` : '';
    return { is: 'platform', type: name.replace(/\.prototype$/, ''), origin };
  }
  return { is: 'plain' };
}

/** Whether an object that inherits from the prototype of all iterators is one of V8's own. */
function isNativeIterator(object: object): boolean {
  for (let at: object | null = object; at !== null; at = prototypeOf(at)) {
    const next = propertyOf(at, 'next');
    if (next !== undefined) return isFunction(next.value) && isNative(next.value);
  }
  return false;
}

/** The reason why an object of the platform cannot be sent, and the remedy. */
export function whyNotSent(type: string, object: object): readonly [what: string, remedy: string] {
  if (type === 'AbortSignal' && (object as AbortSignal).aborted) return WHY_NOT.abortedSignal as Why;
  if (hasRecipe(type)) return ['not all of its state can be read', 'Make it inside the function.'];
  return WHY_NOT[type] ?? ['a live resource of this process', OPEN_INSIDE];
}

type Why = readonly [what: string, remedy: string];

export const NO_SHARING =
  'Jobs share no memory: send a copy in an ArrayBuffer, such as one made with slice().';

export const OPEN_INSIDE = 'Open it inside the function, or send what is needed to open it.';

const BODY: Why = [
  'its body can only be read asynchronously',
  'Send its parts, such as its url, status, [...headers] and `await its.bytes()`, and make it inside the function.',
];
const BYTES: Why = [
  'its bytes can only be read asynchronously',
  'Send `await blob.arrayBuffer()` and its type (of a File also its name), and make it inside the function.',
];
const KEY: Why = [
  'its key material is within Node',
  'Export it, send what you get, and import that inside the function.',
];
const SIGNAL: Why = [
  'it tells of this process when to stop',
  'Make it inside the function: AbortSignal.timeout(ms), or `new AbortController()`. To cancel calls from here, use future.cancel(), or executor.with({ signal }).',
];
const EVENT: Why = [
  'its state is within Node',
  'Send its type and its data, and make it inside the function.',
];
const COMPILED: Why = [
  'its code and memory belong to this process',
  'Send the bytes of the module, and instantiate it inside the function.',
];

/** The reasons for classes whose objects are no resources that the process holds, or have a better remedy. */
const WHY_NOT: Readonly<Record<string, Why>> = {
  abortedSignal: [
    'its state is within Node',
    'Send its reason, and make it inside the function: AbortSignal.abort(reason).',
  ],
  AbortSignal: SIGNAL,
  AbortController: SIGNAL,
  Blob: BYTES,
  File: BYTES,
  Request: BODY,
  Response: BODY,
  FormData: [
    'it may hold files, whose bytes can only be read asynchronously',
    'Send its entries, [...form], and append them to a new one inside the function.',
  ],
  Event: EVENT,
  CustomEvent: EVENT,
  MessageEvent: EVENT,
  ErrorEvent: EVENT,
  CloseEvent: EVENT,
  EventTarget: [
    'its listeners are within Node',
    'Make it inside the function, or use an EventEmitter, which is sent with its listeners.',
  ],
  URLPattern: [
    'not all of its options can be read',
    'Make it inside the function, from the text that it was made of.',
  ],
  WeakRef: ['it tells what this process has in memory', 'Send what it refers to: `ref.deref()`.'],
  FinalizationRegistry: ['it tells what this process has in memory', 'Make it inside the function.'],
  SharedArrayBuffer: ['it is memory of this process', NO_SHARING],
  CryptoKey: KEY,
  'crypto.KeyObject': KEY,
  'WebAssembly.Module': COMPILED,
  'WebAssembly.Instance': COMPILED,
  'WebAssembly.Memory': COMPILED,
  'WebAssembly.Table': COMPILED,
  'WebAssembly.Global': COMPILED,
};

/** Whether a prototype belongs to JavaScript or Node. */
export function isOfPlatform(prototype: object): boolean {
  return (intrinsicOfAnyRealm(prototype) ?? builtinOf(prototype)) !== undefined;
}

/** The name of a prototype of the language, such as `Array.prototype`. */
export function intrinsicName(prototype: object): string | undefined {
  const known = namesByPrototype.get(prototype);
  if (known !== undefined) return known;
  const reference = intrinsicOfAnyRealm(prototype);
  if (reference === undefined) return undefined;
  const name = nameOf(reference);
  namesByPrototype.set(prototype, name);
  return name;
}

const namesByPrototype = new WeakMap<object, string>();

/** Prototypes of objects whose properties are their whole state. */
const PLAIN: ReadonlySet<string> = new Set([
  'Object.prototype',
  'Array.prototype',
  'Function.prototype',
  'Error.prototype',
  'EvalError.prototype',
  'RangeError.prototype',
  'ReferenceError.prototype',
  'SyntaxError.prototype',
  'TypeError.prototype',
  'URIError.prototype',
  'AggregateError.prototype',
]);

const ITERATORS: ReadonlySet<string> = new Set([
  'Iterator.prototype',
  '%IteratorPrototype%',
  '%AsyncIteratorPrototype%',
]);

const EMITTERS: ReadonlySet<string> = new Set(['events.prototype', 'events.EventEmitter.prototype']);

function nameOf(reference: Reference): string {
  if (reference.kind === 'intrinsic') return reference.path;
  if (reference.kind !== 'builtin') return '';
  return [
    reference.module,
    ...reference.path.map((step) => (typeof step === 'string' ? step : step.symbol)),
  ].join('.');
}

/** Global objects of other realms that captured values came from, such as `vm` contexts. */
const realms: WeakRef<object>[] = [];

function noteRealm(global: object): void {
  if (global === globalThis || realms.some((realm) => realm.deref() === global)) return;
  for (let at = realms.length - 1; at >= 0; at -= 1)
    if (realms[at]?.deref() === undefined) realms.splice(at, 1);
  realms.push(new WeakRef(global));
}

/** Prototypes whose realm was determined. */
const checkedPrototypes = new WeakSet<object>();

/** The reference to an intrinsic object of any known realm. */
export function intrinsicOfAnyRealm(value: object | symbol): ReturnType<typeof intrinsicOf> {
  return intrinsicOf(value) ?? intrinsicOfOtherRealm(value);
}

/** The reference to an intrinsic object of a known realm that is not this one. */
export function intrinsicOfOtherRealm(value: object | symbol): ReturnType<typeof intrinsicOf> {
  for (const realm of realms) {
    const global = realm.deref();
    const there = global === undefined ? undefined : intrinsicOf(value, global);
    if (there !== undefined) return there;
  }
  return undefined;
}

/** Notes the realm of an object, which the end of its prototype chain reveals. */
export function noteRealmOf(object: object): void {
  const direct = prototypeOf(object);
  if (direct === null || checkedPrototypes.has(direct)) return;
  checkedPrototypes.add(direct);
  let root = object;
  for (let above = prototypeOf(root); above !== null; above = prototypeOf(root)) {
    root = above;
  }
  if (intrinsicOf(root) !== undefined) return;
  const owner: unknown = valueOf(root, 'constructor');
  if (
    typeof owner !== 'function' ||
    Function.prototype.toString.call(owner) !== 'function Object() { [native code] }'
  )
    return;
  const make = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(owner) as object, 'constructor')
    ?.value as ((text: string) => () => object) | undefined;
  try {
    // The Function constructor of a realm creates functions of that realm.
    if (make !== undefined) noteRealm(make('return globalThis')());
  } catch {
    // The realm does not allow code from strings.
  }
}

/**
 * Whether a name is a global of JavaScript or Node, which every job has. A global that the program replaced
 * is not.
 */
export function isStandardGlobal(name: string, global: object): boolean {
  // Reading one of these loads it, which is slow.
  if (LAZY_GLOBALS.has(name)) return true;
  if (!STANDARD.has(name)) return false;
  // Test environments replace most of them.
  if (global !== mainGlobal) return true;
  const value: unknown = Object.getOwnPropertyDescriptor(global, name)?.value;
  const isReplaceable = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return !isReplaceable || intrinsicOf(value, global) !== undefined;
}

const STANDARD: ReadonlySet<string> = new Set([
  ...LANGUAGE_GLOBALS,
  ...NODE_GLOBALS,
  ...SINGLETONS.values(),
  'process',
  'console',
  'localStorage',
  'sessionStorage',
  'undefined',
  'NaN',
  'Infinity',
  'globalThis',
  'global',
]);
