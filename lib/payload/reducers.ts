import { isDeepStrictEqual } from 'node:util';

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
      const [build, ...args] = Reflect.apply(method, object, []) as [unknown, ...unknown[]];
      if (typeof build !== 'function') {
        throw new TypeError(
          'Expected [Symbol.for("condor-futures.reduce")]() to return [rebuild, ...arguments]',
        );
      }
      return { rebuild: build, arguments: args };
    }
  }
  return undefined;
}

const reducers = new WeakMap<object, Reducer<object, unknown>>();

/** How an object of the platform is told in plain data, and made from it again. */
interface Recipe {
  readonly describe: (object: never) => unknown;
  readonly make: (data: never) => object;
}

/**
 * What the object says of itself, if it is of a platform class whose objects can be made anew.
 * @param type the name of its class, a global or in Intl
 * @returns undefined if it cannot be made anew such that it is the same
 */
export function describeRebuilt(type: string, object: object): { readonly data: unknown } | undefined {
  const recipe = recipes[type];
  if (recipe === undefined) return undefined;
  const data = recipe.describe(object as never);
  // What it says after it was made again shows whether something was lost.
  const again = recipe.describe(recipe.make(data as never) as never);
  return isDeepStrictEqual(again, data) ? { data } : undefined;
}

export function rebuild(type: string, data: unknown): object {
  return (recipes[type] as Recipe).make(data as never);
}

const recipes: Readonly<Record<string, Recipe>> = {
  URL: { describe: ({ href }: URL) => href, make: (href: string) => new URL(href) },
  URLSearchParams: {
    describe: (params: URLSearchParams) => [...params],
    make: (pairs: [string, string][]) => new URLSearchParams(pairs),
  },
  Headers: {
    describe: (headers: Headers) => [...headers],
    make: (pairs: [string, string][]) => new Headers(pairs),
  },
  /** What Istanbul's instrumentation calls for its counters: any counter may be counted up, and nobody reads it. */
  coverage: { describe: () => null, make: makeCounters },
  TextEncoder: { describe: () => null, make: () => new TextEncoder() },
  TextDecoder: {
    describe: ({ encoding, fatal, ignoreBOM }: InstanceType<typeof TextDecoder>) => ({
      encoding,
      fatal,
      ignoreBOM,
    }),
    make: ({ encoding, ...options }: { encoding: string }) => new TextDecoder(encoding, options),
  },
  ...Object.fromEntries(
    [
      'NumberFormat',
      'DateTimeFormat',
      'Collator',
      'PluralRules',
      'RelativeTimeFormat',
      'ListFormat',
      'DisplayNames',
      'Segmenter',
    ].map((name) => [`Intl.${name}`, intlRecipe(name)]),
  ),
};

function makeCounters(): object {
  const counters: object = new Proxy(
    {},
    { get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : counters), set: () => true },
  );
  return () => counters;
}

/** Formatters tell the options that they have, which make the same formatter again. */
function intlRecipe(name: string): Recipe {
  type Resolved = { readonly locale: string };
  type Formatter = { resolvedOptions(): Resolved };
  return {
    describe: (formatter: Formatter) => ({ ...formatter.resolvedOptions() }),
    make: ({ locale, ...options }: Resolved) => {
      const constructors = Intl as unknown as Record<string, new (locale: string, options: object) => object>;
      return new (constructors[name] as new (locale: string, options: object) => object)(locale, options);
    },
  };
}

/** Says of a class that its objects cannot travel, and what to do instead. */
export function cannotTravel(type: { readonly prototype: object }, what: string, remedy: string): void {
  reasons.set(type.prototype, [what, remedy]);
}

/** Why an object cannot travel, if its class says so. */
export function whyNot(object: object): readonly [what: string, remedy: string] | undefined {
  for (let at = object as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const reasons = new WeakMap<object, readonly [string, string]>();
