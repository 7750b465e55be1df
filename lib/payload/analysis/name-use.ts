import type { Scope } from './scope.ts';

/** One place of the text where a name is used. */
export interface NameUse {
  readonly name: string;
  readonly scope: Scope;
  readonly written: boolean;
  /** The property it is used for, if that is read and nothing else done. */
  readonly member?: string | undefined;
  /** Whether it is the `eval` of `eval(...)`. */
  readonly isCalledEval?: boolean;
}

/** Notes the use if the name is from outside the text, or of a watched scope. To be called when all is declared. */
export function noteNameUse({ name, scope, written, member, isCalledEval }: NameUse): void {
  const declaring = scope.declaring(name);
  if (declaring === undefined) {
    if (isCalledEval === true) scope.uses.directEval = true;
    if (name === 'arguments') scope.uses.lexical.arguments = true;
    else scope.uses.free.note(name, written, member);
  } else if (declaring.traits.isWatched === true) {
    scope.uses.watched.note(name, written, member);
  }
}

/**
 * In sloppy code a function that is declared in a block is a `var` as well, unless a block in between has the same name.
 * https://tc39.es/ecma262/#sec-block-level-function-declarations-web-legacy-compatibility-semantics
 */
export function hoistFromBlock(name: string, block: Scope): void {
  for (let scope = block.parent; scope !== undefined && scope !== block.varScope; scope = scope.parent) {
    if (scope.names.has(name) && scope.traits.isPlainCatch !== true) return;
  }
  block.varScope.names.add(name);
}
