import { inspect } from 'node:util';

/** A typed array's elements are own properties too, millions maybe; `inspect` knows how to look at the others alone. */
export function hasExtraProperties(view: NodeJS.TypedArray): boolean {
  const text = inspect(view, { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity });
  return !/\[(?: \.\.\. \d+ more items? )?\]$/.test(text);
}
