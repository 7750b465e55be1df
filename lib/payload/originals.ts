/** The text that a function or class had before it was edited to travel, so that it can travel on. */
export function noteOriginal(fn: object, text: string): void {
  originals.set(fn, text);
}

/** The source text of a function, as its author wrote it. */
export function textOf(fn: object): string {
  return originals.get(fn) ?? Function.prototype.toString.call(fn);
}

const originals = new WeakMap<object, string>();
