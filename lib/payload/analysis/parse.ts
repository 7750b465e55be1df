import { createRequire } from 'node:module';
import type {
  AnonymousClassDeclaration,
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  AssignmentProperty,
  ClassDeclaration,
  ClassExpression,
  FunctionDeclaration,
  FunctionExpression,
  MethodDefinition,
  Options,
  Parser,
  Program,
  Property,
} from 'acorn';
import { positionAt } from './text.ts';

/** What is known of a function besides its text; it tells apart what looks the same. */
export interface FunctionHints {
  /** Whether it has a `prototype` of its own. */
  readonly hasPrototype: boolean;
  readonly name: string;
  /** Whether its code is known to be strict, be it by what is around it. */
  readonly strict?: boolean | undefined;
}

/** A function's text as a tree. */
export interface ParsedFunction {
  readonly node: FunctionNode | ClassNode;
  /** What a method or an accessor is written as. */
  readonly member?: MemberNode;
  readonly kind: 'function' | 'arrow' | 'method' | 'getter' | 'setter' | 'class';
  /** What was parsed: the text with something around it. */
  readonly source: string;
  /** How much the offsets in the source are more than those in the text. */
  readonly shift: number;
}

export type MemberNode = Property | AssignmentProperty | MethodDefinition;

/**
 * Reads what `Function.prototype.toString` returns, which is an expression or a member of an object or class.
 * @throws {SyntaxError} if it is none
 */
export function parseFunction(text: string, hints: FunctionHints): ParsedFunction {
  const failures: ParseFailure[] = [];
  // In scripts `<!--` begins a comment, in modules it does not; all else that modules may hold, scripts may as well.
  const sourceTypes = /<!--|-->/.test(text) ? (['script', 'module'] as const) : (['script'] as const);
  for (const sourceType of sourceTypes) {
    for (const form of formsOf(text, hints)) {
      const parsed = tryForm(text, form, sourceType);
      if (!('message' in parsed)) return parsed;
      failures.push(parsed);
    }
  }
  // The form that got furthest is the one that was meant.
  const [first] = failures.toSorted((a, b) => b.offset - a.offset);
  throw new SyntaxError(
    `The text of function ${hints.name || '(anonymous)'} cannot be read: ${first?.message}${placeOf(text, first)}`,
  );
}

interface ParseFailure {
  readonly message: string;
  /** Where in the text; infinite if the whole is too much. */
  readonly offset: number;
}

function placeOf(text: string, failure: ParseFailure | undefined): string {
  const offset = failure?.offset ?? Infinity;
  if (offset < 0 || offset > text.length) return '';
  const { line, column } = positionAt(text, offset);
  return ` at ${line + 1}:${column + 1} of it`;
}

/** A text that has the function's text in it, and where the function is in its tree. */
interface Form {
  readonly before: string;
  readonly after: string;
  readonly pick: (program: Program) => Omit<ParsedFunction, 'source' | 'shift'> | undefined;
}

// Within a method, `new.target` is legal, which a function takes from around it when it is an arrow.
const EXPRESSION: Form = { before: '({m(){return(', after: ')}})', pick: pickExpression };
// `super()` is legal in the constructor of a class only that extends another, and in arrows there.
const SUPER_CALL: Form = {
  before: '(class extends Object{constructor(){return(',
  after: ')}})',
  pick: pickExpression,
};
const METHOD: Form = { before: '({', after: '})', pick: pickMember };
const PRIVATE_METHOD: Form = { before: '(class{', after: '})', pick: pickMember };
// V8 prints a class's method named `static`, but for a static one, without its name.
const METHOD_STATIC: Form = { before: '({static', after: '})', pick: pickMember };

function formsOf(text: string, hints: FunctionHints): Form[] {
  // A method may be named `function`, and print like an anonymous one: `async function() {}`.
  const isMethodFirst = !hints.hasPrototype && (hints.name === 'function' || text.startsWith('function'));
  const forms = isMethodFirst ? [METHOD, EXPRESSION] : [EXPRESSION, METHOD];
  return [
    ...forms,
    PRIVATE_METHOD,
    ...(text.startsWith('(') ? [METHOD_STATIC] : []),
    ...(text.includes('super') ? [SUPER_CALL] : []),
  ];
}

