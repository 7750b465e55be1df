import { types } from 'node:util';
import { showValue } from '../../options.ts';

/** How the capture came from one thing to the next. */
export type Edge =
  | { readonly by: 'root'; readonly name: string }
  | { readonly by: 'variable' | 'private' | 'lexical'; readonly name: string }
  | { readonly by: 'property' | 'getter' | 'setter' | 'entry' | 'key'; readonly key: unknown }
  /** A part of an object that has no name in its text. */
  | { readonly by: 'part'; readonly name: string };

/** An edge in words for people. */
export function wordsOf(edge: Edge): string {
  switch (edge.by) {
    case 'root':
    case 'part':
      return edge.name;
    case 'variable':
      return `captured variable '${edge.name}'`;
    case 'lexical':
      return `captured ${edge.name}`;
    case 'private':
      return `.${edge.name}`;
    case 'property':
      return showProperty(edge.key);
    case 'getter':
    case 'setter':
      return `${edge.by} of ${showProperty(edge.key)}`;
    case 'entry':
      return `Map value for key ${showKey(edge.key)}`;
    case 'key':
      return `key ${showKey(edge.key)}`;
  }
}

/** A property as one writes it behind an object: `.name`, `[0]`, `["a-b"]`. */
function showProperty(key: unknown): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  const text = String(key);
  if (/^(?:0|[1-9]\d*)$/.test(text)) return `[${text}]`;
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
}

/** The key of a Map in short. */
export function showKey(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : showValue(key).replace(/^`([^]*)`.*$/, '$1');
}

/**
 * A value in a few words, without running anything of it.
 * @param place of a function, where its source is
 */
export function describeValue(value: unknown, place?: string): string {
  if (typeof value === 'function') {
    return `${kindOfFunction(value)} ${nameOfFunction(value)}${place === undefined ? '' : ` (${place})`}`;
  }
  if (typeof value !== 'object' || value === null) return showKey(value);
  if (types.isProxy(value)) return 'a Proxy';
  const owner: unknown = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(value) ?? {},
    'constructor',
  )?.value;
  const name = typeof owner === 'function' ? nameOfFunction(owner) : 'object';
  if (Array.isArray(value)) return `Array(${value.length})`;
  if (types.isTypedArray(value)) return `${name}(${value.length})`;
  return types.isMap(value) || types.isSet(value) ? `${name}(${value.size})` : name;
}

export function kindOfFunction(fn: object): 'class' | 'function' {
  return /^class\b/.test(Function.prototype.toString.call(fn)) ? 'class' : 'function';
}

export function nameOfFunction(fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof name === 'string' && name !== '' ? name : '(anonymous)';
}
