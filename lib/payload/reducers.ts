import { isDeepStrictEqual } from 'node:util';
import { intrinsicAt } from './reference/intrinsics.ts';
import { prototypeOf, valueOf } from './reference/members.ts';

/** Serializes objects of a class whose properties are not their whole state, or are too much of it. */
export interface Reducer<T extends object, S> {
  /** Returns the value that is sent instead of the object. */
  readonly reduce: (object: T) => S;
  /** Makes the object from that value; sent as any function is. */
  readonly rebuild: (state: S) => T;
}

/**
 * Name of a method by which a class reduces its own objects, without {@link registerReducer}; it returns
 * `[rebuild, ...args]`.
 */
const REDUCE: symbol = Symbol.for('condor-futures.reduce');

/**
 * Registers how objects of a class, and of classes that extend it, are serialized: as the state that `reduce`
 * returns, from which `rebuild` makes the object in the other process.
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

/**
 * @returns the call that replaces an object, or undefined if it has no reducer; errors of the reducer are
 *   thrown
 */
export function reduce(object: object): { rebuild: unknown; arguments: unknown[] } | undefined {
  for (let prototype = prototypeOf(object); prototype !== null; prototype = prototypeOf(prototype)) {
    const reducer = reducers.get(prototype);
    if (reducer !== undefined) return { rebuild: reducer.rebuild, arguments: [reducer.reduce(object)] };
    const method: unknown = valueOf(prototype, REDUCE);
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

/** Turns an object of the platform into plain data and back. */
interface Recipe {
  readonly describe: (object: never) => unknown;
  readonly make: (data: never) => object;
}

/**
 * Describes an object of a platform class as plain data for {@link rebuild}.
 * @param type name of its class: a global, or in Intl
 * @returns undefined if the object cannot be rebuilt without a loss
 */
export function describeRebuilt(type: string, object: object): Rebuilt | undefined {
  const recipe = recipes[type];
  if (recipe === undefined) return undefined;
  const data = recipe.describe(object as never);
  // The description of the rebuilt object shows whether something was lost.
  const made = recipe.make(data as never);
  return isDeepStrictEqual(recipe.describe(made as never), data) ? { data, made } : undefined;
}

interface Rebuilt {
  readonly data: unknown;
  /** A new object made of the data. */
  readonly made: object;
}

/** @throws {ModuleLoadError} if this version of Node has no such class */
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
  /** Counter function of Istanbul's instrumentation; counts in the other process are not read. */
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
  'node-error': {
    describe: (prototype: object) => describeNodeErrorPrototype(prototype),
    make: nodeErrorPrototype,
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
      'DurationFormat',
      'Segmenter',
    ].map((name) => [`Intl.${name}`, intlRecipe(`Intl.${name}`)]),
  ),
  'Intl.Locale': { describe: String, make: (tag: string) => new Intl.Locale(tag) },
  'JSON.rawJSON': {
    describe: ({ rawJSON }: { readonly rawJSON: string }) => rawJSON,
    make: (text: string) => (intrinsicAt('JSON.rawJSON') as (text: string) => object)(text),
  },
  ...Object.fromEntries(
    ['PlainDate', 'PlainTime', 'PlainDateTime', 'PlainYearMonth', 'PlainMonthDay'].map((name) => [
      `Temporal.${name}`,
      temporalRecipe(`Temporal.${name}`),
    ]),
  ),
  'Temporal.Instant': {
    describe: ({ epochNanoseconds }: { readonly epochNanoseconds: bigint }) => epochNanoseconds,
    make: (nanoseconds: bigint) => new (classAt('Temporal.Instant'))(nanoseconds),
  },
  'Temporal.ZonedDateTime': {
    describe: (time: Record<'epochNanoseconds' | 'timeZoneId' | 'calendarId', unknown>) => [
      time.epochNanoseconds,
      time.timeZoneId,
      time.calendarId,
    ],
    make: (parts: readonly unknown[]) => new (classAt('Temporal.ZonedDateTime'))(...parts),
  },
  // Its text would be of balanced units.
  'Temporal.Duration': {
    describe: (duration: Record<string, number>) => DURATION_UNITS.map((unit) => duration[unit]),
    make: (parts: readonly number[]) => new (classAt('Temporal.Duration'))(...parts),
  },
};

