import { inspect, types } from 'node:util';
import { serialize as write } from 'node:v8';
import { SerializationError } from '../base/errors.ts';
import { hasOnlyDenseArrays } from './dense-arrays.ts';
import { isConstant } from './identities.ts';
import { hasMembersOfModules, placesOf } from './reference/module-members.ts';

/** Depth below which v8 might run out of stack; the graph has no such limit. */
const DEEPEST = 1000;

/** Depth at which a cycle is suspected. */
const DEEPEST_FIRST = 100;

/**
 * One in so many visited objects is remembered, to notice when the same few objects are visited repeatedly.
 */
const SAMPLED = 64;
const SAMPLES = 1024;

/**
 * Treatment of arrays. `written`: no element is checked for an accessor; `hasOnlyDenseArrays` does it on the
 * bytes.
 */
type Arrays = 'each element' | 'written';

/**
 * Whether v8 alone copies a value exactly: plain data of this realm, without classes, functions, symbols,
 * accessors, frozen objects, views that share a buffer, or great depth. Calls no code of the value, except
 * accessors of arrays if these are `written`.
 * @param apart objects that the value must not contain
 */
export function isPlain(value: unknown, arrays: Arrays, apart?: Apart): boolean {
  return walkPlain(value, arrays, apart) !== undefined;
}

/** @returns undefined if the value is not plain */
function walkPlain(value: unknown, arrays: Arrays, apart?: Apart): Walk | undefined {
  const walk = new Walk(arrays);
  const sample = new Set<object>();
  let depth = 0;
  let visited = 0;
  const isRepetitive = (): boolean => visited > SAMPLED * SAMPLES && sample.size * SAMPLED * 4 < visited;
  const visit = (part: unknown): boolean => {
    if (!isObject(part)) return isPlainPrimitive(part);
    if (apart?.has(part) === true) return false;
    visited += 1;
    if (visited % SAMPLED === 0) sample.add(part);
    if (depth === DEEPEST_FIRST || isRepetitive()) return false;
    depth += 1;
    if (!walk.visitParts(part, visit)) return false;
    depth -= 1;
    return true;
  };
  if (visit(value)) return walk;
  return depth === DEEPEST_FIRST || isRepetitive() ? walkOnce(value, arrays, apart) : undefined;
}

/**
 * Checks each object once, level by level, for values with cycles or with objects that are shared many times.
 */
function walkOnce(value: unknown, arrays: Arrays, apart: Apart | undefined): Walk | undefined {
  const walk = new Walk(arrays);
  const seen = new Set<object>();
  let next: object[] = [];
  const visit = (part: unknown): boolean => {
    if (!isObject(part)) return isPlainPrimitive(part);
    // V8 may reach it by a longer way, and so deeper, which is not noticed here.
    if (seen.has(part)) return true;
    seen.add(part);
    next.push(part);
    return apart?.has(part) !== true;
  };
  if (!visit(value)) return undefined;
  for (let depth = 0; next.length > 0; depth += 1) {
    if (depth > DEEPEST) return undefined;
    const level = next;
    next = [];
    for (const object of level) if (!walk.visitParts(object, visit)) return undefined;
  }
  return walk;
}

/** Objects that a value must not contain. */
type Apart = Pick<WeakSet<object>, 'has'>;

type Visit = (part: unknown) => boolean;

class Walk {
  readonly #arrays: Arrays;
  /** Lists with holes, of which v8 writes each element with its index. */
  readonly sparse = new Set<readonly unknown[]>();
  /** The first holder of each buffer: a view, or the buffer itself. */
  readonly #holders = new Map<ArrayBuffer, object>();

  constructor(arrays: Arrays) {
    this.#arrays = arrays;
  }

  visitParts(object: object, visit: Visit): boolean {
    if (types.isProxy(object)) return false;
    const prototype = Object.getPrototypeOf(object) as object | null;
    if (prototype === Object.prototype) return visitProperties(object, visit) && !isExotic(object);
    if (prototype === Array.prototype) return Array.isArray(object) && this.#visitArray(object, visit);
    if (prototype === Map.prototype && types.isMap(object)) {
      return hasNoProperties(object) && visitEntries(object, visit);
    }
    if (prototype === Set.prototype && types.isSet(object)) {
      return hasNoProperties(object) && visitMembers(object, visit);
    }
    if (prototype === Date.prototype) return types.isDate(object) && hasNoProperties(object);
    if (types.isTypedArray(object)) return this.#visitView(object, prototype);
    if (prototype === ArrayBuffer.prototype && types.isArrayBuffer(object)) {
      return hasNoProperties(object) && this.#isAlone(object, object);
    }
    return false;
  }

  #visitArray(array: readonly unknown[], visit: Visit): boolean {
    if (!isWritable(array, 'length')) return false;
    if (hasOtherKeys(array)) return visitByKeys(array, visit);
    if (this.#arrays === 'each element' && !Object.isExtensible(array)) return false;
    const { length } = array;
    const isWritten = this.#arrays === 'written';
    for (let index = 0; index < length; index += 1) {
      const element = isWritten ? array[index] : plainElement(array, index);
      if (isMostCommon(element)) continue;
      if (element === ODD) return false;
      if (element === undefined && !Object.hasOwn(array, index)) {
        this.sparse.add(array);
        return visitByKeys(array, visit);
      }
      if (!visit(element)) return false;
    }
    // V8 never writes a list that cannot be extended as dense, unless it is empty.
    return length > 0 || Object.isExtensible(array);
  }

  #visitView(view: NodeJS.TypedArray, prototype: object | null): boolean {
    if (prototype !== Buffer.prototype && !VIEWS.has(prototype as object)) return false;
    if (types.isSharedArrayBuffer(view.buffer) || !this.#isAlone(view.buffer, view)) return false;
    return Object.isExtensible(view) && !hasExtraProperties(view);
  }

