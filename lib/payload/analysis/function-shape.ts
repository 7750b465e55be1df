import type { AnyNode, Statement } from 'acorn';
import { type ClassShape, classShapeOf, keyRangeIn, locationOf } from './class-shape.ts';
import {
  childrenOf,
  type FunctionHints,
  type FunctionNode,
  isClass,
  isFunction,
  type ParsedFunction,
  parseFunction,
  withoutParentheses,
} from './parse.ts';
import type { FreeName } from './scope.ts';
import { hasStrictDirective, usesOf } from './text-walk.ts';
import type { Range } from './text.ts';

/** What the text of a function tells about it. All offsets are those in the text. */
export interface FunctionShape {
  readonly text: string;
  /** The text of a method, getter or setter means something within the braces of an object or class only. */
  readonly kind: ParsedFunction['kind'];
  readonly async: boolean;
  readonly generator: boolean;
  /**
   * Of a method, getter or setter: the key as written, with brackets, quotes or `#`. V8 prints a class's method named
   * `static` without it: then it is empty, and where a key must be put.
   */
  readonly keyRange: Range | undefined;
  /** Whether the key is a `#name`. */
  readonly privateKey: boolean;
  /** The name behind `function` or `class`. */
  readonly ownName: string | undefined;
  readonly ownNameRange: Range | undefined;
  /** Whether the text uses, or assigns to, the name behind `function` or `class`, and means itself by it. */
  readonly usesOwnName: boolean;
  readonly writesOwnName: boolean;
  /** What V8 reports as the function's location. */
  readonly locationOffset: number;
  /**
   * The names that it takes from around it, but for its own and `arguments`. A class's are those of its methods and of
   * its instances' fields; heritage, computed keys and static parts are evaluated once, when the class is made.
   */
  readonly free: ReadonlyMap<string, FreeName>;
  /** What an arrow takes from the function around it; a method or an accessor takes `super` from its object only. */
  readonly lexical: {
    readonly this: boolean;
    readonly arguments: boolean;
    readonly newTarget: boolean;
    readonly super: boolean;
  };
  /** `#names` that are declared by no class within the text. */
  readonly privateNames: readonly string[];
  /** Whether there is a call of `eval`, which may use any name. */
  readonly directEval: boolean;
  readonly usesWith: boolean;
  readonly importMetas: readonly Range[];
  readonly dynamicImport: boolean;
  /** Whether the text itself makes its code strict: by a directive, or by being a class. */
  readonly strictDirective: boolean;
  /** Whether all parameters are names without default values. */
  readonly plainParameters: boolean;
  /** Whether stopping it at its first statement may be too late: other functions may run before. */
  readonly unsafeToEnter: boolean;
  readonly class: ClassShape | undefined;
}

/** @throws {SyntaxError} if the text cannot be read as a function, as that of native functions */
export function shapeOf(text: string, hints: FunctionHints): FunctionShape {
  const key = `${hints.hasPrototype} ${hints.name === 'function'} ${hints.strict} ${text}`;
  let shape = shapes.get(key);
  if (shape === undefined) {
    shape = readShape(text, hints);
    shapes.set(key, shape);
    const [oldest] = shapes.keys();
    if (shapes.size > SHAPES_KEPT && oldest !== undefined) shapes.delete(oldest);
  }
  return shape;
}

/** By text and hints: many functions have one text, such as all that a loop makes. */
const shapes = new Map<string, FunctionShape>();
const SHAPES_KEPT = 5000;

function readShape(text: string, hints: FunctionHints): FunctionShape {
  const parsed = parseFunction(text, hints);
  const { node, member, kind, source, shift } = parsed;
  const { uses, namesIn } = usesOf(parsed, hints.strict === true);
  const range = (start: number, end: number): Range => ({ start: start - shift, end: end - shift });
  const id = node.id ?? undefined;
  const own = id && uses.watched.byName.get(id.name);
  const isKeyMissing = member !== undefined && member.key.start < shift;
  return {
    text,
    kind,
    async: !isClass(node) && node.async,
    generator: !isClass(node) && node.generator,
    keyRange: isKeyMissing ? { start: 0, end: 0 } : member && range(...keyRangeIn(source, member)),
    privateKey: member?.key.type === 'PrivateIdentifier',
    ownName: id?.name,
    ownNameRange: id && range(id.start, id.end),
    usesOwnName: own !== undefined,
    writesOwnName: own?.written === true,
    locationOffset: locationOf(source, node) - shift,
    free: uses.free.byName,
    lexical: uses.lexical,
    privateNames: [...uses.privateNames],
    directEval: uses.directEval,
    usesWith: uses.usesWith,
    importMetas: uses.importMetas
      .map(({ start, end }) => range(start, end))
      .toSorted((a, b) => a.start - b.start),
    dynamicImport: uses.dynamicImport,
    strictDirective: isClass(node) || hasStrictDirective(node),
    plainParameters: !isClass(node) && node.params.every(({ type }) => type === 'Identifier'),
    unsafeToEnter: isClass(node) || isUnsafeToEnter(node),
    class: isClass(node) ? classShapeOf(source, node, shift, namesIn) : undefined,
  };
}

/**
 * Whether stopping a function at the first place where a breakpoint can be may be too late, because other functions run
 * before it. That is so when its body begins with the declaration of a class with static initialisers, computed keys or
 * a heritage, which may be a Proxy; every other statement has such a place at its beginning.
 *
 * Of the parameters, computed keys in patterns count, and classes. Default values do not: the one who calls the function
 * is to give a value to each parameter, and to all that patterns look for, so that no default value is evaluated.
 */
export function isUnsafeToEnter(node: FunctionNode): boolean {
  if (node.params.some((parameter) => contains(parameter, isRunInParameter))) return true;
  if (node.body.type !== 'BlockStatement') return false;
  for (const statement of node.body.body) {
    if (stopsAtOnce(statement)) return false;
    if (contains(statement, isRisky)) return true;
  }
  return false;
}

/** Other statements may begin with what is within them, such as loops that are endless and blocks. */
function stopsAtOnce(statement: Statement | AnyNode): boolean {
  switch (statement.type) {
    case 'ExpressionStatement':
      return statement.directive === undefined;
    case 'VariableDeclaration':
      return statement.declarations[0]?.init !== null && statement.declarations[0]?.init !== undefined;
    case 'ReturnStatement':
    case 'ThrowStatement':
      return true;
    default:
      return false;
  }
}

function isRisky(node: AnyNode): boolean {
  if (!isClass(node)) return false;
  if (node.superClass !== null && node.superClass !== undefined) return true;
  return node.body.body.some(
    (member) =>
      member.type === 'StaticBlock' ||
      (member.computed && member.key.type !== 'Literal') ||
      (member.static && member.type === 'PropertyDefinition'),
  );
}

function isRunInParameter(node: AnyNode): boolean {
  if (isRisky(node)) return true;
  if (node.type !== 'Property' || !node.computed) return false;
  const { type } = withoutParentheses(node.key);
  return type !== 'Literal' && type !== 'Identifier';
}

/** Looks everywhere but in the functions within, which do not run yet. */
function contains(root: AnyNode, matches: (node: AnyNode) => boolean): boolean {
  const rest = [root];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    if (matches(node)) return true;
    if (!isFunction(node)) for (const child of childrenOf(node)) rest.push(child);
  }
  return false;
}
