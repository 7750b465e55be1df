import type { AssignmentProperty, MethodDefinition, Property, PropertyDefinition } from 'acorn';
import { isClass } from './nodes.ts';
import type { ClassNode, FunctionNode } from './nodes.ts';

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
