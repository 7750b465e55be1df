import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { showValue } from '../../base/checks.ts';
import { SerializationError } from '../../base/errors.ts';

/** One thing on the way: how it was reached, and what it is. */
export interface Hop {
  readonly edge: Edge;
  readonly value: unknown;
  /** Of a function or class: where its source is. */
  readonly place?: string | undefined;
}

/** Why a value cannot travel, and what to do instead. */
export class Refusal extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(what, options);
    this.remedy = remedy;
  }
}

/** The error for a user: the way from what was sent to what cannot be, hop by hop, and the way out. */
export function refusalAt(hops: readonly Hop[], refusal: Refusal): SerializationError {
  const [root, ...rest] = hops as [Hop, ...Hop[]];
  const rootName = root.edge.by === 'root' ? root.edge.name : '';
  const title =
    typeof root.value === 'function'
      ? `${kindOfFunction(root.value)} '${nameOfFunction(root.value)}'`
      : rootName;
  const lines = [`cannot send ${title} to another process`, `  ${startOf(root, rootName)}`];
  let line = '';
  const finishLine = (): void => {
    if (line !== '') lines.push(`   -> ${line}`);
    line = '';
  };
  for (const { edge, value, place } of rest) {
    // Properties of properties go on one line; a variable begins one, a function ends one.
    if (!('key' in edge)) finishLine();
    const isPath = edge.by === 'property' || edge.by === 'private';
    line += line === '' || isPath ? wordsOf(edge) : ` -> ${wordsOf(edge)}`;
    if (typeof value === 'function') {
      line += ` = ${describeValue(value, place)}`;
      finishLine();
    }
  }
  finishLine();
  lines.push(`   -> ${refusal.message}`, `  ${refusal.remedy}`);
  return new SerializationError(lines.join('\n'), pathOf(hops), { cause: refusal.cause });
}

/** A place in a file for people: `sim.mjs:41:18`. */
export function showPlace(url: string, line: number, column: number): string {
  const file = url.startsWith('file:') ? basename(fileURLToPath(url)) : basename(url);
  return `${file === '' ? '[evaluated code]' : file}:${line + 1}:${column + 1}`;
}

function startOf({ value, place }: Hop, rootName: string): string {
  if (typeof value !== 'function') return rootName;
  return `${nameOfFunction(value)}${place === undefined ? '' : ` (${place})`}`;
}

/** The way to a value as an expression, such as `arguments[0].options.get("log")`; `>` goes into a function. */
function pathOf(hops: readonly Hop[]): string {
  return hops
    .map(({ edge }) => {
      if (edge.by === 'root') return edge.name;
      if (edge.by === 'entry') return `.get(${showKey(edge.key)})`;
      if (edge.by === 'key') return `.keys(${showKey(edge.key)})`;
      return 'key' in edge ? wordsOf(edge) : ` > ${edge.name}`;
    })
    .join('');
}

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