/** In the order of the constructor's parameters. */
const DURATION_UNITS =
  'years months weeks days hours minutes seconds milliseconds microseconds nanoseconds'.split(' ');

/** Rebuilds a date or time from its text, which has its calendar, too. */
function temporalRecipe(path: string): Recipe {
  type Source = { from(text: string): object };
  return {
    describe: String,
    make: (text: string) => (classAt(path) as unknown as Source).from(text),
  };
}

type AnyConstructor = new (...args: readonly unknown[]) => object;

/** @throws {ModuleLoadError} if this version of Node has no such class */
function classAt(path: string): AnyConstructor {
  return intrinsicAt(path) as AnyConstructor;
}

function makeCounters(): object {
  const counters: object = new Proxy(
    {},
    { get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : counters), set: () => true },
  );
  return () => counters;
}

/** The prototype of errors that Node itself makes, which no module exports. */
export interface NodeErrorPrototype {
  /** Name of the class of the language that it extends. */
  readonly base: string;
  /** Name of its class, such as `AbortError`; undefined if its `constructor` is that of the base. */
  readonly type: string | undefined;
  /** Whether errors print as `TypeError [ERR_INVALID_ARG_TYPE]: …`. */
  readonly showsCode: boolean;
}

const nodeErrorPrototypes = new Map<string, object>();
const nodeErrorDescriptions = new WeakMap<object, NodeErrorPrototype>();

/** Describes a prototype that came from another process; undefined for any other object. */
export function describeNodeErrorPrototype(prototype: object): NodeErrorPrototype | undefined {
  return nodeErrorDescriptions.get(prototype);
}

/** The like of a prototype of Node's errors, the same for equal descriptions. */
function nodeErrorPrototype(description: NodeErrorPrototype): object {
  const { base, type, showsCode } = description;
  const key = `${base} ${type} ${showsCode}`;
  const known = nodeErrorPrototypes.get(key);
  if (known !== undefined) return known;
  const Base = (globalThis as unknown as Record<string, ErrorConstructor>)[base] as ErrorConstructor;
  const made = class extends Base {};
  const { prototype } = made;
  if (type === undefined) Object.defineProperty(prototype, 'constructor', { get: () => Base });
  else Object.defineProperty(made, 'name', { value: type, configurable: true });
  if (showsCode) {
    Object.defineProperty(prototype, 'toString', {
      value(this: NodeJS.ErrnoException) {
        return `${this.name} [${this.code}]: ${this.message}`;
      },
      writable: true,
      configurable: true,
    });
  }
  nodeErrorPrototypes.set(key, prototype);
  nodeErrorDescriptions.set(prototype, description);
  return prototype;
}

/** Rebuilds a formatter from its resolved options. */
function intlRecipe(path: string): Recipe {
  type Resolved = { readonly locale: string; readonly hour12?: boolean; readonly hourCycle?: string };
  type Formatter = { resolvedOptions(): Resolved };
  return {
    describe: (formatter: Formatter) => ({ ...formatter.resolvedOptions() }),
    // `hour12` would win over `hourCycle`, which says more.
    make: ({ locale, hour12, ...options }: Resolved) =>
      new (classAt(path))(locale, options.hourCycle === undefined ? { hour12, ...options } : options),
  };
}

/** Whether objects of a class of the platform can be rebuilt, if nothing of their state is lost. */
export function hasRecipe(type: string): boolean {
  return Object.hasOwn(recipes, type);
}

/** Declares that objects of a class cannot be serialized, with a remedy for the error. */
export function cannotTravel(type: { readonly prototype: object }, what: string, remedy: string): void {
  reasons.set(type.prototype, [what, remedy]);
}

/** The reason why an object cannot be serialized; undefined if none is declared for its class. */
export function whyNot(object: object): readonly [what: string, remedy: string] | undefined {
  for (let at = object as object | null; at !== null; at = prototypeOf(at)) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const reasons = new WeakMap<object, readonly [string, string]>();
