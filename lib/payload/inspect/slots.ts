import { exchange, idsOf, type Remote, valuesOf } from './exchange.ts';
import { post } from './session.ts';

/** A private member of an object. */
interface PrivateMember {
  /** The name, including `#`. */
  readonly name: string;
  readonly kind: 'field' | 'accessor' | 'method';
  /** The value of a field, the function of a method, or `get` and `set` of an accessor. */
  readonly value: unknown;
}

/** The parts of a bound function; undefined if the function is not bound. */
export function boundParts(
  fn: Function,
): { target: Function; thisValue: unknown; args: unknown[] } | undefined {
  const values = slotsOf(fn, '[[TargetFunction]]', '[[BoundThis]]', '[[BoundArgs]]');
  if (values[0] === undefined) return undefined;
  const [target, thisValue, args] = values as [Function, unknown, ArrayLike<unknown>];
  return { target, thisValue, args: Array.from(args) };
}

/**
 * The private members of an object: fields and accessors in the order of their creation, base class first;
 * then methods.
 */
export function privateMembers(object: object): PrivateMember[] {
  return exchange(() => {
    const { privateProperties = [], internalProperties = [] } = propertiesOf(object);
    const methods = internalProperties.find(({ name }) => name === '[[PrivateMethods]]')?.value;
    const parts = privateProperties.flatMap(({ value, get, set }) => [value, get, set]);
    const values = valuesOf([...parts, methods].map((part) => part ?? UNDEFINED));
    const members = privateProperties.map(({ name, value: field }, at): PrivateMember => {
      const [value, get, set] = values.slice(3 * at);
      return field === undefined
        ? { name, kind: 'accessor', value: { get, set } }
        : { name, kind: 'field', value };
    });
    return [...members, ...Array.from((values.at(-1) ?? []) as ArrayLike<LiveMethod>, toMethod)];
  });
}

interface LiveMethod {
  readonly name: string;
  readonly value: Function;
}

function toMethod({ name, value }: LiveMethod): PrivateMember {
  return { name, kind: 'method', value };
}

/** All entries of a weak collection; those of a WeakSet have undefined as value. */
export function weakEntries(collection: WeakMap<object, unknown> | WeakSet<object>): [object, unknown][] {
  const [entries] = slotsOf(collection, '[[Entries]]');
  type Entry = { key?: object; value: unknown };
  return Array.from(entries as ArrayLike<Entry>, ({ key, value }) =>
    key === undefined ? [value as object, undefined] : [key, value],
  );
}

type PromiseState =
  | { readonly state: 'pending' }
  | { readonly state: 'fulfilled'; readonly value: unknown }
  | { readonly state: 'rejected'; readonly reason: unknown };

export function promiseState(promise: Promise<unknown>): PromiseState {
  const [state, result] = slotsOf(promise, '[[PromiseState]]', '[[PromiseResult]]');
  if (state === 'fulfilled') return { state, value: result };
  return state === 'rejected' ? { state, reason: result } : { state: 'pending' };
}

/** The parts of a Proxy, read without calling its traps; undefined if it is revoked. */
export function proxyParts(proxy: object): { target: object; handler: object } | undefined {
  const [target, handler] = slotsOf(proxy, '[[Target]]', '[[Handler]]') as (object | null | undefined)[];
  return target && handler ? { target, handler } : undefined;
}

/** The values of internal slots of an object; undefined for a slot that it does not have. */
function slotsOf(object: object, ...names: readonly string[]): unknown[] {
  return exchange(() => {
    const { internalProperties = [] } = propertiesOf(object);
    return valuesOf(
      names.map((name) => internalProperties.find((slot) => slot.name === name)?.value ?? UNDEFINED),
    );
  });
}

const UNDEFINED: Remote = { type: 'undefined' };

function propertiesOf(object: object): ReturnType<typeof post<'Runtime.getProperties'>> {
  const [objectId] = idsOf([object]);
  return post('Runtime.getProperties', { objectId, ownProperties: true, nonIndexedPropertiesOnly: true });
}
