import { type ClassNode, type FunctionNode, type Graph, HELPERS } from '../graph.ts';

/** Code that makes the functions and classes of one file. */
interface EmittedFile {
  /** Texts of CommonJS modules that export a function that takes the helpers. */
  readonly scripts: readonly string[];
  /** Texts that a script evaluates in their context, by the index of their node. */
  readonly texts: ReadonlyMap<number, string>;
  /** Code to evaluate in the body of a class, by the index of the class. */
  readonly bodies: ReadonlyMap<number, string>;
}

type CodeNode = FunctionNode | ClassNode;
type Item = { readonly index: number; readonly line: number; readonly column: number } & (
  | { readonly what: 'code'; readonly node: CodeNode }
  | { readonly what: 'context'; readonly names: readonly string[]; readonly items: readonly Item[] }
);

const VALUE = `${HELPERS}_value`;
const OPENING = `module.exports=function(${HELPERS}){`;

/**
 * Limit of scripts for texts that overlap, such as thousands of functions made by one loop; the rest is
 * evaluated.
 */
const MOST_SCRIPTS = 8;

/**
 * Writes every text at the line and column that it had in its file, padded with line breaks and spaces, so
 * that stack traces, profiles and source maps are right by themselves. Contexts become nested blocks, so that
 * functions share variables as they did, at the speed of any variable.
 *
 * A text that overlaps an earlier one goes into another script. If it shares a context with the earlier text,
 * it is evaluated in its block instead, as is everything inside the body of a class.
 */
export function emitFile(graph: Graph, file: number): EmittedFile {
  const { top, inClass } = arrange(graph, file);
  const texts = new Map<number, string>();
  const bodies = new Map<number, string>();
  for (const [index, items] of inClass) bodies.set(index, items.map((item) => inBody(item, texts)).join(''));
  const scripts: string[] = [];
  let rest: readonly Item[] = top;
  while (rest.length > 0) {
    const script = new ScriptWriter(texts);
    const later: Item[] = [];
    const isLast = scripts.length === MOST_SCRIPTS;
    for (const item of rest) {
      if (isLast || script.isEmpty || script.fits(item)) script.write(item);
      else later.push(item);
    }
    scripts.push(script.finish());
    rest = later;
  }
  return { scripts, texts, bodies };
}

/**
 * Groups code into items outside of any context and items in the body of each class, in the order of the
 * file.
 */
function arrange({ nodes, contexts }: Graph, file: number): { top: Item[]; inClass: Map<number, Item[]> } {
  const top: Item[] = [];
  const inClass = new Map<number, Item[]>();
  const inContext = contexts.map((): Item[] => []);
  const listOf = (context: number): Item[] => inContext[context] ?? top;
  nodes.forEach((node, index) => {
    if ((node.kind === 'function' || node.kind === 'class') && node.place.file === file) {
      listOf(node.context).push({ ...node.place, what: 'code', index, node });
    }
  });
  // A context follows the one around it, so backwards it is complete before it is placed itself.
  for (const [index, context] of [...contexts.entries()].toReversed()) {
    const items = (inContext[index] as Item[]).toSorted(byPlace);
    const [first] = items;
    if (context.file !== file || first === undefined) continue;
    if (context.class !== undefined) inClass.set(context.class, items);
    else {
      const { line, column } = first;
      listOf(context.parent).push({ what: 'context', index, names: context.names, items, line, column });
    }
  }
  return { top: top.toSorted(byPlace), inClass };
}

function byPlace(a: Item, b: Item): number {
  return a.line - b.line || a.column - b.column;
}

class ScriptWriter {
  readonly #texts: Map<number, string>;
  readonly #parts: string[] = [OPENING];
  #line = 0;
  #column = OPENING.length;
  isEmpty = true;

  constructor(texts: Map<number, string>) {
    this.#texts = texts;
  }

  write(item: Item): void {
    this.isEmpty = false;
    if (item.what === 'context') this.#writeContext(item);
    else this.#writeCode(item);
  }

  finish(): string {
    return `${this.#parts.join('')}}`;
  }

  /** Whether a text, or the first text of a context, can still have its own line and column. */
  fits(item: Item): boolean {
    if (item.line !== this.#line || item.what === 'context') return item.line > this.#line;
    return item.column >= this.#column + opening(item).length + before(item.node).length;
  }

  #writeContext(context: Extract<Item, { what: 'context' }>): void {
    this.#append(`{${declaration(context)}`);
    for (const item of context.items) this.write(item);
    this.#append('}');
  }

  #writeCode(item: Extract<Item, { what: 'code' }>): void {
    const { node, line, column } = item;
    const fits = this.fits(item);
    this.#append(opening(item));
    if (fits) {
      this.#append('\n'.repeat(line - this.#line));
      this.#append(' '.repeat(Math.max(0, column - before(node).length - this.#column)));
      this.#append(textOf(item));
    } else this.#append(evaluated(item, this.#texts));
    this.#append(')};');
  }

  #append(text: string): void {
    this.#parts.push(text);
    const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
    const last = (lines.at(-1) as string).length;
    this.#line += lines.length - 1;
    this.#column = lines.length === 1 ? this.#column + last : last;
  }
}

/** Code for an item at the end of a class body, where no text can have its own line and column. */
function inBody(item: Item, texts: Map<number, string>): string {
  if (item.what === 'code') return `${opening(item)}${evaluated(item, texts)})};`;
  return `{${declaration(item)}${item.items.map((inner) => inBody(inner, texts)).join('')}}`;
}

/** Code that evaluates the text, padded so that its lines and columns are its own. */
function evaluated(item: Extract<Item, { what: 'code' }>, texts: Map<number, string>): string {
  const padding = '\n'.repeat(item.line) + ' '.repeat(Math.max(0, item.column - before(item.node).length));
  texts.set(item.index, padding + textOf(item));
  return `eval(${HELPERS}.texts[${item.index}])`;
}

function textOf({ index, node }: Extract<Item, { what: 'code' }>): string {
  if (node.kind === 'function') return node.before + node.text + node.after;
  if (!node.hasPrivates) return `(${node.text})`;
  const end = node.text.lastIndexOf('}');
  const access = node.privateNames.map((name) => `"${name}":[o=>o.${name},(o,v)=>{o.${name}=v}]`).join(',');
  const inside = `(${HELPERS})=>eval(${HELPERS}.body)`;
  const block = `;static{${HELPERS}.privates[${index}]={fields:{${access}},evaluateInBody:${inside}}}`;
  return `(${node.text.slice(0, end)}${block}})`;
}

/** Code that declares the variables of a context and functions that set them. */
function declaration({ index, names }: Extract<Item, { what: 'context' }>): string {
  const setters = names.map((name) => `${name}:${VALUE}=>{${name}=${VALUE}}`);
  return `let ${names.join(',')};${HELPERS}.variables[${index}]={${setters.join(',')}};`;
}

/**
 * Beginning of a function that makes a function or class; called with the `this`, `arguments` and
 * `new.target` around it.
 */
function opening({ index, node }: Extract<Item, { what: 'code' }>): string {
  const strict = node.kind === 'class' || node.strict ? '"use strict";' : '';
  const parameters = node.kind === 'class' ? `${HELPERS}_heritage,${HELPERS}_keys` : '';
  return `${HELPERS}.make[${index}]=function(${parameters}){${strict}return(`;
}

function before(node: CodeNode): string {
  return node.kind === 'class' ? '(' : node.before;
}
