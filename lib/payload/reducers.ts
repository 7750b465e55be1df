/** How objects of a class travel, where their properties are not all there is to them, or are too much. */
export interface Reducer<T extends object, S> {
  /** What is sent instead of the object. */
  readonly reduce: (object: T) => S;
  /** Makes the object again; it travels as any function does. */
  readonly rebuild: (state: S) => T;
}

/** A method under this name does for one class what {@link registerReducer} does from outside: it returns `[rebuild, ...args]`. */
export const REDUCE: symbol = Symbol.for('condor-futures.reduce');

/**
 * Makes objects of a class, and of classes that extend it, travel by way of something else.
 *
 * @example registerReducer(Database, { reduce: (db) => db.path, rebuild: (path) => new Database(path) })
 */
export function registerReducer<T extends object, S>(
  type: abstract new (...args: never[]) => T,
  reducer: Reducer<T, S>,
): void {
  if (typeof type !== 'function' || typeof type.prototype !== 'object') {
    throw new TypeError('Expected the first argument of registerReducer to be a class');
  }
  if (typeof reducer?.reduce !== 'function' || typeof reducer.rebuild !== 'function') {
    throw new TypeError('Expected a reducer to have the functions `reduce` and `rebuild`');
  }
  reducers.set(type.prototype as object, reducer as unknown as Reducer<object, unknown>);
}

/** What to send instead of an object, if it says so; or undefined. What a reducer throws goes to the caller. */
export function reduce(object: object): { rebuild: unknown; arguments: unknown[] } | undefined {
  for (
    let prototype = Object.getPrototypeOf(object) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const reducer = reducers.get(prototype);
    if (reducer !== undefined) return { rebuild: reducer.rebuild, arguments: [reducer.reduce(object)] };
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, REDUCE)?.value;
    if (typeof method === 'function') {
      const [rebuild, ...args] = Reflect.apply(method, object, []) as [unknown, ...unknown[]];
      if (typeof rebuild !== 'function') {
        throw new TypeError(
          'Expected [Symbol.for("condor-futures.reduce")]() to return [rebuild, ...arguments]',
        );
      }
      return { rebuild, arguments: args };
    }
  }
  return undefined;
}

const reducers = new WeakMap<object, Reducer<object, unknown>>();
