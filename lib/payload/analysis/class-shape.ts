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

export interface ClassShape {
  /** The expression behind `extends`, with its parentheses. */
  readonly heritage: Range | undefined;
  readonly heritageIsNull: boolean;
  /** Offset of the closing brace. */
  readonly bodyEnd: number;
  /** The parameters are what is between the parentheses, the body what is between the braces. */
  readonly ctor: { readonly parameters: Range; readonly body: Range; readonly range: Range } | undefined;
  /** All others. */
  readonly members: readonly ClassMember[];
}

export interface ClassMember {
  readonly kind: 'method' | 'getter' | 'setter' | 'field' | 'static-block';
  readonly static: boolean;
  /**
   * All of it, from `static` to a field's semicolon. What replaces it must not be nothing but a semicolon, as the field
   * before may end only because of what follows.
   */
  readonly range: Range;
  /**
   * Of methods and accessors: what `Function.prototype.toString` prints of them, so without `static`. Of one named
   * `static` it prints no name.
   */
  readonly textRange: Range | undefined;
  /** As written, with its brackets. */
  readonly key: Range | undefined;
  /** The property's, with `#` if it is private; `undefined` if it is computed from anything but a literal. */
  readonly name: string | undefined;
  readonly computed: boolean;
  readonly private: boolean;
  /** What a computed key takes from around the class. */
  readonly keyNames: readonly string[];
  /** The initialiser of a field. */
  readonly value: Range | undefined;
  /** An arrow, or a function or class without a name: it gets its name from the field, unless something is put around. */
  readonly valueIsAnonymousFunction: boolean;
}

/**
 * @param text the one that the node was parsed from
 * @param shift how much offsets there are more than those wanted
 * @param namesIn the free names of a computed key
 */
export function classShapeOf(
  text: string,
  node: ClassNode,
  shift: number,
  namesIn: (key: AnyNode) => readonly string[],
): ClassShape {
  const range = (start: number, end: number): Range => ({ start: start - shift, end: end - shift });
  const written = constructorOf(node);
  const heritage = node.superClass ?? undefined;
  const inner = heritage === undefined ? undefined : withoutParentheses(heritage);
  return {
    heritage: heritage && range(heritage.start, heritage.end),
    heritageIsNull: inner?.type === 'Literal' && inner.raw === 'null',
    bodyEnd: node.body.end - 1 - shift,
    ctor: written && constructorShape(text, written, range),
    members: node.body.body
      .filter((member) => member !== written)
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
  // Behind the last parameter, or the opening parenthesis, there is at most a comma.
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
 * Where V8 says that a function is (`[[FunctionLocation]]`), the same in Node 20, 22 and 24:
 * at the parenthesis of the parameters; an arrow's at its first token, which may be `async`; a class's at the
 * parenthesis of its constructor, if it has written one, else at `class`.
 * @param text the one that the node was parsed from
 */
export function locationOf(text: string, node: FunctionNode | ClassNode): number {
  if (isClass(node)) {
    const written = constructorOf(node);
    return written === undefined ? node.start : written.value.start;
  }
  if (node.type === 'ArrowFunctionExpression' || text[node.start] === '(') return node.start;
  if (node.id !== null && node.id !== undefined) return skipBlank(text, node.id.end);
  let offset = node.start;
  if (node.async) offset = skipBlank(text, offset + 'async'.length);
  offset = skipBlank(text, offset + 'function'.length);
  return node.generator ? skipBlank(text, offset + '*'.length) : offset;
}

export function constructorOf(node: ClassNode): MethodDefinition | undefined {
  return node.body.body.find(
    (member): member is MethodDefinition =>
      member.type === 'MethodDefinition' && member.kind === 'constructor',
  );
}

/** From where to where the key of a member reaches, with the brackets of a computed one. */
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

/** The offset of the next token: behind white space and comments. */
export function skipBlank(text: string, offset: number): number {
  const blank = /(?:\s+|\/\/.*|\/\*[^]*?\*\/)*/y;
  blank.lastIndex = offset;
  return offset + (blank.exec(text)?.[0].length ?? 0);
}
