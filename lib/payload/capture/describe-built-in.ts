import { types } from 'node:util';
import type { DomExceptionParts, ObjectNode, Slot } from '../graph.ts';
import { identityOf } from '../identities.ts';
import { promiseState } from '../inspect/slots.ts';
import { propertyOf, prototypeOf } from '../reference/members.ts';
import { describeBuffer, describeView } from './buffers.ts';
import { intrinsicName } from './platform.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

type Kind = ObjectNode['kind'];

/** An object of a kind that the language defines, such as a Map or a Date. */
interface BuiltIn {
  readonly node: ObjectNode;
  /** The name of the default prototype of its kind. */
  readonly prototype: string;
  /** Own properties that every object of its kind has. */
  readonly skipped: readonly PropertyKey[] | undefined;
}

/** Describes a built-in object; returns undefined for any other. */
export function describeBuiltIn(sink: CaptureSink, index: number, object: object): BuiltIn | undefined {
  const kind = CHECKS.find(([, check]) => check(object))?.[0];
  if (kind === undefined) return undefined;
  const node = describeKind(sink, index, object, kind);
  const prototype = DEFAULT_PROTOTYPES[kind] ?? `${typeOf(node)}.prototype`;
  return { node, prototype, skipped: SKIPPED[kind] };
}

/** The built-in kinds, with checks that do not depend on the prototype. */
const CHECKS: readonly (readonly [Kind, (object: object) => boolean])[] = [
  ['array', Array.isArray],
  ['map', types.isMap],
  ['set', types.isSet],
  ['weak-map', types.isWeakMap],
  ['weak-set', types.isWeakSet],
  ['date', types.isDate],
  ['regexp', types.isRegExp],
  // Before errors, because since Node 22 it counts as one of them.
  ['dom-exception', (object) => domExceptionParts(object) !== undefined],
  ['error', types.isNativeError],
  ['promise', types.isPromise],
  ['boxed', types.isBoxedPrimitive],
  ['arguments', types.isArgumentsObject],
  ['buffer', types.isArrayBuffer],
  ['view', types.isArrayBufferView],
];

const DEFAULT_PROTOTYPES: Readonly<Partial<Record<Kind, string>>> = {
  array: 'Array.prototype',
  map: 'Map.prototype',
  set: 'Set.prototype',
  'weak-map': 'WeakMap.prototype',
  'weak-set': 'WeakSet.prototype',
  date: 'Date.prototype',
  regexp: 'RegExp.prototype',
  'dom-exception': 'DOMException.prototype',
  error: 'Error.prototype',
  promise: 'Promise.prototype',
  arguments: 'Object.prototype',
  buffer: 'ArrayBuffer.prototype',
};

/** Prototype of the DOMExceptions of Node 26 and newer that have more state. */
export const QUOTA_PROTOTYPE = 'QuotaExceededError.prototype';

/** Own properties that every object of the kind has; they are not sent. */
const SKIPPED: Readonly<Partial<Record<Kind, readonly PropertyKey[]>>> = {
  arguments: ['callee', Symbol.iterator],
};

function describeKind(sink: CaptureSink, index: number, object: object, kind: Kind): ObjectNode {
  switch (kind) {
    case 'array':
      return { kind, length: (object as unknown[]).length };
    case 'map':
      return { kind, entries: mapEntries(sink, index, object as Map<unknown, unknown>) };
    case 'set':
      return { kind, entries: setEntries(sink, index, object as Set<unknown>) };
    case 'weak-map':
    case 'weak-set':
      sink.noteWeak(index, object as WeakSet<object>);
      return { kind, id: identityOf(object), entries: [] };
    case 'date':
      return { kind, time: Date.prototype.getTime.call(object) };
    case 'dom-exception':
      return { kind, ...(domExceptionParts(object) as DomExceptionParts) };
    case 'regexp':
      return { kind, ...regExpParts(object) };
    case 'promise':
      return describePromise(sink, index, object as Promise<unknown>);
    case 'boxed': {
      const value = unbox(object);
      return { kind, value: sink.slot(value, index, { by: 'part', name: 'the boxed value' }) };
    }
    case 'arguments':
      return { kind, length: (object as { length: number }).length };
    case 'buffer':
      return describeBuffer(sink, object as ArrayBuffer);
    case 'view':
      return describeView(sink, index, object as ArrayBufferView);
    default:
      return { kind };
  }
}

