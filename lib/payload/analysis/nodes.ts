import type {
  AnonymousClassDeclaration,
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  ClassDeclaration,
  ClassExpression,
  FunctionDeclaration,
  FunctionExpression,
} from 'acorn';

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
