import { inspect, types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import * as ownErrors from '../errors.ts';

/** What a call threw, as plain data. */
export type EncodedThrown =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | {
      readonly kind: 'error';
      /** The names of its class and of that class's ancestors, nearest first. */
      readonly classes: readonly string[];
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** Own properties, `cause` and `errors` among them, in order. */
      readonly properties: readonly (readonly [name: string, enumerable: boolean, value: EncodedThrown])[];
    };

type ErrorClass = abstract new (...args: never[]) => Error;

const builtinErrors = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
};
const knownClasses = new Map<string, ErrorClass>(
  Object.entries<ErrorClass>({ ...builtinErrors, ...ownErrors }),
);

/** Errors within errors deeper than this are told in words. */
const DEEPEST = 20;

/**
 * Makes errors of a class come back from jobs as instances of it. They are told by the class's name; the constructor is not
 * called, own properties are restored.
 * @returns the class
 */
export function registerErrorClass<C extends ErrorClass>(errorClass: C): C {
  if (typeof errorClass !== 'function' || !isErrorPrototype(errorClass.prototype)) {
    throw new TypeError('Expected `errorClass` to be a class that extends Error');
  }
  knownClasses.set(errorClass.name, errorClass);
  return errorClass;
}

/** Never fails: what cannot travel is told in words. */
export function encodeThrown(thrown: unknown, depth = 0): EncodedThrown {
  if (!isError(thrown)) return { kind: 'value', value: serializeOrTell(thrown) };
  if (depth > DEEPEST) return { kind: 'value', value: serialize(inspect(thrown, { depth: 0 })) };
  const names = new Set(Object.getOwnPropertyNames(thrown)).add('code');
  const properties = [...names]
    // DOMException has a `code` too, which is not its own.
    .filter((name) => name !== 'stack' && name !== 'message' && name in thrown)
    .map((name) => {
      const enumerable = Object.prototype.propertyIsEnumerable.call(thrown, name);
      const value = readProperty(thrown, name);
      return [
        name,
        enumerable,
        name === 'errors' ? encodeErrors(value, depth) : encodeThrown(value, depth + 1),
      ] as const;
    });
  const stack = readProperty(thrown, 'stack');
  return {
    kind: 'error',
    classes: classNames(thrown),
    name: String(readProperty(thrown, 'name')),
    message: String(readProperty(thrown, 'message')),
    stack: typeof stack === 'string' ? stack : undefined,
    properties,
  };
}

/**
 * What the call threw, in this process: the class it had, where this process knows it, else its nearest ancestor.
 * @param where is put at the end of the stack, to mark it as that of another process
 */
export function decodeThrown(encoded: EncodedThrown, where: string): unknown {
  if (encoded.kind === 'value') return deserialize(encoded.value);
  const error = new Error(encoded.message);
  const known = encoded.classes.map((name) => knownClasses.get(name)).find((found) => found !== undefined);
  Object.setPrototypeOf(error, (known ?? Error).prototype as object);
  for (const [name, enumerable, value] of encoded.properties) {
    Object.defineProperty(error, name, {
      value: decodeProperty(name, value, where),
      enumerable,
      writable: true,
      configurable: true,
    });
  }
  // Of a class that is not known here, or one whose name is not on its prototype.
  if (error.name !== encoded.name) {
    Object.defineProperty(error, 'name', { value: encoded.name, writable: true, configurable: true });
  }
  if (encoded.stack !== undefined) error.stack = `${encoded.stack}\n    at ${where}`;
  return error;
}

/** The `errors` of an AggregateError: an array whose errors keep their classes too. */
function encodeErrors(errors: unknown, depth: number): EncodedThrown {
  if (!Array.isArray(errors)) return encodeThrown(errors, depth + 1);
  return { kind: 'value', value: serialize(errors.map((error) => encodeThrown(error, depth + 1))) };
}

function decodeProperty(name: string, value: EncodedThrown, where: string): unknown {
  const decoded = decodeThrown(value, where);
  if (name !== 'errors' || !Array.isArray(decoded)) return decoded;
  return (decoded as EncodedThrown[]).map((error) => decodeThrown(error, where));
}

function classNames(error: Error): string[] {
  const names: string[] = [];
  for (let prototype: unknown = Object.getPrototypeOf(error); isErrorPrototype(prototype);) {
    const name = (prototype as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof name === 'string' && name !== '') names.push(name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

/** DOMException, such as an AbortError, is an Error without being a native one. */
function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false;
  return types.isNativeError(value) || isErrorPrototype(Object.getPrototypeOf(value));
}

/** By name, not by identity: the error may come from another realm. */
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

function readProperty(object: object, name: string): unknown {
  try {
    return (object as Record<string, unknown>)[name];
  } catch (error) {
    return `(reading it threw ${inspect(error, { depth: 0 })})`;
  }
}

function serializeOrTell(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch {
    return serialize(inspect(value, { depth: 1 }));
  }
}