/** Internal state of a DOMException, which only its getters read; undefined for any other object. */
export function domExceptionParts(object: object): DomExceptionParts | undefined {
  let quota: DomExceptionParts['quota'];
  for (let prototype = prototypeOf(object); prototype !== null; prototype = prototypeOf(prototype)) {
    try {
      if (isIntrinsic(prototype, QUOTA_PROTOTYPE, 'quota')) {
        const [limit, requested] = read(object, prototype, ['quota', 'requested']) as (number | null)[];
        quota = { quota: limit ?? null, requested: requested ?? null };
      } else if (isIntrinsic(prototype, 'DOMException.prototype', 'name')) {
        const [name, message] = read(object, prototype, ['name', 'message']) as [string, string];
        return { name, message, quota };
      }
    } catch {
      // It has the prototype of a DOMException, but was not made by its constructor.
      return undefined;
    }
  }
  return undefined;
}

/** Whether a prototype has this name among those of the platform; most are told by lack of a getter. */
function isIntrinsic(prototype: object, name: string, getter: string): boolean {
  return propertyOf(prototype, getter)?.get !== undefined && intrinsicName(prototype) === name;
}

function read(object: object, prototype: object, keys: readonly string[]): unknown[] {
  return keys.map((key): unknown =>
    Reflect.apply(propertyOf(prototype, key)?.get as () => unknown, object, []),
  );
}

/**
 * The value in a boxed primitive, read by the language's own methods because the object may have another
 * `valueOf`.
 */
function unbox(object: object): unknown {
  if (types.isNumberObject(object)) return Number.prototype.valueOf.call(object);
  if (types.isStringObject(object)) return String.prototype.valueOf.call(object);
  if (types.isBooleanObject(object)) return Boolean.prototype.valueOf.call(object);
  if (types.isBigIntObject(object)) return BigInt.prototype.valueOf.call(object as unknown as bigint);
  return Symbol.prototype.valueOf.call(object as unknown as symbol);
}

function describePromise(sink: CaptureSink, index: number, promise: Promise<unknown>): ObjectNode {
  const found = promiseState(promise);
  if (found.state === 'pending') throw new Refusal('a pending Promise', 'Await it before you submit.');
  const value = found.state === 'fulfilled' ? found.value : found.reason;
  const slot = sink.slot(value, index, { by: 'part', name: 'what the Promise settled with' });
  return { kind: 'promise', state: found.state, value: slot };
}

function regExpParts(regExp: object): { source: string; flags: string } {
  const get = (name: string): string =>
    Reflect.apply(propertyOf(RegExp.prototype, name)?.get as () => string, regExp, []);
  return { source: get('source'), flags: get('flags') };
}

function mapEntries(sink: CaptureSink, index: number, map: Map<unknown, unknown>): Slot[] {
  const entries: Slot[] = [];
  Map.prototype.forEach.call(map, (value, key) => {
    entries.push(sink.slot(key, index, { by: 'key', key }), sink.slot(value, index, { by: 'entry', key }));
  });
  return entries;
}

function setEntries(sink: CaptureSink, index: number, set: Set<unknown>): Slot[] {
  const entries: Slot[] = [];
  Set.prototype.forEach.call(set, (key) => entries.push(sink.slot(key, index, { by: 'key', key })));
  return entries;
}

function typeOf(node: ObjectNode): string {
  if (node.kind === 'view') return node.type;
  const { value } = node as Extract<ObjectNode, { kind: 'boxed' }>;
  const name = typeof value;
  return name === 'object'
    ? 'Symbol'
    : name === 'bigint'
      ? 'BigInt'
      : `${name[0]?.toUpperCase()}${name.slice(1)}`;
}
