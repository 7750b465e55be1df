import { inspect, types } from 'node:util';
import {
  ACCESSOR,
  CONFIGURABLE,
  ENUMERABLE,
  type ObjectState,
  PLAIN_PROPERTY,
  type Properties,
  WRITABLE,
} from '../graph.ts';
import { hasExtraProperties } from '../plain-data.ts';
import { isNative, type Property, propertyOf, type SomeFunction } from '../reference/members.ts';
import { intrinsicName } from './platform.ts';
import { TO_PROTOTYPE } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/**
 * The state of an object besides its kind: an unusual prototype, own properties, and whether it is
 * extensible.
 * @param expected the name of the default prototype of its kind
 */
export function stateOf(
  sink: CaptureSink,
  index: number,
  object: object,
  expected: string,
  skipped: readonly PropertyKey[] = [],
): ObjectState {
  const state: ObjectState = {};
  const prototype = sentPrototypeOf(sink, object);
  if (prototype === null || intrinsicName(prototype) !== expected) {
    if (prototype !== null) sink.references.classes.noteOwnerOf(prototype);
    state.prototype = sink.slot(prototype, index, TO_PROTOTYPE);
  }
  const properties = captureProperties(sink, index, object, skipped);
  if (properties !== undefined) state.properties = properties;
  if (!Object.isExtensible(object)) state.fixed = true;
  const error = sink.thrown?.errorOf(object, sink);
  if (error !== undefined) state.error = error.seen;
  return state;
}

/** The prototype with which an object is sent: the first in its chain that can be, if it was thrown. */
export function sentPrototypeOf(sink: CaptureSink, object: object): object | null {
  const error = sink.thrown?.errorOf(object, sink);
  if (error !== undefined) return error.prototype;
  let prototype = Object.getPrototypeOf(object) as object | null;
  while (prototype !== null && sink.isInWords(prototype)) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype;
}

/** The own properties of an object in their order; undefined if there are none. Calls no getter. */
function captureProperties(
  sink: CaptureSink,
  index: number,
  object: object,
  skippedKeys: readonly PropertyKey[],
): Properties | undefined {
  const keys = ownKeys(object);
  const skipped = new Set(skippedKeys);
  const properties: Properties = { keys: [], values: [] };
  for (const key of keys) {
    if (skipped.has(key)) continue;
    const descriptor = descriptorOf(sink, object, key);
    if (isInherentProperty(object, key, descriptor)) continue;
    const { value, get, set } = descriptor;
    if (typeof value === 'function') sink.noteHome(value, object);
    if (get !== undefined) sink.noteHome(get, object);
    if (set !== undefined) sink.noteHome(set, object);
    addProperty(sink, index, properties, key, descriptor);
  }
  return properties.keys.length === 0 ? undefined : properties;
}

/** Appends a property to `properties`. */
export function addProperty(
  sink: CaptureSink,
  index: number,
  properties: Properties,
  key: string | symbol,
  descriptor: Property,
): void {
  const at = properties.keys.length;
  properties.keys.push(
    typeof key === 'string'
      ? key
      : sink.slot(key, index, { by: 'part', name: `property key ${String(key)}` }),
  );
  const { get, set } = descriptor;
  const inWords = [get, set].find((fn) => sink.isInWords(fn));
  if (inWords !== undefined) {
    properties.values.push(sink.slot(inWords, index, { by: 'property', key }));
    return;
  }
  const isAccessor = get !== undefined || set !== undefined || !('value' in descriptor);
  let flags = isAccessor ? ACCESSOR : 0;
  if (descriptor.writable === true) flags |= WRITABLE;
  if (descriptor.enumerable === true) flags |= ENUMERABLE;
  if (descriptor.configurable === true) flags |= CONFIGURABLE;
  if (isAccessor) {
    properties.values.push(sink.slot(get, index, { by: 'getter', key }));
    properties.setters ??= {};
    properties.setters[at] = sink.slot(set, index, { by: 'setter', key });
  } else properties.values.push(sink.slot(descriptor.value, index, { by: 'property', key }));
  if (flags !== PLAIN_PROPERTY) {
    properties.flags ??= {};
    properties.flags[at] = flags;
  }
}

function descriptorOf(sink: CaptureSink, object: object, key: string | symbol): Property {
  const descriptor = propertyOf(object, key) as Property;
  const { get } = descriptor;
  const isThrown = sink.thrown !== undefined && types.isNativeError(object);
  if (get === undefined || !(isThrown || isOfStackOrNode(sink, object, key, get))) return descriptor;
  const { enumerable = false, configurable = false } = descriptor;
  const writable = !Object.isFrozen(object);
  const value: unknown = isThrown ? readProperty(object, key) : Reflect.apply(get, object, []);
  return { value, writable, enumerable, configurable };
}

/** The value of a property, or words if its getter throws. */
export function readProperty(object: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(object, key);
  } catch (error) {
    return `(reading it threw ${inspect(error, { depth: 0 })})`;
  }
}

/**
 * Whether a getter is V8's own, as that of `stack` since Node 22, also on objects that were given to
 * `Error.captureStackTrace`, or Node's own, as those of errors with an `errno` and a `syscall`.
 */
function isOfStackOrNode(
  sink: CaptureSink,
  object: object,
  key: string | symbol,
  get: SomeFunction,
): boolean {
  if (key === 'stack' && isNative(get)) return true;
  return types.isNativeError(object) && sink.references.isForeign(get);
}

/** All own keys, except the elements of typed arrays and boxed strings. */
function ownKeys(object: object): (string | symbol)[] {
  if (types.isTypedArray(object)) return hasExtraProperties(object) ? extraKeys(object) : [];
  if (types.isStringObject(object)) return extraKeys(object).filter((key) => key !== 'length');
  return Reflect.ownKeys(object);
}

function extraKeys(object: object): (string | symbol)[] {
  return Reflect.ownKeys(object).filter((key) => typeof key === 'symbol' || !/^(?:0|[1-9]\d*)$/.test(key));
}

/** Whether the property is as in every object of its kind. */
function isInherentProperty(object: object, key: string | symbol, { value, writable }: Property): boolean {
  if (key === 'length')
    return (Array.isArray(object) && writable === true) || types.isArgumentsObject(object);
  return key === 'lastIndex' && types.isRegExp(object) && value === 0 && writable === true;
}
