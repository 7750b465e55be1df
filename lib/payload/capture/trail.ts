import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SerializationError } from '../../errors.ts';
import { describeValue, kindOfFunction, nameOfFunction, showKey, wordsOf, type Edge } from './words.ts';

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
