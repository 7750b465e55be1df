import { type FunctionShape, shapeOf } from '../analysis/function-shape.ts';
import type { Place, Slot } from '../graph.ts';
import type { FunctionInside, Scope, Script } from '../inspect/scopes.ts';
import type { SomeFunction } from '../reference/members.ts';
import { Refusal } from './refusal.ts';

/** A function or class that goes by value, and what is known of it. */
export interface CodeInfo {
  readonly index: number;
  readonly fn: SomeFunction;
  readonly text: string;
  readonly shape: FunctionShape;
  readonly inside: FunctionInside;
  readonly script: Script | undefined;
  readonly place: Place;
  readonly bindings: readonly Binding[];
  /** Of a function that uses private names: the node of their class. */
  homeClass?: number;
}

/** A variable that a function takes from around it. */
export interface Binding {
  readonly name: string;
  readonly written: boolean;
  /** The scope it is found in; the variables of a realm's global object are in one of their own. */
  readonly scope: Scope;
  /** Which of the function's scopes that is, counted from the innermost; behind them all for a global. */
  readonly depth: number;
  readonly value: unknown;
  readonly slot: Slot;
}

/** The text decides what a function is, with a little help from what it has. */
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

/** A string that a function has under that name; null if it is something else, undefined if there is none. */
export function ownString(fn: object, key: 'name'): string | null | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(fn, key);
  if (descriptor === undefined) return undefined;
  return typeof descriptor.value === 'string' ? descriptor.value : null;
}

export function ownNumber(fn: object, key: 'length'): number | null | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(fn, key);
  if (descriptor === undefined) return undefined;
  return typeof descriptor.value === 'number' ? descriptor.value : null;
}
