import { isDeepStrictEqual, types } from 'node:util';
import type { Capture } from './capture/capture.ts';
import type { CodeInfo } from './capture/code-info.ts';
import { enterRules } from './capture/lexical.ts';
import type { Node, ObjectState } from './graph.ts';
import { originalOf } from './identities.ts';
import { evaluateInside } from './inspect/enter.ts';
import { lookInside } from './inspect/scopes.ts';
import { withDebugger } from './inspect/session.ts';
import { privateMembers, weakEntries } from './inspect/slots.ts';
import { hasExtraProperties } from './plain-data.ts';
import { describeRebuilt } from './reducers.ts';
import { type Property, propertyOf } from './reference/members.ts';

/** Whether something is still as it was when it was captured. */
type Check = () => boolean;

/**
 * Number of checks by the inspector after which functions that read the variables directly are worth their
 * cost.
 */
const CHECKS_BEFORE_READERS = 3;

/**
 * Snapshot of a captured function's variables and of the objects in them, to check in microseconds whether
 * they have changed. A function that is submitted many times is thus captured once.
 */
export class CapturedState {
  readonly #objectChecks: readonly Check[];
  readonly #code: readonly CodeInfo[];
  readonly #canEnter: boolean;
  #checkCount = 0;
  #readers: readonly Check[] | undefined;

  private constructor(capture: Capture, objectChecks: readonly Check[]) {
    this.#objectChecks = objectChecks;
    this.#code = [...capture.codeInfos].filter(({ bindings }) => bindings.length > 0);
    this.#canEnter = capture.options.captureThis !== 'never';
  }

  /** @returns undefined if a captured object cannot be compared later */
  static of(capture: Capture): CapturedState | undefined {
    const steps = [...capture.steps()];
    const values = steps.map(({ value }) => value as object | symbol);
    const checks: Check[] = [];
    for (const { value, node } of steps) {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
      const check = isWeak(value) ? checkWeakly(value, values) : checkOf(value, node, values);
      if (check === undefined) return undefined;
      if (check !== UNCHANGING) checks.push(check);
    }
    return new CapturedState(capture, checks);
  }

  isUnchanged(): boolean {
    return this.#variablesAreSame() && this.#objectChecks.every((check) => check());
  }

