import { types } from 'node:util';

/** A value in a property, because Promises and async functions would call its method `then` if it has one. */
export interface Boxed {
  readonly value: unknown;
}

/**
 * Resolves with the value in a box as it is, even if it has a method `then`: a Promise would call that and
 * resolve with what it gives. `await` takes the value out as it is; an async function must not return it.
 * @throws {TypeError} if the value has such a method of its own and is frozen
 */
// oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
export function asItIs(boxed: Promise<Boxed>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    boxed.then(({ value }) => withoutThen(value, () => resolve(value))).catch(reject);
  });
}

/** Fulfils a Promise with a value as it is, by its function `resolve`. @throws as {@link asItIs} */
export function resolveAsItIs(resolve: (value: unknown) => void, value: unknown): void {
  withoutThen(value, () => resolve(value));
}

/** The method by which Promises recognize what they wait for. */
// oxlint-disable unicorn/no-thenable -- it is hidden, and put back
const THEN = 'then';

/** Runs `act` while a value has no method `then`. */
function withoutThen(value: unknown, act: () => void): void {
  const holder = holderOfThen(value);
  if (holder === undefined) {
    act();
    return;
  }
  for (const object of [value as object, holder]) {
    const before = Object.getOwnPropertyDescriptor(object, THEN);
    const hidden = { value: undefined, ...(before === undefined ? { configurable: true } : {}) };
    if (!Reflect.defineProperty(object, THEN, hidden)) continue;
    try {
      act();
      return;
    } finally {
      if (before === undefined) Reflect.deleteProperty(object, THEN);
      else Object.defineProperty(object, THEN, before);
    }
  }
  throw new TypeError(
    'The value is frozen and has a method `then`, which a Promise would call. Remedy: do not freeze it, or send it within another object',
  );
}

/** The object that has the property `then` of a value; undefined if a Promise would not call it. */
function holderOfThen(value: unknown): object | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  for (
    let object: object | null = value;
    object !== null && !types.isProxy(object);
    object = Object.getPrototypeOf(object) as object | null
  ) {
    const property = Object.getOwnPropertyDescriptor(object, THEN);
    if (property !== undefined)
      return property.get === undefined && typeof property.value !== 'function' ? undefined : object;
  }
  return undefined;
}
