import { isDeepStrictEqual } from 'node:util';

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
