import type { AnyNode } from 'acorn';
import { isClass } from './nodes.ts';
import type { ParsedFunction } from './parse-function.ts';
import { Scope } from './scope.ts';
import { TextWalk } from './text-walk.ts';
import { Uses } from './uses.ts';

/** What a function takes from around it, and the free names of the computed keys of a class. */
export interface FunctionUses {
  readonly uses: Uses;
  readonly namesIn: (key: AnyNode) => readonly string[];
}

/** @param strict whether the code around it is known to be strict */
export function usesOf({ node, kind }: ParsedFunction, strict: boolean): FunctionUses {
  const uses = new Uses();
  const parts = new Map<AnyNode, Uses>();
  const around = new Scope(undefined, { uses, strict });
  const walk = new TextWalk();
  if (isClass(node)) {
    const usesOfPart = (part: AnyNode): Uses => {
      const own = new Uses();
      parts.set(part, own);
      return own;
    };
    walk.addClass(node, around, usesOfPart, true);
  } else {
    // A method's `super` is that of the object or class it is written in.
    walk.addFunction(node, around, { bindsSuper: kind === 'function', isWatched: true });
  }
  walk.finish();
  return { uses, namesIn: (key) => [...(parts.get(key)?.free.byName.keys() ?? [])] };
}
