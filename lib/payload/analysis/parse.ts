import * as acorn from 'acorn';
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

/** Facts about a function besides its text, which tell apart functions whose texts look the same. */
export interface FunctionHints {
  /** Whether it has a `prototype` of its own. */
  readonly hasPrototype: boolean;
  readonly name: string;
  /** Whether its code is known to be strict, possibly because of the surrounding code. */
  readonly strict?: boolean | undefined;
}

/** The syntax tree of a function's text. */
export interface ParsedFunction {
  readonly node: FunctionNode | ClassNode;
  /** The syntax of a method or accessor. */
  readonly member?: MemberNode;
  readonly kind: 'function' | 'arrow' | 'method' | 'getter' | 'setter' | 'class';
  /** The source that was parsed: the text within a frame. */
  readonly source: string;
  /** The offset of the text in the source. */
  readonly shift: number;
}

export type MemberNode = Property | AssignmentProperty | MethodDefinition;

/**
 * Parses a text that `Function.prototype.toString` returned: an expression, or a member of an object or
 * class.
 * @throws {SyntaxError} if it is neither
 */
export function parseFunction(text: string, hints: FunctionHints): ParsedFunction {
  const failures: ParseFailure[] = [];
  // `<!--` begins a comment in scripts but not in modules; everything else in a module also parses as a
  // script.
  const sourceTypes = /<!--|-->/.test(text) ? (['script', 'module'] as const) : (['script'] as const);
  for (const sourceType of sourceTypes) {
    for (const form of formsOf(text, hints)) {
      const parsed = tryForm(text, form, sourceType);
      if (!('message' in parsed)) return parsed;
      failures.push(parsed);
    }
  }
  // Report the form that parsed furthest, because it is most likely the intended one.
  const [first] = failures.toSorted((a, b) => b.offset - a.offset);
  throw new SyntaxError(
    `The text of function ${hints.name || '(anonymous)'} cannot be read: ${first?.message}${placeOf(text, first)}`,
  );
}

interface ParseFailure {
  readonly message: string;
  /** The offset in the text; infinite if the text is nested too deeply. */
  readonly offset: number;
}

function placeOf(text: string, failure: ParseFailure | undefined): string {
  const offset = failure?.offset ?? Infinity;
  if (offset < 0 || offset > text.length) return '';
  const { line, column } = positionAt(text, offset);
  return ` at ${line + 1}:${column + 1} of it`;
}

/** A frame around the function's text, and how to find the function in the resulting tree. */
interface Form {
  readonly before: string;
  readonly after: string;
  readonly pick: (program: Program) => Omit<ParsedFunction, 'source' | 'shift'> | undefined;
}

// A method allows `new.target`, which an arrow takes from the enclosing function.
const EXPRESSION: Form = { before: '({m(){return(', after: ')}})', pick: pickExpression };
// `super()` is allowed only in the constructor of a derived class, and in arrows there.
const SUPER_CALL: Form = {
  before: '(class extends Object{constructor(){return(',
  after: ')}})',
  pick: pickExpression,
};
const METHOD: Form = { before: '({', after: '})', pick: pickMember };
const PRIVATE_METHOD: Form = { before: '(class{', after: '})', pick: pickMember };
// Of these only declarations may have such names: `function* yield() {}`, `async function await() {}`.
const DECLARATION: Form = { before: '', after: '', pick: pickDeclaration };
// V8 prints a class's non-static method named `static` without its name.
const METHOD_STATIC: Form = { before: '({static', after: '})', pick: pickMember };

function formsOf(text: string, hints: FunctionHints): Form[] {
  // A method may be named `function` and print like an anonymous function: `async function() {}`.
  const isMethodFirst = !hints.hasPrototype && (hints.name === 'function' || text.startsWith('function'));
  const forms = isMethodFirst ? [METHOD, EXPRESSION] : [EXPRESSION, METHOD];
  return [
    ...forms,
    PRIVATE_METHOD,
    ...(/\b(?:yield|await)\b|\\u/.test(text) ? [DECLARATION] : []),
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
    // Acorn appends a position, but one in the framed source.
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

function pickDeclaration({ body: [node, ...others] }: Program): ReturnType<Form['pick']> {
  if (others.length > 0 || node?.type !== 'FunctionDeclaration') return undefined;
  return { node, kind: 'function' };
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

let parser: typeof Parser | undefined;

/**
 * The parser for text that V8 has accepted. It does not validate regular expressions, because V8 may know
 * newer Unicode properties than the parser's tables.
 */
export function trustingParser(): typeof Parser {
  parser ??= acorn.Parser.extend(
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

/** The child nodes of a node. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    // Pushed one by one, because a list may be longer than the arguments of a call.
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

/** The expression inside any parentheses. */
export function withoutParentheses(node: AnyNode): AnyNode {
  let inner = node;
  while (inner.type === 'ParenthesizedExpression') inner = inner.expression;
  return inner;
}

/** The name of a key; undefined if it is computed from anything but constants. */
export function staticKey(key: AnyNode, computed: boolean): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Identifier') return computed ? undefined : key.name;
  const value = constantOf(key);
  return value === undefined ? undefined : String(value);
}

/** The value of an expression of literals; undefined for any other. */
function constantOf(given: AnyNode): string | number | bigint | boolean | null | undefined {
  const node = withoutParentheses(given);
  switch (node.type) {
    case 'Literal': {
      // Acorn keeps a bigint as text, and cannot make each regular expression.
      if (node.bigint !== undefined && node.bigint !== null) return BigInt(node.bigint);
      const { value } = node;
      return value instanceof RegExp || (value === null && node.raw !== 'null') ? undefined : value;
    }
    case 'TemplateLiteral': {
      const parts = node.expressions.map(constantOf);
      if (parts.includes(undefined)) return undefined;
      return node.quasis
        .map(({ value }, at) => `${at === 0 ? '' : String(parts[at - 1])}${value.cooked ?? ''}`)
        .join('');
    }
    case 'UnaryExpression': {
      const value = constantOf(node.argument);
      // Minifiers write `true` as `!0`.
      if (node.operator === '!' && value !== undefined) return !value;
      return node.operator === '-' && typeof value === 'number' ? -value : undefined;
    }
    case 'BinaryExpression': {
      const [left, right] = [constantOf(node.left), constantOf(node.right)];
      return node.operator === '+' && typeof left === 'string' && typeof right === 'string'
        ? left + right
        : undefined;
    }
    default:
      return undefined;
  }
}
