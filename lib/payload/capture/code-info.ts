import { type FunctionShape, shapeOf } from '../analysis/function-shape.ts';
import type { TextEdit } from '../analysis/text.ts';
import type { Place, Slot } from '../graph.ts';
import type { FunctionInside, Scope, Script } from '../inspect/scopes.ts';
import type { SomeFunction } from '../reference/members.ts';
import { Refusal } from './refusal.ts';

/** A function or class that is sent by value, with what is known about it. */
export interface CodeInfo {
  readonly index: number;
  readonly fn: SomeFunction;
  readonly text: string;
  readonly shape: FunctionShape;
  readonly inside: FunctionInside;
  readonly script: Script | undefined;
  readonly place: Place;
  readonly bindings: readonly Binding[];
  /** The node of the class whose private names the function uses. */
  homeClass?: number;
  /** Changes of the text that is sent. They may name HELPERS, and contain no text of the user. */
  edits?: readonly TextEdit[];
}

/** A variable that a function captures. */
export interface Binding {
  readonly name: string;
  /** Whether the function assigns to it. */
  readonly written: boolean;
  /** The scope that has it; global variables have a scope of their own. */
  readonly scope: Scope;
  /** The index of that scope, counted from the innermost; one past the last for a global. */
  readonly depth: number;
  readonly value: unknown;
  readonly slot: Slot;
}

/**
 * Analyses the text of a function, with hints from its own properties where the text is ambiguous.
 * @throws {Refusal} if the text cannot be read
 */
export function shapeOfFunction(fn: SomeFunction, text: string): FunctionShape {
  const name = ownString(fn, 'name') ?? '';
  try {
    return shapeOf(text, { hasPrototype: Object.hasOwn(fn, 'prototype'), name });
  } catch (error) {
    throw new Refusal(
      `a function whose text cannot be read: ${(error as Error).message}`,
      'Send a function that your program wrote.',
      { cause: error },
    );
  }
}

/** An own property of a function; null if it is no string, undefined if it is missing. */
export function ownString(fn: object, key: 'name'): string | null | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(fn, key);
  if (descriptor === undefined) return undefined;
  return typeof descriptor.value === 'string' ? descriptor.value : null;
}

/** An own property of a function; null if it is no number, undefined if it is missing. */
export function ownNumber(fn: object, key: 'length'): number | null | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(fn, key);
  if (descriptor === undefined) return undefined;
  return typeof descriptor.value === 'number' ? descriptor.value : null;
}
