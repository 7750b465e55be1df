import type { AnyNode, AssignmentProperty, MethodDefinition, Options, Program, Property } from 'acorn';
import { trustingParser } from './acorn.ts';
import { isClass, isFunction, withoutParentheses } from './nodes.ts';
import type { ClassNode, FunctionNode } from './nodes.ts';
import { positionAt } from './positions.ts';

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