  /** Whether a buffer has one holder and a fixed size; otherwise only the graph restores it. */
  #isAlone(buffer: ArrayBuffer, holder: object): boolean {
    const other = this.#holders.get(buffer);
    if (other !== undefined && other !== holder && !isPool(buffer)) return false;
    this.#holders.set(buffer, holder);
    return (buffer as { resizable?: boolean }).resizable !== true;
  }
}

function visitProperties(object: object, visit: Visit): boolean {
  if (!Object.isExtensible(object) || hasSymbols(object)) return false;
  for (const key of Object.getOwnPropertyNames(object)) if (!visitProperty(object, key, visit)) return false;
  return true;
}

function visitProperty(object: object, key: string, visit: Visit): boolean {
  // Reflect.getOwnPropertyDescriptor takes twice as long.
  const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
  const { value, writable, enumerable, configurable } = property;
  if (writable !== true || enumerable !== true || configurable !== true) return false;
  return isMostCommon(value) || visit(value);
}

/** Takes time by what a list holds, not by its length. */
function visitByKeys(array: readonly unknown[], visit: Visit): boolean {
  if (!Object.isExtensible(array) || hasSymbols(array)) return false;
  for (const key of Object.getOwnPropertyNames(array)) {
    if (key !== 'length' && !visitProperty(array, key, visit)) return false;
  }
  return true;
}

/** The element at an index if it is plain, undefined also where there is none. */
function plainElement(array: readonly unknown[], index: number): unknown {
  const property = Object.getOwnPropertyDescriptor(array, index);
  if (property === undefined) return undefined;
  const { value, writable, enumerable, configurable } = property;
  return writable === true && enumerable === true && configurable === true ? (value as unknown) : ODD;
}

/** In the place of an element that v8 alone does not copy. */
const ODD = Symbol('odd');

function isWritable(object: object, key: PropertyKey): boolean {
  return Object.getOwnPropertyDescriptor(object, key)?.writable === true;
}

function visitEntries(map: Map<unknown, unknown>, visit: Visit): boolean {
  let isPlainSoFar = true;
  Map.prototype.forEach.call(map, (entry, key) => {
    isPlainSoFar &&= visit(key) && visit(entry);
  });
  return isPlainSoFar;
}

function visitMembers(set: Set<unknown>, visit: Visit): boolean {
  let isPlainSoFar = true;
  Set.prototype.forEach.call(set, (member) => {
    isPlainSoFar &&= visit(member);
  });
  return isPlainSoFar;
}

/** Checked before a call of `visit`, for speed. */
function isMostCommon(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string';
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

function hasSymbols(object: object): boolean {
  return Object.getOwnPropertySymbols(object).length > 0;
}

/** Whether a buffer is the pool that small Buffers are views of, whose sharing has no meaning. */
function isPool(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === Buffer.poolSize;
}

/**
 * Whether an object with a plain prototype is of another kind that V8 writes, as that kind or as plain; it
 * refuses the rest, such as promises. Only call this for objects without symbols, because a tag might be an
 * accessor.
 */
function isExotic(object: object): boolean {
  return (
    // Arguments, errors, dates, regular expressions, boxed values and arrays.
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

/**
 * Serializes a value by v8 alone if it is plain data.
 * @param name name of the value in errors
 * @param apart objects that the value must not contain
 * @returns undefined if only the graph can copy the value
 * @throws {SerializationError} if v8 fails, such as on a value that is too large
 */
export function serializePlain(value: unknown, name: string, apart?: Apart): Buffer | undefined {
  let bytes: Buffer;
  let walk: Walk | undefined;
  const special = objectsApart(apart);
  try {
    walk = walkPlain(value, 'written', special);
    if (walk === undefined) return undefined;
    bytes = write(value);
  } catch (error) {
    const message = String((error as Error | null)?.message);
    // An object with the prototype of another kind, a buffer whose bytes were transferred, or an accessor of a
    // list that throws: the graph copies it, or reports the path to it.
    if (/could not be cloned|detached/.test(message) || !isPlain(value, 'each element', special))
      return undefined;
    throw new SerializationError(`${name} cannot be serialized: ${message}`, name, { cause: error });
  }
  return hasOnlyDenseArrays(bytes, walk.sparse.size) || isPlain(value, 'each element', special)
    ? bytes
    : undefined;
}

/** Objects that only the graph copies: those given, and those that the reader may have itself. */
function objectsApart(apart: Apart | undefined): Apart | undefined {
  if (!hasMembersOfModules()) return apart;
  return {
    has: (object) => apart?.has(object) === true || isConstant(object) || placesOf(object).length > 0,
  };
}

/** Whether a value is neither an object, whose identity may matter, nor a symbol. */
export function isPrimitive(value: unknown): boolean {
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  );
}

/** Longest list whose keys take less time to list than `inspect` does to look for some. */
const SHORT = 8;

/**
 * Whether an array has properties besides its elements and its length, or a short one has holes; in no time that depends on its length.
 */
export function hasOtherKeys(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length <= SHORT) return Reflect.ownKeys(array).length !== length + 1;
  if (hasSymbols(array)) return true;
  const text = inspect(array, { ...NO_ELEMENTS, showHidden: true });
  return !/^\[ \.\.\. \d+ more items?, \[length\]: \d+ \]$/.test(text);
}

const NO_ELEMENTS = { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity } as const;

/**
 * Whether a view has properties besides its elements; `inspect` finds them without listing millions of
 * elements.
 */
export function hasExtraProperties(view: NodeJS.TypedArray): boolean {
  const text = inspect(view, NO_ELEMENTS);
  return !/\[(?: \.\.\. \d+ more items? )?\]$/.test(text);
}
