import { exchange, idsOf, type Remote, valuesOf } from './exchange.ts';
import { post } from './session.ts';

/** A private member of an object. */
export interface PrivateMember {
  /** With its `#`. */
  readonly name: string;
  readonly kind: 'field' | 'accessor' | 'method';
  /** Of a field: its value; of a method: the function; of an accessor: a descriptor's `get` and `set`. */
  readonly value: unknown;
}

/** What a bound function was made of; `undefined` if the function is not bound. */
export function boundParts(
  fn: Function,
): { target: Function; thisValue: unknown; args: unknown[] } | undefined {
  const values = slotsOf(fn, '[[TargetFunction]]', '[[BoundThis]]', '[[BoundArgs]]');
  if (values[0] === undefined) return undefined;
  const [target, thisValue, args] = values as [Function, unknown, ArrayLike<unknown>];
  return { target, thisValue, args: Array.from(args) };
}

/** Fields and accessors in the order in which they were made, those of a base class first; methods behind all of them. */
export function privateMembers(object: object): PrivateMember[] {
  return exchange(() => {
    const { privateProperties = [], internalProperties = [] } = propertiesOf(object);
    const methods = internalProperties.find(({ name }) => name === '[[PrivateMethods]]')?.value;
    const parts = privateProperties.flatMap(({ value, get, set }) => [value, get, set]);
    const values = valuesOf([...parts, methods].map((part) => part ?? NOTHING));
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

/** All entries, of a WeakSet with `undefined` for a value. */
export function weakEntries(collection: WeakMap<object, unknown> | WeakSet<object>): [object, unknown][] {
  const [entries] = slotsOf(collection, '[[Entries]]');
  type Entry = { key?: object; value: unknown };
  return Array.from(entries as ArrayLike<Entry>, ({ key, value }) =>
    key === undefined ? [value as object, undefined] : [key, value],
  );
}

export type PromiseState =
  | { readonly state: 'pending' }
  | { readonly state: 'fulfilled'; readonly value: unknown }
  | { readonly state: 'rejected'; readonly reason: unknown };

export function promiseState(promise: Promise<unknown>): PromiseState {
  const [state, result] = slotsOf(promise, '[[PromiseState]]', '[[PromiseResult]]');
  if (state === 'fulfilled') return { state, value: result };
  return state === 'rejected' ? { state, reason: result } : { state: 'pending' };
}

/** What a Proxy is made of; none of its traps is called. `undefined` if it is revoked. */
export function proxyParts(proxy: object): { target: object; handler: object } | undefined {
  const [target, handler] = slotsOf(proxy, '[[Target]]', '[[Handler]]') as (object | null | undefined)[];
  return target && handler ? { target, handler } : undefined;
}

/** The values of some internal slots of an object; `undefined` for one that it does not have. */
function slotsOf(object: object, ...names: readonly string[]): unknown[] {
  return exchange(() => {
    const { internalProperties = [] } = propertiesOf(object);
    return valuesOf(
      names.map((name) => internalProperties.find((slot) => slot.name === name)?.value ?? NOTHING),
    );
  });
}

const NOTHING: Remote = { type: 'undefined' };

function propertiesOf(object: object): ReturnType<typeof post<'Runtime.getProperties'>> {
  const [objectId] = idsOf([object]);
  return post('Runtime.getProperties', { objectId, ownProperties: true, nonIndexedPropertiesOnly: true });
}
