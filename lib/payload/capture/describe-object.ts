import { types } from 'node:util';
import { type InputFile, inputFileOf } from '../given-files.ts';
import type { AnyFunction, Node, ObjectNode, Properties, Slot } from '../graph.ts';
import { identityOf, isShared } from '../identities.ts';
import { InspectorUnavailableError } from '../inspect/session.ts';
import { privateMembers, proxyParts } from '../inspect/slots.ts';
import { hasOtherKeys } from '../plain-data.ts';
import {
  describeNodeErrorPrototype,
  describeRebuilt,
  type NodeErrorPrototype,
  reduce,
  whyNot,
} from '../reducers.ts';
import { isNative, propertyOf, prototypeOf, valueOf } from '../reference/members.ts';
import { describeBuiltIn } from './describe-built-in.ts';
import { stateOf } from './object-state.ts';
import {
  intrinsicName,
  intrinsicOfAnyRealm,
  isOfPlatform,
  natureOf,
  OPEN_INSIDE,
  whyNotSent,
} from './platform.ts';
import type { References } from './references.ts';
import { describeValue, nameOfFunction, Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/** Describes an object that is not a function. */
export function describeObject(sink: CaptureSink, index: number, object: object): Node {
  if (types.isProxy(object)) return describeProxy(sink, index, object);
  const name = sink.elsewhere?.(object);
  if (name !== undefined) return { kind: 'elsewhere', name };
  const file = inputFileOf(object);
  if (file !== undefined) return describeFile(sink, file);
  const why = whyNot(object);
  if (why !== undefined) throw new Refusal(...why);
  const reduced = reduceSafely(object);
  if (reduced !== undefined) {
    const part = (value: unknown): Slot =>
      sink.slot(value, index, { by: 'part', name: 'what its reducer gave' });
    return { kind: 'reduced', rebuild: part(reduced.rebuild), arguments: reduced.arguments.map(part) };
  }
  if (types.isModuleNamespaceObject(object)) return describeNamespace(sink, index, object);
  const standIn = nodeErrorPrototypeOf(sink.references, object);
  if (standIn !== undefined) return { kind: 'rebuilt', type: 'node-error', data: standIn };
  const owner = ownerOf(object);
  if (owner !== undefined) {
    const [of] = sink.slot(owner, index, { by: 'property', key: 'constructor' }) as readonly [number];
    sink.notePrototype(index, of, owner, object);
    return { kind: 'prototype', of };
  }
  const shallow = shallowData(object);
  if (shallow !== undefined) return { kind: 'data', value: shallow };
  const found = describeBuiltIn(sink, index, object);
  if (found === undefined) return describeOrdinary(sink, index, object);
  const { node, prototype, skipped } = found;
  const state = stateOf(sink, index, object, prototype, skipped);
  return withPrivates(sink, index, object, Object.assign(node, state));
}

function withPrivates<N extends ObjectNode>(sink: CaptureSink, index: number, object: object, node: N): N {
  sink.notePrivates(index, object);
  return node;
}

function describeFile({ files }: CaptureSink, file: InputFile): Node {
  if (files !== undefined) return files.give(file);
  throw new Refusal(
    `the input file ${file.path}, outside of the arguments of a call`,
    'Give it to the function as an argument, with which it travels.',
  );
}

/** The function or class whose `prototype` the object is. */
function ownerOf(object: object): object | undefined {
  const owner: unknown = valueOf(object, 'constructor');
  if (typeof owner !== 'function' || types.isProxy(owner)) return undefined;
  return valueOf(owner, 'prototype') === object ? owner : undefined;
}

function describeProxy(sink: CaptureSink, index: number, proxy: object): Node {
  const parts = proxyParts(proxy);
  if (parts === undefined) throw new Refusal('a revoked Proxy', 'Send something else.');
  return {
    kind: 'proxy',
    target: sink.slot(parts.target, index, { by: 'part', name: 'target of the Proxy' }),
    handler: sink.slot(parts.handler, index, { by: 'part', name: 'handler of the Proxy' }),
  };
}

/** Describes `import * as` of a module that a job cannot load. */
function describeNamespace(sink: CaptureSink, index: number, namespace: object): Node {
  const keys = Object.keys(namespace);
  const values = keys.map((key) =>
    sink.slot((namespace as Record<string, unknown>)[key], index, { by: 'property', key }),
  );
  return namespaceNode({ keys, values });
}

/** Describes an object that looks like the namespace of a module, with these exports. */
export function namespaceNode({ keys, values }: Properties): ObjectNode {
  return { kind: 'namespace', prototype: null, properties: { keys, values }, fixed: true };
}

function describeOrdinary(sink: CaptureSink, index: number, object: object): Node {
  if (types.isGeneratorObject(object)) {
    throw new Refusal(
      'a running generator: its frame cannot be captured',
      'Send the generator function and its arguments.',
    );
  }
  if (isRawJson(object)) return { kind: 'rebuilt', type: 'JSON.rawJSON', data: object.rawJSON };
  const isOrdinary = Object.getPrototypeOf(object) === Object.prototype;
  const nature = isOrdinary ? ({ is: 'plain' } as const) : natureOf(object);
  if (!isOrdinary) refuseForeign(sink, object);
  if (nature.is === 'plain') {
    const id = isShared(object) ? { id: identityOf(object) } : {};
    const state = stateOf(sink, index, object, 'Object.prototype');
    // Without its class, it is made an Error, so that it prints as one.
    if (state.error !== undefined && state.error.unknown > 0) return { kind: 'error', ...state };
    return withPrivates(sink, index, object, { kind: 'object', ...id, ...state });
  }
  if (nature.is === 'emitter') return describeEmitter(sink, index, object);
  const { type, origin } = nature;
  const url = type === 'URLSearchParams' ? urlOf(object) : undefined;
  if (url !== undefined) {
    const part = (value: unknown, name: string): Slot => sink.slot(value, index, { by: 'part', name });
    return {
      kind: 'reduced',
      rebuild: part(Reflect.get, 'how it is read'),
      arguments: [part(url, 'its URL'), 'searchParams'],
    };
  }
  const rebuilt = describeRebuilt(type, object);
  if (rebuilt !== undefined) {
    const state = stateOf(sink, index, object, `${type}.prototype`, Reflect.ownKeys(rebuilt.made));
    if (state.prototype !== undefined) refusePrivates(object, rebuilt.made, type);
    return { kind: 'rebuilt', type, data: rebuilt.data, ...state };
  }
  if (type.startsWith('%'))
    throw new Refusal('an iterator in progress', 'Send what it iterates over, such as [...iterator].');
  const [what, remedy] = whyNotSent(type, object);
  throw new Refusal(`${article(type.replace(/^.*\./, ''))}${origin}: ${what}`, remedy);
}

/** Refuses an object of a class that extends one of Node's and has private members of its own. */
function refusePrivates(object: object, plain: object, type: string): void {
  if (privateMembers(object).length === privateMembers(plain).length) return;
  throw new Refusal(
    `${describeValue(object)}, which has private members beside those of ${type}`,
    'Give its class a method [Symbol.for("condor-futures.reduce")]() that returns [make, ...arguments].',
  );
}

/** Whether an object is one that `JSON.rawJSON` made, which Node 20 does not know. */
function isRawJson(object: object): object is { readonly rawJSON: string } {
  const json = JSON as typeof JSON & { readonly isRawJSON?: (value: unknown) => boolean };
  return prototypeOf(object) === null && json.isRawJSON?.(object) === true;
}

/** The URL whose `searchParams` the object is; undefined if there is none, or it cannot be told. */
function urlOf(params: object): URL | undefined {
  try {
    const url = privateMembers(params).find(({ name }) => name === '#context')?.value;
    return url instanceof URL && url.searchParams === params ? url : undefined;
  } catch (error) {
    if (error instanceof InspectorUnavailableError) return undefined;
    throw error;
  }
}

/** Refuses objects of classes that Node or an addon implements and no module exports. */
function refuseForeign(sink: CaptureSink, object: object): void {
  for (
    let prototype = prototypeOf(object);
    prototype !== null && !isOfPlatform(prototype);
    prototype = prototypeOf(prototype)
  ) {
    const owner = ownerOf(prototype);
    if (owner !== undefined && sink.references.isForeign(owner as AnyFunction)) {
      const what = isNative(owner as AnyFunction) ? 'native ' : '';
      const name = `${what}${nameOfFunction(owner)}`;
      throw new Refusal(`${article(name)}: a live resource of this process`, OPEN_INSIDE);
    }
  }
}

/**
 * Description of a prototype that Node's own errors have between them and the prototype of a class of the
 * language; undefined for any other object.
 */
export function nodeErrorPrototypeOf(references: References, object: object): NodeErrorPrototype | undefined {
  if (!Object.hasOwn(object, 'constructor') || isOfPlatform(object)) return undefined;
  const made = describeNodeErrorPrototype(object);
  if (made !== undefined) return made;
  const layers: object[] = [];
  let base: object | null = object;
  for (; base !== null && !isOfPlatform(base); base = Object.getPrototypeOf(base) as object | null)
    layers.push(base);
  const name = base === null ? undefined : /^(\w*Error)\.prototype$/.exec(intrinsicName(base) ?? '')?.[1];
  if (name === undefined || !layers.every((layer) => isWithinNode(references, layer))) return undefined;
  const type: unknown = Reflect.get(object, 'constructor');
  const isOfLanguage = typeof type !== 'function' || intrinsicOfAnyRealm(type) !== undefined;
  return {
    base: name,
    type: isOfLanguage ? undefined : nameOfFunction(type),
    showsCode: layers.some((layer) => Object.hasOwn(layer, 'toString')),
  };
}

function isWithinNode(references: References, prototype: object): boolean {
  const { value, get = value } = propertyOf(prototype, 'constructor') ?? {};
  if (typeof get !== 'function' || types.isProxy(get)) return false;
  return !isNative(get as AnyFunction) && references.isForeign(get as AnyFunction);
}

/** Describes an EventEmitter without the symbols that Node sets, because the job's Node sets them again. */
function describeEmitter(sink: CaptureSink, index: number, object: object): Node {
  const symbols = Object.getOwnPropertySymbols(object);
  const known = new Set(['Symbol(shapeMode)', 'Symbol(kCapture)']);
  const skipped = symbols.filter((symbol) => known.has(String(symbol)));
  const state = stateOf(sink, index, object, '', skipped);
  return withPrivates(sink, index, object, { kind: 'emitter', ...state });
}

/** Runs the reducer of an object. An error in it becomes a Refusal, to get the path to the object. */
function reduceSafely(object: object): ReturnType<typeof reduce> {
  try {
    return reduce(object);
  } catch (error) {
    const text = String((error as Error | null)?.message ?? error);
    throw new Refusal(`${describeValue(object)}, whose reducer failed: ${text}`, 'Mend the reducer.', {
      cause: error,
    });
  }
}

function article(noun: string): string {
  return `${/^[AEIOU]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

/**
 * A copy of a plain object or array that contains only primitives, which v8 writes as it is; undefined for
 * any other. Most objects of a large value are such leaves.
 */
function shallowData(object: object): object | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || !Object.isExtensible(object) || isShared(object)) return undefined;
  const isArray = Array.isArray(object);
  if (intrinsicName(prototype) !== (isArray ? 'Array.prototype' : 'Object.prototype')) return undefined;
  if (isArray && !isDenseOfPrimitives(object)) return undefined;
  for (const key of isArray ? [] : Reflect.ownKeys(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (typeof key === 'symbol' || !isPlainPrimitive(descriptor)) return undefined;
  }
  // Copied, because v8 does not recognize plain objects of another realm, and because the caller may change
  // this one before it is written.
  return isArray ? Array.from(object as unknown[]) : { ...object };
}

function isDenseOfPrimitives(array: readonly unknown[]): boolean {
  if (hasOtherKeys(array)) return false;
  for (let index = 0; index < array.length; index += 1) {
    const descriptor = Object.getOwnPropertyDescriptor(array, index);
    if (descriptor === undefined || !isPlainPrimitive(descriptor)) return false;
  }
  return Object.getOwnPropertyDescriptor(array, 'length')?.writable === true;
}

function isPlainPrimitive({ value, writable, enumerable, configurable }: PropertyDescriptor): boolean {
  if (writable !== true || enumerable !== true || configurable !== true) return false;
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  );
}