function tryForm(
  text: string,
  form: Form,
  sourceType: NonNullable<Options['sourceType']>,
): ParsedFunction | ParseFailure {
  const shift = form.before.length;
  const source = form.before + text + form.after;
  try {
    const program = trustingParser().parse(source, {
      ecmaVersion: 'latest',
      sourceType,
      preserveParens: true,
      checkPrivateFields: false,
      allowSuperOutsideMethod: true,
      allowImportExportEverywhere: true,
    });
    const picked = form.pick(program);
    if (picked === undefined) return { message: 'it is not that of one function', offset: 0 };
    return { ...picked, source, shift };
  } catch (error) {
    const { name, message, pos = 0 } = error as Error & { pos?: number };
    if (name === 'RangeError') return { message: 'it is nested too deeply', offset: Infinity };
    // The parser adds the position in what it was given.
    return { message: message.replace(/ \(\d+:\d+\)$/, ''), offset: pos - shift };
  }
}

function pickExpression(program: Program): ReturnType<Form['pick']> {
  const [method, ...others] = membersOf(program);
  const isMethod = method?.type === 'Property' || method?.type === 'MethodDefinition';
  const body = isMethod && isFunction(method.value) ? method.value.body : undefined;
  const [statement, ...rest] = body?.type === 'BlockStatement' ? body.body : [];
  if (others.length > 0 || rest.length > 0 || statement?.type !== 'ReturnStatement') return undefined;
  if (statement.argument?.type !== 'ParenthesizedExpression') return undefined;
  const node = statement.argument.expression;
  if (isClass(node)) return { node, kind: 'class' };
  if (!isFunction(node)) return undefined;
  return { node, kind: node.type === 'ArrowFunctionExpression' ? 'arrow' : 'function' };
}

const KINDS = {
  method: 'method',
  init: 'method',
  get: 'getter',
  set: 'setter',
  constructor: 'method',
} as const;

function pickMember(program: Program): ReturnType<Form['pick']> {
  const [member, ...others] = membersOf(program);
  if (others.length > 0 || (member?.type !== 'Property' && member?.type !== 'MethodDefinition'))
    return undefined;
  const isMethod = member.type === 'MethodDefinition' || member.method || member.kind !== 'init';
  if (!isMethod || !isFunction(member.value)) return undefined;
  return { node: member.value, member, kind: KINDS[member.kind] };
}

function membersOf(program: Program): readonly AnyNode[] {
  const [statement, ...others] = program.body;
  if (others.length > 0 || statement?.type !== 'ExpressionStatement') return [];
  const holder = withoutParentheses(statement.expression);
  if (holder.type === 'ObjectExpression') return holder.properties;
  return holder.type === 'ClassExpression' ? holder.body.body : [];
}

/** Loads the parser on first use: it takes some milliseconds, and most calls never need it. */
export function loadAcorn(): typeof import('acorn') {
  // A bundler that makes CommonJS puts acorn into the bundle because of this very form, and runs it only when
  // called. In an ES module there is no `require`.
  if (typeof require === 'function') return require('acorn') as typeof import('acorn');
  return createRequire(import.meta.url)('acorn') as typeof import('acorn');
}

let parser: typeof Parser | undefined;

/**
 * The parser for text that this process runs: V8 has accepted its regular expressions, also those with a newer
 * Unicode property than the parser's tables know, so they are not looked at.
 */
export function trustingParser(): typeof Parser {
  parser ??= loadAcorn().Parser.extend(
    (Base) =>
      class extends Base {
        validateRegExpFlags(): void {}
        validateRegExpPattern(): void {}
      },
  );
  return parser;
}

export type FunctionNode =
  FunctionExpression | FunctionDeclaration | AnonymousFunctionDeclaration | ArrowFunctionExpression;

export type ClassNode = ClassExpression | ClassDeclaration | AnonymousClassDeclaration;

/** The nodes directly within a node, of whatever kind. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    // One by one: a list may be longer than one of arguments.
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) children.push(child);
    }
  }
  return children;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return (
    node.type === 'FunctionExpression' ||
    node.type === 'FunctionDeclaration' ||
    node.type === 'ArrowFunctionExpression'
  );
}

export function isClass(node: AnyNode): node is ClassNode {
  return node.type === 'ClassExpression' || node.type === 'ClassDeclaration';
}

/** The expression within any parentheses. */
export function withoutParentheses(node: AnyNode): AnyNode {
  let inner = node;
  while (inner.type === 'ParenthesizedExpression') inner = inner.expression;
  return inner;
}

/** A key that the text itself tells: `undefined` if it is computed from anything but a literal. */
export function staticKey(key: AnyNode, computed: boolean): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Identifier') return computed ? undefined : key.name;
  const literal = withoutParentheses(key);
  if (literal.type !== 'Literal') return undefined;
  // A bigint is kept as text as well: a computed one is the same key.
  if (literal.bigint !== undefined && literal.bigint !== null) return String(BigInt(literal.bigint));
  const { value } = literal;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
