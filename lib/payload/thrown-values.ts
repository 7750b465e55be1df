import { inspect, types } from 'node:util';
import { asItIs, type Boxed } from '../base/as-it-is.ts';
import * as ownErrors from '../base/errors.ts';
import * as jobErrors from '../base/job-errors.ts';
import { withoutOwnFrames } from '../base/program-frames.ts';
import { domExceptionParts } from './capture/describe-built-in.ts';
import { nodeErrorPrototypeOf } from './capture/describe-object.ts';
import { References } from './capture/references.ts';
import { describeValue } from './capture/refusal.ts';
import { deserialize, deserializeInBox } from './deserialize.ts';
import type { DomExceptionParts } from './graph.ts';
import { isShared } from './identities.ts';
import { bareDomException } from './load/objects.ts';
import { propertyOf } from './reference/members.ts';
import { textToThere } from './relocated-paths.ts';
import { serialize, serializeOrTell } from './serialize.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

/** Error or other value that a call threw, as plain data. */
export type EncodedThrown =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  | {
      readonly kind: 'error';
      /** Names of its class and of that class's ancestors, nearest first. */
      readonly classes: readonly string[];
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** The class itself by reference or id, if the other side has it too; a prototype of Node's own errors. */
      readonly class: Uint8Array | undefined;
      /** Name and message of a DOMException, which its own properties may hide; undefined for other errors. */
      readonly domException?: DomExceptionParts | undefined;
      /** Own properties, `cause` and `errors` among them, in order. */
      readonly properties: readonly (readonly [name: string, enumerable: boolean, value: EncodedThrown])[];
      /** An object with the own properties whose keys are symbols; undefined if there are none. */
      readonly symbols?: Uint8Array | undefined;
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
 * Number of errors encoded within one error; further ones, and those in cycles, are replaced by their text.
 */
const MOST_ERRORS = 100;

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
  return new Encoder().encode(thrown);
}

class Encoder {
  /** Errors that contain the current one. */
  readonly #containing = new Set<Error>();
  #remaining = MOST_ERRORS;

  encode(thrown: unknown): EncodedThrown {
    if (!isError(thrown)) return { kind: 'value', value: serializeOrTell(thrown, inWords) };
    const name = String(readProperty(thrown, 'name'));
    const message = String(readProperty(thrown, 'message'));
    if (this.#remaining === 0 || this.#containing.has(thrown)) {
      return { kind: 'value', value: serialize(`[${name}: ${message}]`) };
    }
    this.#remaining -= 1;
    this.#containing.add(thrown);
    const properties = this.#encodeProperties(thrown);
    this.#containing.delete(thrown);
    const stack = readProperty(thrown, 'stack');
    return {
      kind: 'error',
      classes: classNames(thrown),
      class: encodeClass(thrown),
      name,
      message,
      stack: typeof stack === 'string' ? textToThere(withoutOwnFrames(stack, message)) : undefined,
      properties,
      symbols: encodeSymbols(thrown),
      domException: domExceptionParts(thrown),
    };
  }

  #encodeProperties(error: Error): [string, boolean, EncodedThrown][] {
    const names = new Set(Object.getOwnPropertyNames(error));
    const isDomException = domExceptionParts(error) !== undefined;
    // The class that has the getter may be unknown to the other process.
    if (!isDomException) names.add('code');
    return [...names]
      .filter((name) => name in error && (isDomException ? name !== 'stack' : !isUsual(error, name)))
      .map((name) => {
        const value = readProperty(error, name);
        const encoded =
          name === 'errors' && Array.isArray(value) ? this.#encodeErrors(value) : this.encode(value);
        return [name, Object.prototype.propertyIsEnumerable.call(error, name), encoded];
      });
  }

  /** Encodes the `errors` of an AggregateError, which keep their classes too. */
  #encodeErrors(errors: unknown[]): EncodedThrown {
    return { kind: 'value', value: serialize(errors.map((error) => this.encode(error))) };
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
  if (encoded.kind === 'value') return deserializeInBox(encoded.value);
  const { classes, message, domException: dom } = encoded;
  const error = dom === undefined ? new Error(message) : (bareDomException(dom) as Error);
  const isOurs = classes.includes(ownErrors.CondorFuturesError.name);
  const known = classes
    .map((name) => {
      const ofLanguage = dom === undefined ? builtin.get(name) : undefined;
      return registered.get(name) ?? (isOurs ? ours.get(name) : undefined) ?? ofLanguage;
    })
    .find((found) => found !== undefined);
  const own = encoded.class === undefined ? undefined : await loadPrototype(encoded.class);
  const prototype = own?.value ?? (known?.prototype as object | undefined);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  for (const [name, enumerable, value] of encoded.properties) {
    Object.defineProperty(error, name, {
      value: (await decodeProperty(name, value, where)).value,
      enumerable,
      writable: true,
      configurable: true,
    });
  }
  await decodeSymbols(error, encoded.symbols);
  // The class is not known here, or its name is not on its prototype.
  if (error.name !== encoded.name) {
    Object.defineProperty(error, 'name', { value: encoded.name, writable: true, configurable: true });
  }
  if (encoded.stack !== undefined) {
    const stack = `${encoded.stack}\n    at ${where}`;
    Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
  }
  return { value: error };
}

