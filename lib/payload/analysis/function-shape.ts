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

const MAX_CACHED_SHAPES = 5000;

/** Everything that the text of a function reveals. Offsets are positions in that text. */
export interface FunctionShape {
  readonly text: string;
  /** The text of a method, getter or setter is valid only inside an object or class. */
  readonly kind: ParsedFunction['kind'];
  readonly async: boolean;
  readonly generator: boolean;
  /**
   * The key of a method, getter or setter as written, with brackets, quotes or `#`. Empty for a class's
   * method named `static`, whose name V8 omits; a key must be inserted there.
   */
  readonly keyRange: Range | undefined;
  /** Whether the key is a `#name`. */
  readonly privateKey: boolean;
  /** The name after `function` or `class`. */
  readonly ownName: string | undefined;
  readonly ownNameRange: Range | undefined;
  /** Whether the text is that of a declaration, and is no expression because of its name. */
  readonly isDeclaration: boolean;
  /** Whether the text uses its own name to refer to itself. */
  readonly usesOwnName: boolean;
  /** Whether the text assigns to its own name. */
  readonly writesOwnName: boolean;
  /** The offset of the location that V8 reports for the function. */
  readonly locationOffset: number;
  /**
   * The outer names it uses, except its own and `arguments`. A class uses those of its methods and instance
   * fields; heritage, computed keys and static parts are evaluated only once, when the class is created.
   */
  readonly free: ReadonlyMap<string, FreeName>;
  /**
   * Whether an arrow uses these of the enclosing function; a method or accessor has only `super`, of its
   * object.
   */
  readonly lexical: {
    readonly this: boolean;
    readonly arguments: boolean;
    readonly writesArguments: boolean;
    readonly newTarget: boolean;
    readonly super: boolean;
  };
  /** `#names` it uses that no class within the text declares. */
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
  /** Whether stopping it at its first statement may be too late, because other functions may run before. */
  readonly unsafeToEnter: boolean;
  /** The offset up to which its first breakpoint location is, in whatever order V8 lists them. */
  readonly entryEnd: number;
  readonly class: ClassShape | undefined;
}

/**
 * Analyses the text of a function.
 * @throws {SyntaxError} if the text cannot be read as a function, such as that of a native function
 */
export function shapeOf(text: string, hints: FunctionHints): FunctionShape {
  const key = `${hints.hasPrototype} ${hints.name === 'function'} ${hints.strict} ${text}`;
  let shape = shapesByText.get(key);
  if (shape === undefined) {
    shape = readShape(text, hints);
    shapesByText.set(key, shape);
    const [oldest] = shapesByText.keys();
    if (shapesByText.size > MAX_CACHED_SHAPES && oldest !== undefined) shapesByText.delete(oldest);
  }
  return shape;
}

/** Cached shapes by text and hints; all functions that a loop creates have one text. */
const shapesByText = new Map<string, FunctionShape>();

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
    isDeclaration: node.type === 'FunctionDeclaration',
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
    entryEnd: (isClass(node) ? node.end : entryEndOf(node)) - shift,
    class: isClass(node) ? classShapeOf(source, node, shift, namesIn) : undefined,
  };
}

/**
 * Whether other functions may run before the first breakpoint location. That is so if the body begins with a
 * class that has static initializers, computed keys or a heritage, which may be a Proxy; other statements
 * have a location at their beginning. In parameters, classes and computed keys in patterns count. Default
 * values do not, because the caller passes a value for each parameter and each property of a pattern, so that
 * none is evaluated.
 */
function isUnsafeToEnter(node: FunctionNode): boolean {
  if (node.params.some((parameter) => contains(parameter, isRunInParameter))) return true;
  if (node.body.type !== 'BlockStatement') return false;
  for (const statement of node.body.body) {
    if (stopsAtOnce(statement)) return false;
    if (contains(statement, isRisky)) return true;
  }
  return false;
}

/**
 * Whether a statement certainly has a breakpoint location at its beginning; blocks and endless loops, for
 * example, begin with what they contain.
 */
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

/**
 * The end of the first code that certainly has a breakpoint location: all that runs before it is above it in
 * the text, and what is below it runs later.
 */
function entryEndOf({ body }: FunctionNode): number {
  return body.type === 'BlockStatement' ? (certainEndIn(body.body) ?? body.end) : body.end;
}

function certainEndIn(statements: readonly (Statement | AnyNode)[]): number | undefined {
  for (const statement of statements) {
    const end = certainEndOf(statement);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** @returns undefined if it may have no location, such as a declaration, or none at its beginning, as a loop */
function certainEndOf(statement: Statement | AnyNode): number | undefined {
  if (stopsAtOnce(statement)) return statement.end;
  switch (statement.type) {
    case 'IfStatement':
      // V8 leaves out conditions that are constant.
      return contains(statement.test, ({ type }) => type === 'Identifier') ? statement.test.end : undefined;
    case 'ForStatement':
      return statement.init?.type === 'VariableDeclaration' && stopsAtOnce(statement.init)
        ? statement.init.end
        : undefined;
    case 'BlockStatement':
      return certainEndIn(statement.body);
    case 'TryStatement':
      return certainEndIn(statement.block.body);
    case 'LabeledStatement':
      return certainEndOf(statement.body);
    default:
      return undefined;
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

/** Whether some node matches, except in nested functions, which do not run yet. */
function contains(root: AnyNode, matches: (node: AnyNode) => boolean): boolean {
  const rest = [root];
  for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
    if (matches(node)) return true;
    if (!isFunction(node)) for (const child of childrenOf(node)) rest.push(child);
  }
  return false;
}
