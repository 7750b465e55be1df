import type { AnyNode, Statement } from 'acorn';
import { childrenOf, isClass, isFunction, withoutParentheses } from './nodes.ts';
import type { FunctionNode } from './nodes.ts';

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
