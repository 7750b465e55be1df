import type {
  AnyNode,
  AssignmentProperty,
  MethodDefinition,
  Property,
  PropertyDefinition,
  StaticBlock,
} from 'acorn';
import {
  type ClassNode,
  type FunctionNode,
  isClass,
  isFunction,
  staticKey,
  withoutParentheses,
} from './parse.ts';
import type { Range } from './text.ts';

/** The structure of a class, read from its text. */
export interface ClassShape {
  /** The expression after `extends`, including parentheses. */
  readonly heritage: Range | undefined;
  readonly heritageIsNull: boolean;
  /** Offset of the closing brace. */
  readonly bodyEnd: number;
  /** The parameters are what is between the parentheses, the body what is between the braces. */
  readonly ctor: { readonly parameters: Range; readonly body: Range; readonly range: Range } | undefined;
  /** All members except the constructor. */
  readonly members: readonly ClassMember[];
}

export interface ClassMember {
  readonly kind: 'method' | 'getter' | 'setter' | 'field' | 'static-block';
  readonly static: boolean;
  /**
   * The whole member, from `static` to a field's semicolon. Replace it by at least a semicolon, because the
   * field before may end only at what follows.
   */
  readonly range: Range;
  /**
   * The text that `Function.prototype.toString` prints for a method or accessor: without `static`, and for a
   * method named `static` without its name.
   */
  readonly textRange: Range | undefined;
  /** The key as written, including brackets. */
  readonly key: Range | undefined;
  /** The property name, with `#` if private; undefined if computed from anything but a literal. */
  readonly name: string | undefined;
  readonly computed: boolean;
  readonly private: boolean;
  /** Names that a computed key uses from outside the class. */
  readonly keyNames: readonly string[];
  /** The initializer of a field. */
  readonly value: Range | undefined;
  /**
   * Whether the value is an arrow, or a function or class without a name. It is named after the field unless
   * it is wrapped.
   */
  readonly valueIsAnonymousFunction: boolean;
}

/**
 * Describes a class.
 * @param text the source that the node was parsed from
 * @param shift the offset of the class's own text in that source
 * @param namesIn finds the free names of a computed key
 */
export function classShapeOf(
  text: string,
  node: ClassNode,
  shift: number,
  namesIn: (key: AnyNode) => readonly string[],
): ClassShape {
  const range = (start: number, end: number): Range => ({ start: start - shift, end: end - shift });
  const explicit = constructorOf(node);
  const heritage = node.superClass ?? undefined;
  const inner = heritage === undefined ? undefined : withoutParentheses(heritage);
  return {
    heritage: heritage && range(heritage.start, heritage.end),
    heritageIsNull: inner?.type === 'Literal' && inner.raw === 'null',
    bodyEnd: node.body.end - 1 - shift,
    ctor: explicit && constructorShape(text, explicit, range),
    members: node.body.body
      .filter((member) => member !== explicit)
      .map((member) => memberShape(text, member, range, namesIn)),
  };
}

type MakeRange = (start: number, end: number) => Range;

function constructorShape(
  text: string,
  { start, end, value }: MethodDefinition,
  range: MakeRange,
): NonNullable<ClassShape['ctor']> {
  const lastParameter = value.params.at(-1);
  // After the last parameter, or the opening parenthesis, there is at most a comma.
  const last = skipBlank(text, lastParameter?.end ?? value.start + 1);
  const close = text[last] === ',' ? skipBlank(text, last + 1) : last;
  return {
    parameters: range(value.start + 1, close),
    body: range(value.body.start + 1, value.body.end - 1),
    range: range(start, end),
  };
}

const KINDS = { method: 'method', get: 'getter', set: 'setter', constructor: 'method' } as const;

function memberShape(
  text: string,
  member: MethodDefinition | PropertyDefinition | StaticBlock,
  range: MakeRange,
  namesIn: (key: AnyNode) => readonly string[],
): ClassMember {
  const whole = range(member.start, member.end);
  if (member.type === 'StaticBlock') return { ...STATIC_BLOCK, range: whole };
  const { key, computed } = member;
  const isField = member.type === 'PropertyDefinition';
  const value = (isField ? member.value : undefined) ?? undefined;
  return {
    kind: isField ? 'field' : KINDS[member.kind],
    static: member.static,
    range: whole,
    textRange: isField ? undefined : range(printedStart(text, member), member.end),
    key: range(...keyRangeIn(text, member)),
    name: staticKey(key, computed),
    computed,
    private: key.type === 'PrivateIdentifier',
    keyNames: computed ? namesIn(key) : [],
    value: value && range(value.start, value.end),
    valueIsAnonymousFunction: value !== undefined && isAnonymous(withoutParentheses(value)),
  };
}

const STATIC_BLOCK: Omit<ClassMember, 'range'> = {
  kind: 'static-block',
  static: true,
  textRange: undefined,
  key: undefined,
  name: undefined,
  computed: false,
  private: false,
  keyNames: [],
  value: undefined,
  valueIsAnonymousFunction: false,
};

function printedStart(text: string, member: MethodDefinition): number {
  if (member.static) return skipBlank(text, member.start + 'static'.length);
  const isNamedStatic = member.key.start === member.start && text.startsWith('static', member.start);
  return isNamedStatic && member.key.end === member.start + 'static'.length
    ? member.value.start
    : member.start;
}

function isAnonymous(value: AnyNode): boolean {
  if (value.type === 'ArrowFunctionExpression') return true;
  return (isFunction(value) || isClass(value)) && (value.id === null || value.id === undefined);
}

/**
 * The offset of V8's `[[FunctionLocation]]`, the same in Node 20, 22 and 24: the parenthesis of the
 * parameters; for an arrow its first token, which may be `async`; for a class the parenthesis of its explicit
 * constructor, else `class`.
 * @param text the source that the node was parsed from
 */
export function locationOf(text: string, node: FunctionNode | ClassNode): number {
  if (isClass(node)) {
    const explicit = constructorOf(node);
    return explicit === undefined ? node.start : explicit.value.start;
  }
  if (node.type === 'ArrowFunctionExpression' || text[node.start] === '(') return node.start;
  if (node.id !== null && node.id !== undefined) return skipBlank(text, node.id.end);
  let offset = node.start;
  if (node.async) offset = skipBlank(text, offset + 'async'.length);
  offset = skipBlank(text, offset + 'function'.length);
  return node.generator ? skipBlank(text, offset + '*'.length) : offset;
}

function constructorOf(node: ClassNode): MethodDefinition | undefined {
  return node.body.body.find(
    (member): member is MethodDefinition =>
      member.type === 'MethodDefinition' && member.kind === 'constructor',
  );
}

/** The range of a member's key, including the brackets of a computed one. */
export function keyRangeIn(
  text: string,
  member: Property | AssignmentProperty | MethodDefinition | PropertyDefinition,
): [start: number, end: number] {
  const { key, computed } = member;
  if (!computed) return [key.start, key.end];
  // Before the bracket there are only `static`, `async`, `get`, `set` and `*`.
  let start = skipBlank(text, member.start);
  while (text[start] !== '[')
    start = skipBlank(text, start + (/^\w+/.exec(text.slice(start, start + 8))?.[0].length ?? 1));
  return [start, skipBlank(text, key.end) + 1];
}

/** The offset of the next token, after white space and comments. */
function skipBlank(text: string, offset: number): number {
  const blank = /(?:\s+|\/\/.*|\/\*[^]*?\*\/)*/y;
  blank.lastIndex = offset;
  return offset + (blank.exec(text)?.[0].length ?? 0);
}