  #variablesAreSame(): boolean {
    if (this.#code.length === 0) return true;
    this.#checkCount += 1;
    if (this.#checkCount > CHECKS_BEFORE_READERS && this.#canEnter)
      this.#readers ??= withDebugger(() => this.#code.map(readerOf));
    if (this.#readers !== undefined) return this.#readers.every((check) => check());
    return areSame(this.#code);
  }
}

const UNCHANGING: Check = () => true;

/** Compares the variables of many functions at once by the inspector. */
function areSame(code: readonly CodeInfo[]): boolean {
  const now = lookInside(code.map(({ fn }) => fn));
  return code.every(({ inside, bindings }, at) =>
    bindings.every(({ name, scope, depth, value }) => {
      const variables = scope.type === 'global' ? inside.global : now[at]?.scopes[depth]?.variables;
      return Object.is((variables as Record<string, unknown> | undefined)?.[name], value);
    }),
  );
}

/** Makes a function within the scope, which reads the variables in a fraction of a microsecond. */
function readerOf(info: CodeInfo): Check {
  const { fn, shape, bindings } = info;
  const names = bindings.map(({ name }) => name);
  const before = bindings.map(({ value }) => value);
  const entered = evaluateInside(fn, `() => [${names.join(',')}]`, enterRules(shape));
  const read = entered.ok ? (entered.value as () => unknown[]) : undefined;
  // A parameter or variable of the function itself may have one of the names; then only the inspector can
  // compare.
  if (read === undefined || !isSame(before, readOrNothing(read))) return () => areSame([info]);
  return () => isSame(before, readOrNothing(read));
}

/** Returns no values if a variable is not initialised yet, which throws. */
function readOrNothing(read: () => unknown[]): unknown[] {
  try {
    return read();
  } catch {
    return [];
  }
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  if (before.length !== now.length) return false;
  for (let at = 0; at < before.length; at += 1) if (!Object.is(before[at], now[at])) return false;
  return true;
}

/** @param values all that was captured, by the index of its node */
function checkOf(value: object, node: Node, values: readonly (object | symbol)[]): Check | undefined {
  switch (node.kind) {
    case 'member':
    case 'symbol':
      return UNCHANGING;
    case 'reference':
      if (node.entries !== undefined) return undefined;
      return node.reference.kind === 'module' || node.reference.kind === 'import'
        ? checkMembers(value)
        : UNCHANGING;
    case 'reduced':
      return undefined;
    default:
  }
  if (types.isProxy(value)) return UNCHANGING;
  const properties = types.isTypedArray(value) ? checkView(value) : checkProperties(value);
  const content = checkContent(value, node);
  const privates =
    'privates' in node && node.privates !== undefined ? checkPrivates(value, node, values) : [];
  if (properties === undefined || privates === undefined) return undefined;
  return all([properties, ...content, ...privates]);
}

/** The state of an object besides its properties. */
function checkContent(value: object, node: Node): Check[] {
  switch (node.kind) {
    case 'map': {
      const read = (): unknown[] => [...Map.prototype.entries.call(value)].flat();
      return [checkEntries(read(), read)];
    }
    case 'set': {
      const read = (): unknown[] => [...Set.prototype.values.call(value)];
      return [checkEntries(read(), read)];
    }
    case 'date': {
      const time = Date.prototype.getTime.call(value);
      return [() => Object.is(Date.prototype.getTime.call(value), time)];
    }
    case 'regexp': {
      const { source, flags } = node;
      return [() => (value as RegExp).source === source && (value as RegExp).flags === flags];
    }
    case 'view':
    case 'buffer':
      return [checkBytes(value)];
    case 'rebuilt':
      return [() => isDeepStrictEqual(describeRebuilt(node.type, value)?.data, node.data)];
    default:
      return [];
  }
}

function all(checks: readonly Check[]): Check {
  const [first, second] = checks;
  if (second === undefined) return first as Check;
  return () => checks.every((check) => check());
}

/**
 * Notices whether the program has put something else into a function or an object of a module, which is then
 * sent.
 */
function checkMembers(value: object): Check {
  if (types.isProxy(value) || types.isModuleNamespaceObject(value)) return UNCHANGING;
  const prototype: unknown = typeof value === 'function' ? propertyOf(value, 'prototype')?.value : undefined;
  const isObject = typeof prototype === 'object' && prototype !== null && !types.isProxy(prototype);
  return all([checkProperties(value), ...(isObject ? [checkProperties(prototype)] : [])]);
}

/** @returns undefined if it has properties besides its elements, which cannot be listed without these */
function checkView(view: NodeJS.TypedArray): Check | undefined {
  const has = (): boolean => hasExtraProperties(view);
  if (has()) return undefined;
  const prototype: unknown = Object.getPrototypeOf(view);
  const isExtensible = Object.isExtensible(view);
  return () =>
    Object.getPrototypeOf(view) === prototype && Object.isExtensible(view) === isExtensible && !has();
}

/** @returns undefined if the inspector does not show the fields that were captured */
function checkPrivates(
  object: object,
  { privates = [] }: ObjectState,
  values: readonly (object | symbol)[],
): Check[] | undefined {
  const before = privates.map(([, , slot]) => (Array.isArray(slot) ? values[slot[0] as number] : slot));
  const read = (): unknown[] =>
    privateMembers(object).flatMap(({ kind, value }) => (kind === 'field' ? [origin(value)] : []));
  return isSame(before, read()) ? [() => isSame(before, read())] : undefined;
}

function origin(value: unknown): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject ? originalOf(value) : value;
}

type WeakCollection = WeakMap<object, unknown> | WeakSet<object>;

function isWeak(value: object): value is WeakCollection {
  return types.isWeakMap(value) || types.isWeakSet(value);
}

/**
 * Compares the entries of a weak collection. Those whose keys were captured must be the same; others that are
 * new may be shared with arguments. Keeps no key in memory that was not captured.
 */
function checkWeakly(collection: WeakCollection, values: readonly (object | symbol)[]): Check {
  const keys = values as readonly object[];
  const read = (): unknown[] => keys.map((key) => weakValue(collection, key));
  const known = new WeakMap(weakEntries(collection));
  const hasNoOthers = (): boolean =>
    weakEntries(collection).every(([key, value]) => known.has(key) && Object.is(known.get(key), value));
  return all([checkProperties(collection), checkEntries(read(), read), hasNoOthers]);
}

function weakValue(collection: WeakCollection, key: object): unknown {
  if (!types.isWeakMap(collection)) return WeakSet.prototype.has.call(collection, key);
  return WeakMap.prototype.has.call(collection, key) ? WeakMap.prototype.get.call(collection, key) : ABSENT;
}

const ABSENT = Symbol('absent');

function checkEntries(before: readonly unknown[], read: () => unknown[]): Check {
  return () => isSame(before, read());
}

function checkBytes(value: object): Check {
  const bytes = (): Uint8Array =>
    ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value as ArrayBuffer);
  const before = Buffer.from(bytes());
  return () => before.equals(bytes());
}

function checkProperties(object: object): Check {
  const prototype: unknown = Object.getPrototypeOf(object);
  const isExtensible = Object.isExtensible(object);
  const keys = Reflect.ownKeys(object);
  const before = keys.map((key) => propertyOf(object, key) as Property);
  return () => {
    const now = Reflect.ownKeys(object);
    if (now.length !== keys.length || Object.getPrototypeOf(object) !== prototype) return false;
    if (Object.isExtensible(object) !== isExtensible) return false;
    return keys.every((key, at) => now[at] === key && isSameProperty(before[at] as Property, object, key));
  };
}

function isSameProperty(before: Property, object: object, key: PropertyKey): boolean {
  const { value, get, set, writable, enumerable, configurable } = propertyOf(object, key) as Property;
  return (
    Object.is(before.value, value) &&
    before.get === get &&
    before.set === set &&
    before.writable === writable &&
    before.enumerable === enumerable &&
    before.configurable === configurable
  );
}
