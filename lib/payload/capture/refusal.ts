import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { showValue } from '../../base/checks.ts';
import { SerializationError } from '../../base/errors.ts';
import { withFramesOfProgram } from '../../base/program-frames.ts';
import { prototypeOf, valueOf } from '../reference/members.ts';

/** One step on the path to a value: the value, and how it was reached. */
export interface Hop {
  readonly edge: Edge;
  readonly value: unknown;
  /** The source position of a function or class. */
  readonly place?: string | undefined;
  /** Name of the package that a function or class is in; undefined for those of the program. */
  readonly packageName?: string | undefined;
}

/** The reason why a value cannot be sent, and what to do instead. */
export class Refusal extends Error {
  readonly remedy: string;

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(what, options);
    this.remedy = remedy;
  }
}

/** The error for the user: the path from the root to the value that cannot be sent, and the remedy. */
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
    line += line === '' || isPath ? showEdge(edge) : ` -> ${showEdge(edge)}`;
    if (typeof value === 'function') {
      line += ` = ${describeValue(value, place)}`;
      finishLine();
    }
  }
  finishLine();
  lines.push(`   -> ${refusal.message}`, `  ${remedyFor(hops, refusal)}`);
  const make = (): SerializationError =>
    new SerializationError(lines.join('\n'), pathOf(hops), { cause: refusal.cause });
  return withFramesOfProgram(make);
}

/** The remedy, in terms of the program's own code also where the refusal is about code within a package. */
function remedyFor(hops: readonly Hop[], { remedy }: Refusal): string {
  const isCode = ({ value }: Hop): boolean => typeof value === 'function';
  const name = hops.findLast(isCode)?.packageName;
  if (name === undefined) return remedy;
  const first = hops.findIndex(({ packageName }) => packageName !== undefined);
  const own = hops.slice(0, first).findLastIndex(isCode);
  // What the program's last function captured, or the argument.
  const captured =
    own < 0 ? pathOf(hops.slice(0, Math.min(first + 1, 2))) : pathOf(hops.slice(own + 1, own + 2));
  const what = captured.replace(/^ > /, '');
  return `It is in the package ${name}: make \`${what}\` inside the function, or say how it travels with registerReducer.`;
}

/** A position in a file for error messages: `sim.mjs:41:18`. */
export function showPlace(url: string, line: number, column: number): string {
  const file = url.startsWith('file:') ? basename(fileURLToPath(url)) : basename(url);
  return `${file === '' ? '[evaluated code]' : file}:${line + 1}:${column + 1}`;
}

function startOf({ value, place }: Hop, rootName: string): string {
  if (typeof value !== 'function') return rootName;
  return `${nameOfFunction(value)}${place === undefined ? '' : ` (${place})`}`;
}

/** The path to a value as an expression, such as `arguments[0].options.get("log")`; `>` enters a function. */
function pathOf(hops: readonly Hop[]): string {
  return hops
    .map(({ edge }) => {
      if (edge.by === 'root') return edge.name;
      if (edge.by === 'entry') return `.get(${showKey(edge.key)})`;
      if (edge.by === 'key') return `.keys(${showKey(edge.key)})`;
      return 'key' in edge ? showEdge(edge) : ` > ${edge.name}`;
    })
    .join('');
}

/** The step from one captured value to the next. */
export type Edge =
  | { readonly by: 'root'; readonly name: string }
  | { readonly by: 'variable' | 'private' | 'lexical'; readonly name: string }
  | { readonly by: 'property' | 'getter' | 'setter' | 'entry' | 'key'; readonly key: unknown }
  /** A part of an object that has no name in the source. */
  | { readonly by: 'part'; readonly name: string };

/** The step from an object to its prototype. */
export const TO_PROTOTYPE: Edge = { by: 'part', name: 'its prototype' };

/** Describes an edge for error messages. */
export function showEdge(edge: Edge): string {
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

/** A property access as written in source: `.name`, `[0]`, `["a-b"]`. */
function showProperty(key: unknown): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  const text = String(key);
  if (/^(?:0|[1-9]\d*)$/.test(text)) return `[${text}]`;
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`;
}

/** A Map key in short. */
function showKey(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : showValue(key).replace(/^`([^]*)`.*$/, '$1');
}

/**
 * Describes a value in a few words. Runs none of its code.
 * @param place the source position, if it is a function
 */
export function describeValue(value: unknown, place?: string): string {
  if (typeof value === 'function') {
    return `${kindOfFunction(value)} ${nameOfFunction(value)}${place === undefined ? '' : ` (${place})`}`;
  }
  if (typeof value !== 'object' || value === null) return showKey(value);
  if (types.isProxy(value)) return 'a Proxy';
  const owner: unknown = valueOf(prototypeOf(value) ?? {}, 'constructor');
  const name = typeof owner === 'function' ? nameOfFunction(owner) : 'object';
  if (Array.isArray(value)) return `Array(${value.length})`;
  if (types.isTypedArray(value)) return `${name}(${value.length})`;
  return types.isMap(value) || types.isSet(value) ? `${name}(${value.size})` : name;
}

function kindOfFunction(fn: object): 'class' | 'function' {
  return /^class\b/.test(Function.prototype.toString.call(fn)) ? 'class' : 'function';
}

export function nameOfFunction(fn: object): string {
  const name: unknown = valueOf(fn, 'name');
  return typeof name === 'string' && name !== '' ? name : '(anonymous)';
}

/** Whether a value that is reached like this may be replaced by words. */
export function isReplaceable(edge: Edge): boolean {
  if (edge.by === 'property') return edge.key !== 'constructor';
  return ['root', 'private', 'entry', 'key'].includes(edge.by);
}

/**
 * The object to replace by words, because the last one on the path cannot be sent: the last one, or the first
 * that cannot do without what it leads to. Only a prototype can be left out of an object.
 */
export function replaceableOn(hops: readonly Hop[]): object {
  for (const [index, { value }] of hops.entries()) {
    const next = hops[index + 1];
    if (next === undefined) break;
    if (next.edge === TO_PROTOTYPE) return next.value as object;
    if (next.edge.by === 'getter' || next.edge.by === 'setter') return next.value as object;
    if ((typeof value === 'function' && !types.isProxy(value)) || !isReplaceable(next.edge))
      return value as object;
  }
  return hops.at(-1)?.value as object;
}
