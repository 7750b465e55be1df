import { types } from 'node:util';
import { DefaultDeserializer, serialize } from 'node:v8';
import { SerializationError } from '../errors.ts';
import { showValue } from '../options.ts';

/**
 * A value as bytes, by the structured clone algorithm of node:v8.
 * @param name what the value is called in an error, such as `arguments`
 * @throws {SerializationError} naming the path to what cannot travel
 */
export function serializeValue(value: unknown, name: string): Buffer {
  try {
    return serialize(value);
  } catch (error) {
    const culprit = findCulprit(value, name, new Set());
    if (culprit === undefined) {
      throw new SerializationError(
        `${name} cannot be serialized: ${String((error as { message?: unknown } | null)?.message ?? error)}`,
        name,
        {
          cause: error,
        },
      );
    }
    const holder = culprit.holder === undefined ? '' : ` of ${culprit.holder}`;
    throw new SerializationError(
      `${culprit.path} is ${culprit.what}${holder}, which cannot travel to another process. ` +
        'Send plain data, and make such things inside the function.',
      culprit.path,
      { cause: error },
    );
  }
}

/** The value of bytes that {@link serializeValue} made. */
export function deserializeValue(bytes: Uint8Array): unknown {
  const deserializer = new CopyingDeserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** node:v8 makes each typed array a view into the bytes it reads; here it has a buffer of its own, as its maker's had. */
class CopyingDeserializer extends DefaultDeserializer {
  // oxlint-disable-next-line no-underscore-dangle -- node:v8 calls it so
  _readHostObject(): unknown {
    const original = DefaultDeserializer.prototype as unknown as Record<string, () => NodeJS.ArrayBufferView>;
    const view = (original['_readHostObject'] as () => NodeJS.ArrayBufferView).call(this);
    if (Buffer.isBuffer(view)) return Buffer.from(view);
    if (!('slice' in view)) {
      const { buffer, byteOffset, byteLength } = view;
      return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
    }
    return view.slice();
  }
}

interface Culprit {
  readonly path: string;
  readonly what: string;
  /** The innermost object with a class of its own on the way there, such as a Socket. */
  readonly holder?: string | undefined;
}

/** The first part of a value, in the order of its keys, that v8 refuses. */
function findCulprit(value: unknown, path: string, seen: Set<object>, holder?: string): Culprit | undefined {
  const what = whatCannotTravel(value);
  if (what !== undefined) return { path, what, holder };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const named = classOf(value);
  const inner = named === undefined ? holder : `${article(named)} at ${path}`;
  for (const [part, child] of partsOf(value, path)) {
    const found = findCulprit(child, part, seen, inner);
    if (found !== undefined) return found;
  }
  if (hasPlainParts(value) || canSerialize(value)) return undefined;
  // None of its parts is to blame, so it is the object itself: a handle of Node's, a Proxy, an iterator…
  return { path, what: article(named ?? 'object'), holder };
}

function whatCannotTravel(value: unknown): string | undefined {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  return typeof value === 'symbol' ? `the symbol ${String(value)}` : undefined;
}

/** The parts that v8.serialize visits, with their paths. */
function* partsOf(value: object, path: string): Generator<[string, unknown]> {
  if (types.isMap(value)) {
    let index = 0;
    for (const [key, entry] of value) {
      yield [`${path}.keys()[${index}]`, key];
      yield [`${path}.get(${brief(key)})`, entry];
      index += 1;
    }
  } else if (types.isSet(value)) {
    let index = 0;
    for (const entry of value) yield [`${path}.values()[${index++}]`, entry];
  }
  for (const key of Object.keys(value)) {
    const part = Array.isArray(value)
      ? `[${key}]`
      : /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`;
    yield [path + part, readProperty(value, key)];
  }
}

/** A getter may throw; v8 has then failed with that very error, which the caller keeps as the cause. */
function readProperty(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function canSerialize(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

function hasPlainParts(value: object): boolean {
  return Object.keys(value).length > 0 && classOf(value) === undefined;
}

/** The name of an object's class, if it is more than a plain object or array. */
function classOf(value: object): string | undefined {
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor
    ?.name;
  return name === undefined || ['', 'Object', 'Array', 'Map', 'Set'].includes(name) ? undefined : name;
}

function brief(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : showValue(key);
}

function article(noun: string): string {
  return `${/^[AEIOUaeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
