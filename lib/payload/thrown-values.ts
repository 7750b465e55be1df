import { inspect, types } from 'node:util';
import { asItIs, type Boxed } from '../base/as-it-is.ts';
import * as ownErrors from '../base/errors.ts';
import * as jobErrors from '../base/job-errors.ts';
import { withoutOwnFrames } from '../base/program-frames.ts';
import { captureGraph } from './capture/capture.ts';
import { nodeErrorPrototypeOf } from './capture/describe-object.ts';
import { readProperty } from './capture/object-state.ts';
import { describeValue } from './capture/refusal.ts';
import type { CaptureSink, ThrownRules } from './capture/sink.ts';
import { deserializeInBox } from './deserialize.ts';
import { isGraph, readGraph, writeGraph } from './format.ts';
import type { AnyFunction, Graph, ObjectState } from './graph.ts';
import { isShared } from './identities.ts';
import { loadGraph } from './load/load-graph.ts';
import { serializePlain } from './plain-data.ts';
import { ownerOfPrototype, propertyOf } from './reference/members.ts';
import { textToThere } from './relocated-paths.ts';
import { serialize } from './serialize.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

/** Error or other value that a call threw, as plain data. */
export type EncodedThrown =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** Names of its class and of that class's ancestors, nearest first. */
      readonly classes: readonly string[];
      /** The error itself; undefined if it cannot be sent at all. */
      readonly value: Uint8Array | undefined;
      /** Another error as its cause, which stays as a job encoded it. */
      readonly cause?: EncodedThrown;
    };

const builtin = new Map<string, ErrorClass>(
  Object.entries<ErrorClass>({
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError,
  }),
);
/** Used only for errors that extend our base class, because other libraries have classes of these names. */
const ours = new Map<string, ErrorClass>(Object.entries<ErrorClass>({ ...ownErrors, ...jobErrors }));
const registered = new Map<string, ErrorClass>();

/**
 * Makes errors of a class come back from jobs as instances of it. They are recognized by the class's name;
 * their own properties are restored, and the constructor is not called.
 * @returns the class
 * @throws {TypeError} if it is not a class that extends Error
 */
export function registerErrorClass<C extends ErrorClass>(errorClass: C): C {
  if (typeof errorClass !== 'function' || !isErrorPrototype(errorClass.prototype)) {
    throw new TypeError('Expected `errorClass` to be a class that extends Error');
  }
  registered.set(errorClass.name, errorClass);
  return errorClass;
}

/** Never throws; parts that cannot be serialized are replaced by their `util.inspect` text. */
export function encodeThrown(thrown: unknown): EncodedThrown {
  if (!isError(thrown)) return { kind: 'value', value: encodeValue(thrown) ?? serialize(inWords(thrown)) };
  const stack = readProperty(thrown, 'stack');
  const message = textOf(readProperty(thrown, 'message'));
  return {
    kind: 'error',
    name: textOf(readProperty(thrown, 'name')),
    message,
    stack: typeof stack === 'string' ? stackToThere(stack, message) : undefined,
    classes: prototypesOf(thrown).map(classNameOf),
    value: encodeValue(thrown),
  };
}

/** @returns undefined if it can only be told in words */
function encodeValue(thrown: unknown): Uint8Array | undefined {
  try {
    const plain = serializePlain(thrown, 'value');
    if (plain !== undefined) return plain;
    const { graph } = captureGraph(thrown, 'value', {}, { thrown: { inWords, errorOf } });
    return writeGraph(withStacks(graph, stackToThere));
  } catch {
    return undefined;
  }
}

function stackToThere(stack: string, message: string): string {
  return textToThere(withoutOwnFrames(stack, message));
}

function errorOf(object: object, sink: CaptureSink): ReturnType<ThrownRules['errorOf']> {
  if (!isError(object) || ownerOfPrototype(object) !== undefined) return undefined;
  const prototypes = prototypesOf(object);
  const sent = prototypes.findIndex((prototype) => !sink.isInWords(prototype) && isKnown(prototype, sink));
  const unknown = sent === -1 ? prototypes.length : sent;
  const shown: Record<string, unknown> = {};
  for (const key of unknown === 0 ? ['name'] : ['name', 'message', 'code', 'stack']) {
    const value = key in object ? readProperty(object, key) : undefined;
    if (value !== undefined && Object(value) !== value && typeof value !== 'symbol') shown[key] = value;
  }
  const prototype =
    prototypes[unknown] ?? (Object.getPrototypeOf(prototypes.at(-1) ?? object) as object | null);
  return { seen: { classes: prototypes.map(classNameOf), unknown, shown }, prototype };
}

/**
 * Whether the other side has a class too, or can do without: the code of a class that it does not have is not
 * needed to report the error.
 */
