import { isDeepStrictEqual, types } from 'node:util';
import type { Capture } from './capture/capture.ts';
import type { CodeInfo } from './capture/code-info.ts';
import { enterRules } from './capture/lexical.ts';
import type { Node } from './graph.ts';
import { evaluateInside } from './inspect/enter.ts';
import { lookInside } from './inspect/scopes.ts';
import { withDebugger } from './inspect/session.ts';
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
    const checks: Check[] = [];
    for (const { value, node } of capture.steps()) {
      if (typeof value !== 'object' && typeof value !== 'function') continue;
      const check = checkOf(value as object, node);
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

function checkOf(value: object, node: Node): Check | undefined {
  switch (node.kind) {
    case 'reference':
    case 'member':
    case 'symbol':
      return UNCHANGING;
    case 'weak-map':
    case 'weak-set':
    case 'reduced':
      return undefined;
    case 'map':
      return both(
        checkProperties(value),
        checkEntries([...(value as Map<unknown, unknown>)].flat(), () =>
          [...(value as Map<unknown, unknown>)].flat(),
        ),
      );
    case 'set':
      return both(
        checkProperties(value),
        checkEntries([...(value as Set<unknown>)], () => [...(value as Set<unknown>)]),
      );
    case 'date': {
      const time = (value as Date).getTime();
      return both(checkProperties(value), () => Object.is((value as Date).getTime(), time));
    }
    case 'view':
    case 'buffer':
      return checkBytes(value);
    case 'rebuilt':
      return () => isDeepStrictEqual(describeRebuilt(node.type, value)?.data, node.data);
    case 'proxy':
      return UNCHANGING;
    default:
      if ('privates' in node) return undefined;
      return checkProperties(value);
  }
}

function both(first: Check, second: Check): Check {
  return () => first() && second();
}

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
  if (keys.length === 0 && types.isProxy(object)) return UNCHANGING;
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