/** @returns undefined if the class cannot be loaded here; then its name decides */
async function loadPrototype(bytes: Uint8Array): Promise<{ readonly value: object } | undefined> {
  try {
    const loaded = (await deserialize(bytes)) as object;
    return { value: typeof loaded === 'function' ? (loaded as { prototype: object }).prototype : loaded };
  } catch {
    return undefined;
  }
}

async function decodeProperty(name: string, encoded: EncodedThrown, where: string): Promise<Boxed> {
  let decoded: Boxed;
  try {
    decoded = await decodeInBox(encoded, where);
  } catch (error) {
    // Something in it is known to the job only; the error itself is worth more.
    return { value: `(cannot be read here: ${String((error as Error | null)?.message ?? error)})` };
  }
  if (name !== 'errors' || !Array.isArray(decoded.value)) return decoded;
  const parts = decoded.value as EncodedThrown[];
  const errors = await Promise.all(parts.map(async (error) => decodeInBox(error, where)));
  return { value: errors.map(({ value }) => value) };
}

function encodeSymbols(error: Error): Uint8Array | undefined {
  const symbols = Object.getOwnPropertySymbols(error);
  if (symbols.length === 0) return undefined;
  const holder = {};
  for (const symbol of symbols) {
    const { enumerable = false } = propertyOf(error, symbol) ?? {};
    const value = readProperty(error, symbol);
    Object.defineProperty(holder, symbol, { value, enumerable, writable: true, configurable: true });
  }
  return serializeOrTell(holder, inWords);
}

async function decodeSymbols(error: object, encoded: Uint8Array | undefined): Promise<void> {
  if (encoded === undefined) return;
  try {
    const holder = (await deserialize(encoded)) as object;
    Object.defineProperties(error, Object.getOwnPropertyDescriptors(holder));
  } catch {
    // Something in them is known to the job only; the error itself is worth more.
  }
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

/** Whether a property is what each error has, hidden from loops and from JSON, which is restored in any case. */
function isUsual(error: Error, name: string): boolean {
  return (name === 'message' || name === 'stack') && propertyOf(error, name)?.enumerable !== true;
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

function readProperty(object: object, name: string | symbol): unknown {
  try {
    return (object as Record<string | symbol, unknown>)[name];
  } catch (error) {
    return `(reading it threw ${inspect(error, { depth: 0 })})`;
  }
}

function inWords(part: unknown): string {
  try {
    return inspect(part, { depth: 0 });
  } catch {
    return describeValue(part);
  }
}

/**
 * Encodes the class of an error by reference or id, if the other side has it too, or its prototype if it is
 * Node's own.
 */
function encodeClass(error: Error): Uint8Array | undefined {
  const prototype = Object.getPrototypeOf(error) as { constructor?: unknown } | null;
  const type = prototype?.constructor;
  if (typeof type !== 'function' || [...ours.values()].includes(type as never)) return undefined;
  try {
    const references = new References({});
    if (nodeErrorPrototypeOf(references, prototype as object) !== undefined) return serialize(prototype);
    // The code of a class that the other side does not have is not needed to report the error.
    const isKnown = isShared(type) || references.of(type) !== undefined;
    return isKnown && !builtin.has(type.name) ? serialize(type) : undefined;
  } catch {
    return undefined;
  }
}
