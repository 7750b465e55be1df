import type { Part, Step } from './reference.ts';
import { isFunction, propertyOf, type SomeFunction } from './properties.ts';

/**
 * What lies at a path from an object; undefined if there is nothing.
 * @param part what of the path's last property is meant
 */
export function follow(root: unknown, path: readonly Step[], part: Part = 'value'): unknown {
  let holder = root;
  for (const [index, step] of path.entries()) {
    if (holder === null || (typeof holder !== 'object' && typeof holder !== 'function')) return undefined;
    const key = keyOf(holder, step);
    if (key === undefined) return undefined;
    if (index === path.length - 1 && part !== 'value') {
      return part === 'key' ? key : propertyOf(holder, key)?.[part];
    }
    holder = Reflect.get(holder, key);
  }
  return holder;
}

/** The last function that the path comes by, its end included: what is there hangs on that. */
export function lastFunctionOn(root: unknown, path: readonly Step[], part?: Part): SomeFunction | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const value = follow(root, path.slice(0, length), length === path.length ? part : 'value');
    if (isFunction(value)) return value;
  }
  return undefined;
}

export function stepOf(key: string | symbol): Step {
  return typeof key === 'string' ? key : { symbol: wellKnown.get(key) ?? key.description ?? '' };
}

export function isWellKnown(symbol: symbol): boolean {
  return wellKnown.has(symbol);
}

/** As JavaScript writes it, but for symbols: `Array.prototype[Symbol.iterator]`. */
export function showPath(path: readonly Step[], part: Part = 'value'): string {
  const text = path.map((step) => (typeof step === 'string' ? `.${step}` : `[${step.symbol}]`)).join('');
  return (part === 'value' ? '' : `${part} `) + text.replace(/^\./, '');
}

/** The inverse of {@link showPath}. */
export function parsePath(text: string): { path: Step[]; part: Part } {
  const [, part = 'value', members = ''] = /^(?:(get|set|key) )?(.*)$/s.exec(text) ?? [];
  const path = [...members.matchAll(/\[([^\]]*)\]|[^.[]+/g)].map(([name, symbol]): Step =>
    symbol === undefined ? name : { symbol },
  );
  return { path, part: part as Part };
}

function keyOf(holder: object, step: Step): string | symbol | undefined {
  if (typeof step === 'string') return step;
  for (let object: object | null = holder; object !== null; object = Reflect.getPrototypeOf(object)) {
    const found = Object.getOwnPropertySymbols(object).find(
      (key) => (stepOf(key) as { symbol: string }).symbol === step.symbol,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** By their names on `Symbol`: what they call themselves differs between versions of Node. */
const wellKnown = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap((name) => {
    const value = (Symbol as unknown as Record<string, unknown>)[name];
    return typeof value === 'symbol' ? [[value, `Symbol.${name}`] as const] : [];
  }),
);
