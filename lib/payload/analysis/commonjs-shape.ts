import { type AssignmentExpression, type Expression, type Node, parse, type Program } from 'acorn';

/** A function or class that a CommonJS module exports, with its text. */
export interface CommonjsExport {
  /** Empty for `module.exports` itself. */
  readonly name: string;
  readonly text: string;
  /** 0-based. */
  readonly firstLine: number;
  readonly lastLine: number;
}

/** Longer sources are rare, and analysing one would take most of a second. */
const MAX_LENGTH = 1_000_000;

/**
 * The certain exports of a CommonJS module: top-level `exports.f = f` of a function or class that is declared
 * there, or defined in the statement, and never reassigned. Empty if the source does not parse.
 */
export function commonjsExports(source: string): readonly CommonjsExport[] {
  return source.length > MAX_LENGTH ? [] : analyse(source);
}

function analyse(source: string): CommonjsExport[] {
  let program: Program;
  try {
    program = parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      locations: true,
      allowHashBang: true,
      allowReturnOutsideFunction: true,
    });
  } catch {
    return [];
  }
  const declared = declarations(program);
  const assigned = assignedNames(program);
  const names = new Map<string, number>();
  const found: CommonjsExport[] = [];
  for (const { name, value } of exportAssignments(program)) {
    names.set(name, (names.get(name) ?? 0) + 1);
    const node = value.type === 'Identifier' && !assigned.has(value.name) ? declared.get(value.name) : value;
    if (node === undefined || !FUNCTIONS.has(node.type)) continue;
    found.push({
      name,
      text: source.slice(node.start, node.end),
      firstLine: (node.loc?.start.line ?? 1) - 1,
      lastLine: (node.loc?.end.line ?? 1) - 1,
    });
  }
  return found.filter(({ name }) => names.get(name) === 1);
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassDeclaration',
  'ClassExpression',
]);

function declarations({ body }: Program): Map<string, Node> {
  const declared = new Map<string, Node>();
  for (const statement of body) {
    if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      declared.set(statement.id.name, statement);
    } else if (statement.type === 'VariableDeclaration') {
      for (const { id, init } of statement.declarations) {
        if (id.type === 'Identifier' && init) declared.set(id.name, init);
      }
    }
  }
  return declared;
}

/** `exports.a = exports.b = value`, `module.exports.a = value`, `module.exports = { a, b: value }`. */
function* exportAssignments({ body }: Program): Generator<{ name: string; value: Expression }> {
  for (const statement of body) {
    if (statement.type !== 'ExpressionStatement') continue;
    const names: string[] = [];
    let value = statement.expression;
    while (value.type === 'AssignmentExpression' && value.operator === '=') {
      const name = exportedName(value);
      if (name !== undefined) names.push(name);
      value = value.right;
    }
    // Compilers begin with `exports.f = void 0`.
    if (value.type === 'UnaryExpression') continue;
    for (const name of names) {
      yield { name, value };
      if (name === '' && value.type === 'ObjectExpression') {
        for (const property of value.properties) {
          if (property.type === 'Property' && !property.computed && property.key.type === 'Identifier') {
            yield { name: property.key.name, value: property.value };
          }
        }
      }
    }
  }
}

/** The name that is exported; empty for `module.exports` itself, undefined for other targets. */
function exportedName({ left }: AssignmentExpression): string | undefined {
  if (left.type !== 'MemberExpression' || left.computed || left.property.type !== 'Identifier')
    return undefined;
  if (isExports(left)) return '';
  return isExports(left.object) ? left.property.name : undefined;
}

function isExports(node: Node): boolean {
  const { type, name, object, property } = node as Node & { name?: string; object?: Node; property?: Node };
  if (type === 'Identifier') return name === 'exports';
  return type === 'MemberExpression' && isNamed(object, 'module') && isNamed(property, 'exports');
}

function isNamed(node: Node | undefined, name: string): boolean {
  return node?.type === 'Identifier' && (node as Node & { name: string }).name === name;
}

/** All names that are assigned to anywhere, in whichever scope. */
function assignedNames(program: Program): Set<string> {
  const names = new Set<string>();
  const stack: unknown[] = [program];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== 'object' || node === null) continue;
    const { type, left, argument } = node as { type?: string; left?: Node; argument?: Node };
    const target =
      type === 'AssignmentExpression' ? left : type === 'UpdateExpression' ? argument : undefined;
    for (const name of target === undefined ? [] : namesIn(target)) names.add(name);
    stack.push(...Object.values(node));
  }
  return names;
}

/** The names in a pattern; may include other names, which does no harm. */
function namesIn(target: Node): string[] {
  if (target.type === 'MemberExpression') return [];
  if (target.type === 'Identifier') return [(target as Node & { name: string }).name];
  return Object.values(target).flatMap((part: unknown) =>
    (Array.isArray(part) ? part : [part]).flatMap((each: unknown) =>
      typeof each === 'object' && each !== null && 'type' in each ? namesIn(each as Node) : [],
    ),
  );
}
