import { types } from 'node:util';
import { hasExtraProperties } from './capture/extra-properties.ts';
import { propertyOf, type Property } from './reference/properties.ts';

/** Deeper than this, v8 runs out of stack; the graph does not. */
const DEEPEST = 1000;

/**
 * Whether v8 alone brings a value over just as it is: plain data of this realm, without classes, functions, symbols, accessors, frozen
 * objects, views that share a buffer, or great depth. Nothing is called on the way.
 * @param apart objects that it must not hold
 */
export function isPlain(value: unknown, apart?: WeakSet<object>): boolean {
  if (!isObject(value)) return isPlainPrimitive(value);
  const seen = new Set<object>([value]);
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: object[] = [];
    const visit = (part: unknown): boolean => {
      if (!isObject(part)) return isPlainPrimitive(part);
      // What is met twice may be deeper by the other way.
      if (seen.has(part)) return true;
      seen.add(part);
      next.push(part);
      return apart?.has(part) !== true;
    };
    for (const object of level) if (!visitParts(object, visit, seen)) return false;
    if (depth > DEEPEST) return false;
    level = next;
  }
  return true;
}

type Visit = (part: unknown) => boolean;

function visitParts(object: object, visit: Visit, seen: Set<object>): boolean {
  if (types.isProxy(object)) return false;
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === Object.prototype) return visitProperties(object, visit) && !isExotic(object);
  if (prototype === Array.prototype) return Array.isArray(object) && visitArray(object, visit);
  if (prototype === Map.prototype && types.isMap(object)) {
    return hasNoProperties(object) && [...object].every(([key, entry]) => visit(key) && visit(entry));
  }
  if (prototype === Set.prototype && types.isSet(object))
    return hasNoProperties(object) && [...object].every(visit);
  if (prototype === Date.prototype) return types.isDate(object) && hasNoProperties(object);
  if (types.isTypedArray(object)) {
    // Views of one buffer share it afterwards too: that takes the graph.
    const isUsual = prototype === Buffer.prototype || VIEWS.has(prototype as object);
    const { buffer } = object;
    if (
      !isUsual ||
      types.isSharedArrayBuffer(buffer) ||
      (buffer as { resizable?: boolean }).resizable === true
    )
      return false;
    if (seen.has(buffer) && !isPool(buffer)) return false;
    seen.add(buffer);
    return Object.isExtensible(object) && !hasExtraProperties(object);
  }
  if (prototype === ArrayBuffer.prototype && types.isArrayBuffer(object)) {
    return hasNoProperties(object) && (object as { resizable?: boolean }).resizable !== true;
  }
  return false;
}

function visitProperties(object: object, visit: Visit): boolean {
  if (!Object.isExtensible(object)) return false;
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === 'symbol') return false;
    const { value, get, set, enumerable, writable, configurable } = propertyOf(object, key) as Property;
    if (get !== undefined || set !== undefined) return false;
    if (enumerable !== true || writable !== true || configurable !== true || !visit(value)) return false;
  }
  return true;
}

function visitArray(array: readonly unknown[], visit: Visit): boolean {
  const keys = Object.keys(array);
  // Holes and other properties survive, accessors would be called.
  if (!Object.isExtensible(array) || !hasNoSymbols(array)) return false;
  for (const key of keys) {
    const { get, writable, configurable, value } = propertyOf(array, key) as Property;
    if (get !== undefined || writable !== true || configurable !== true || !visit(value)) return false;
  }
  return true;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

function isPlainPrimitive(value: unknown): boolean {
  return typeof value !== 'symbol';
}

function hasNoProperties(object: object): boolean {
  return Reflect.ownKeys(object).length === 0 && Object.isExtensible(object);
}

function hasNoSymbols(object: object): boolean {
  return Object.getOwnPropertySymbols(object).length === 0;
}

/** Small Buffers are views of one large one, which is nobody's business. */
function isPool(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === Buffer.poolSize;
}

/**
 * Kinds that look plain by their prototype, but which V8 writes as what they are, or as plain; others, such as promises, it refuses. Asked only
 * of objects without symbols: a tag might be somebody's code.
 */
function isExotic(object: object): boolean {
  return (
    // Arguments, errors, dates, regular expressions, boxed values, arrays.
    Object.prototype.toString.call(object) !== '[object Object]' ||
    types.isMap(object) ||
    types.isSet(object) ||
    types.isAnyArrayBuffer(object) ||
    ArrayBuffer.isView(object)
  );
}

const VIEWS: ReadonlySet<object> = new Set(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map(({ prototype }) => prototype as object),
);
