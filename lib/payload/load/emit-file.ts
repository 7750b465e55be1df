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
interface Placed {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}
type CodeItem = Placed & { readonly what: 'code'; readonly node: CodeNode };
type ContextItem = Placed & {
  readonly what: 'context';
  readonly names: readonly string[];
  readonly items: readonly Item[];
};
type Item = CodeItem | ContextItem;

/** Names that Node declares around the text of a CommonJS module, without `require`. */
const WRAPPER_NAMES = ['exports', 'module', '__filename', '__dirname'];

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
  const { helpers = HELPERS } = graph;
  const { top, inClass } = arrange(graph, file);
  const texts = new Map<number, string>();
  const bodies = new Map<number, string>();
  for (const [index, items] of inClass)
    bodies.set(index, items.map((item) => inBody(item, texts, helpers)).join(''));
  const scripts: string[] = [];
  let rest: readonly Item[] = top;
  while (rest.length > 0) {
    const script = new ScriptWriter(texts, helpers, hiddenNames(graph));
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
 * The names around the script that its texts must not see, because they are undeclared where these come from:
 * of CommonJS they are captured variables, or global ones as in the REPL. They see `require`: without the
 * inspector it is not captured, and a function of an ES module may count on being called in CommonJS.
 */
function hiddenNames({ globals }: Graph): string[] {
  return WRAPPER_NAMES.filter((name) => !globals.some(([global]) => global === name));
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
  readonly #helpers: string;
  readonly #parts: string[] = [];
  #line = 0;
  #column = 0;
  /** Whether a variable of the user hides the `eval` of the language. */
  #isEvalHidden = false;
  isEmpty = true;

  constructor(texts: Map<number, string>, helpers: string, hidden: readonly string[]) {
    this.#texts = texts;
    this.#helpers = helpers;
    this.#append(
      `module.exports=function(${helpers}){${hidden.length === 0 ? '' : `var ${hidden.join(',')};`}`,
    );
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
    return item.column >= this.#column + opening(item, this.#helpers).length + before(item.node).length;
  }

  #writeContext(context: ContextItem): void {
    const wasEvalHidden = this.#isEvalHidden;
    this.#isEvalHidden ||= context.names.includes('eval');
    this.#append(declaration(context, this.#helpers));
    for (const item of context.items) this.write(item);
    this.#append(endOf(context));
    this.#isEvalHidden = wasEvalHidden;
  }

  #writeCode(item: CodeItem): void {
    const { node, line, column } = item;
    const fits = this.fits(item);
    this.#append(opening(item, this.#helpers));
    if (fits || this.#isEvalHidden) {
      this.#append('\n'.repeat(Math.max(0, line - this.#line)));
      this.#append(' '.repeat(Math.max(0, column - before(node).length - this.#column)));
      this.#append(textOf(item, this.#helpers));
    } else this.#append(evaluated(item, this.#texts, this.#helpers));
    this.#append(closing(item));
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
function inBody(item: Item, texts: Map<number, string>, helpers: string): string {
  if (item.what === 'code')
    return openingInBody(item, helpers) + evaluated(item, texts, helpers) + closing(item, true);
  const inner = item.items.map((each) => inBody(each, texts, helpers)).join('');
  return declaration(item, helpers) + inner + endOf(item);
}

/** Code that evaluates the text, padded so that its lines and columns are its own. */
function evaluated(item: CodeItem, texts: Map<number, string>, helpers: string): string {
  const padding = '\n'.repeat(item.line) + ' '.repeat(Math.max(0, item.column - before(item.node).length));
  texts.set(item.index, padding + textOf(item, helpers));
  return `eval(${helpers}.texts[${item.index}])`;
}

function textOf({ index, node }: CodeItem, helpers: string): string {
  if (node.kind === 'function') return node.before + node.text + node.after;
  if (!node.hasPrivates) return `(${node.text})`;
  const end = node.text.lastIndexOf('}');
  const access = node.privateNames.map((name) => `"${name}":[o=>o.${name},(o,v)=>{o.${name}=v}]`).join(',');
  const inside = `(${helpers})=>eval(${helpers}.body)`;
  const block = `;static{${helpers}.privates[${index}]={fields:{${access}},evaluateInBody:${inside}}}`;
  return `(${node.text.slice(0, end)}${block}})`;
}

/**
 * Code that begins a block, declares the variables of a context and functions that set them. `let` may be the
 * name of a parameter or a `var` only.
 */
function declaration({ index, names }: ContextItem, helpers: string): string {
  const value = `${helpers}_value`;
  const setters = names.map((name) => `${value}=>{${name}=${value}}`);
  const beginning = names.includes('let') ? `((${names.join(',')})=>{` : `{let ${names.join(',')};`;
  return `${beginning}${helpers}.variables[${index}]=[${setters.join(',')}];`;
}

function endOf({ names }: ContextItem): string {
  return names.includes('let') ? '})();' : '}';
}

/**
 * Beginning of a function that makes a function or class; called with the `this` and `new.target` around it.
 * The `arguments` around an arrow is its parameter, as it may be the value of a variable. Only sloppy code may
 * have such a parameter.
 */
function opening(item: CodeItem, helpers: string): string {
  const { index, node } = item;
  if (!hasArgumentsParameter(node)) return openingInBody(item, helpers);
  const strict = isStrict(node) ? '"use strict";' : '';
  return `${helpers}.make[${index}]=function(arguments){return(()=>{${strict}return(`;
}

/** The same in the strict code of a class body, where the loader fills the `arguments` of the function. */
function openingInBody({ index, node }: CodeItem, helpers: string): string {
  const isClass = node.kind === 'class';
  const strict = isStrict(node) ? '"use strict";' : '';
  const parameters = isClass ? `${helpers}_heritage,${helpers}_keys` : '';
  const taken = !isClass && node.arguments !== undefined ? `${helpers}.arguments[${index}]=arguments;` : '';
  return `${helpers}.make[${index}]=function(${parameters}){${strict}${taken}return(`;
}

function closing({ node }: CodeItem, isInBody = false): string {
  return !isInBody && hasArgumentsParameter(node) ? ')})()};' : ')};';
}

function isStrict(node: CodeNode): boolean {
  return node.kind === 'class' || node.strict;
}

/** Sloppy code makes an object of a `this` that is none. */
function hasArgumentsParameter(node: CodeNode): boolean {
  if (node.kind === 'class' || node.arguments === undefined) return false;
  return !node.strict || !('self' in node) || Array.isArray(node.self);
}

function before(node: CodeNode): string {
  return node.kind === 'class' ? '(' : node.before;
}