function isKnown(prototype: object, { references }: CaptureSink): boolean {
  const type: unknown = propertyOf(prototype, 'constructor')?.value;
  if (typeof type !== 'function' || types.isProxy(type)) return true;
  if ([...ours.values()].includes(type as never)) return false;
  try {
    if (nodeErrorPrototypeOf(references, prototype) !== undefined || isShared(type)) return true;
    const isThere = references.of(type) !== undefined || references.moduleOf(type) !== undefined;
    return isThere || references.classes.mayBeThere(type as AnyFunction);
  } catch {
    return false;
  }
}

/**
 * Restores a thrown value. An error gets its own class if this process knows it, otherwise that of its
 * nearest known ancestor.
 * @param where last line of the stack, which marks it as that of another process
 */
// oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
export function decodeThrown(encoded: EncodedThrown, where: string): Promise<unknown> {
  return asItIs(decodeInBox(encoded, where));
}

/** Restores a thrown value in a box, so that a frozen object with a method `then` arrives as it is, too. */
export async function decodeInBox(encoded: EncodedThrown, where: string): Promise<Boxed> {
  const decoded = await decodeValue(encoded, where);
  if (encoded.kind === 'error' && encoded.cause !== undefined) {
    const { value } = await decodeInBox(encoded.cause, where);
    Object.defineProperty(decoded.value, 'cause', { value, writable: true, configurable: true });
  }
  return decoded;
}

async function decodeValue(encoded: EncodedThrown, where: string): Promise<Boxed> {
  const { value } = encoded;
  if (encoded.kind === 'value' && !isGraph(encoded.value)) return deserializeInBox(encoded.value);
  const addPlace = (stack: string): string => `${stack}\n    at ${where}`;
  try {
    const graph = withStacks(readGraph(value as Uint8Array, 'accept'), addPlace);
    const loaded = await loadGraph(graph, undefined, undefined, {
      prototypeOf: knownPrototype,
      inWords: whyNot,
    });
    if (encoded.kind === 'value' || isError(loaded.value)) return loaded;
  } catch (error) {
    if (encoded.kind === 'value') throw error;
  }
  return { value: bareErrorOf(encoded, addPlace) };
}

/** Makes an error without its own properties, because this process cannot load them. */
function bareErrorOf(
  { message, name, stack, classes }: Extract<EncodedThrown, { kind: 'error' }>,
  addPlace: (stack: string) => string,
): Error {
  const error = new Error(message);
  const prototype = knownPrototype(classes);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  const shown = {
    ...(error.name !== name && { name }),
    ...(stack !== undefined && { stack: addPlace(stack) }),
  };
  for (const [key, value] of Object.entries(shown))
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  return error;
}

/** The prototype of the first of these classes that is registered, ours, or one of the language. */
function knownPrototype(classes: readonly string[]): object | undefined {
  const isOurs = classes.includes(ownErrors.CondorFuturesError.name);
  const isDom = classes.includes('DOMException');
  return classes
    .map(
      (name) =>
        registered.get(name) ??
        (isOurs ? ours.get(name) : undefined) ??
        (isDom ? undefined : builtin.get(name)),
    )
    .find((known) => known !== undefined)?.prototype as object | undefined;
}

/** Stands for something that only the job has; the error itself is worth more. */
function whyNot(reason: unknown): string {
  return `(cannot be read here: ${String((reason as Error | null)?.message ?? reason)})`;
}

/** Changes the stacks of all errors in a graph. */
function withStacks(graph: Graph, change: (stack: string, message: string) => string): Graph {
  for (const node of graph.nodes) {
    const { error, properties } = node as ObjectState;
    if (error === undefined) continue;
    const { keys = [], values = [] } = properties ?? {};
    const { message: shownMessage, stack: shown } = error.shown;
    const message = [values[keys.indexOf('message')], shownMessage].find(isText) ?? '';
    const stackAt = keys.indexOf('stack');
    const stack = values[stackAt];
    if (isText(stack)) values[stackAt] = change(stack, message);
    if (isText(shown)) error.shown.stack = change(shown, message);
  }
  return graph;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** The prototypes of an error that are of its classes, nearest first. */
function prototypesOf(error: Error): object[] {
  const prototypes: object[] = [];
  for (let prototype: unknown = Object.getPrototypeOf(error); isErrorPrototype(prototype);) {
    prototypes.push(prototype);
    prototype = Object.getPrototypeOf(prototype);
  }
  return prototypes;
}

function classNameOf(prototype: object): string {
  const type = readProperty(prototype, 'constructor');
  return typeof type === 'function' ? textOf(type.name) : '';
}

/** DOMException, such as an AbortError, is an Error without being a native one. */
function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return types.isNativeError(value) || isErrorPrototype(Object.getPrototypeOf(value));
}

/** Compares names, not identities, because the error may come from another realm. */
function isErrorPrototype(prototype: unknown): prototype is object {
  for (
    let link = prototype;
    typeof link === 'object' && link !== null;
    link = Object.getPrototypeOf(link) as unknown
  ) {
    if ((link as { constructor?: { name?: unknown } }).constructor?.name === 'Error') return true;
  }
  return false;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inWords(value);
}

function inWords(part: unknown): string {
  try {
    return inspect(part, { depth: 0 });
  } catch {
    return describeValue(part);
  }
}
