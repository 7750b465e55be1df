import { types } from 'node:util';
import { type FunctionShape, shapeOf } from '../analysis/function-shape.ts';
import type { TextEdit } from '../analysis/text.ts';
import type { Place, Slot } from '../graph.ts';
import type { FunctionInside, Scope, Script } from '../inspect/scopes.ts';
import { constantIdOf } from '../identities.ts';
import {
  isFunction,
  isNative,
  isReferable,
  ownerOfPrototype,
  propertyOf,
  prototypeOf,
  type SomeFunction,
} from '../reference/members.ts';
import { Refusal } from './refusal.ts';

/** Members that are deeper in a class or constant have no ids. */
const MAX_DEPTH = 3;
/** Members of larger objects have none, either. */
const MAX_MEMBERS = 100;

/** Objects that are visited for one function or class. */
const MAX_VISITED = 1000;

/** A function or class that is sent by value, with what is known about it. */
export interface CodeInfo {
  readonly index: number;
  readonly fn: SomeFunction;
  readonly text: string;
  readonly shape: FunctionShape;
  readonly inside: FunctionInside;
  /** The number of the look that showed it: the values of its variables are those of that moment. */
  readonly look: number;
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

/**
 * Gives an id to the constants that a function or class has: static instances and frozen objects of a class
 * that goes by value, such as the members of an enum, and frozen objects that it captures. By the id the
 * program knows its own again in a result.
 * @param infoOf tells how a function within a constant was captured
 */
export function identifyConstants(info: CodeInfo, infoOf: (fn: object) => CodeInfo | undefined): void {
  const found: { readonly value: object; readonly depth: number; readonly isConstant: boolean }[] = [];
  const visit = (value: unknown, depth: number, isWithin: boolean): void => {
    if (!isReferable(value) || typeof value === 'symbol' || types.isProxy(value)) return;
    if (isFunction(value)) {
      if (isWithin && isUnchanging(infoOf(value))) constantIdOf(value);
      return;
    }
    const isConstant = Object.isFrozen(value) || isInstance(value);
    if (isConstant) constantIdOf(value);
    found.push({ value, depth, isConstant: isConstant || isWithin });
  };
  const visitMembers = (holder: object, depth: number, isWithin: boolean): void => {
    const names = Object.getOwnPropertyNames(holder);
    if (names.length > MAX_MEMBERS) return;
    for (const name of names)
      if (name !== 'prototype') visit(propertyOf(holder, name)?.value, depth, isWithin);
  };
  if (info.shape.kind === 'class') visitMembers(info.fn, 1, false);
  for (const { value } of info.bindings) {
    if (typeof value === 'object' && value !== null && !types.isProxy(value) && Object.isFrozen(value))
      visit(value, 1, false);
  }
  // Iterating over an array includes elements that are added meanwhile.
  for (const { value, depth, isConstant } of found)
    if (depth < MAX_DEPTH && found.length < MAX_VISITED) visitMembers(value, depth + 1, isConstant);
}

/** Whether an object is an instance of a class that is not the platform's. */
function isInstance(value: object): boolean {
  const prototype = prototypeOf(value);
  const owner = prototype === null ? undefined : ownerOfPrototype(prototype);
  return owner !== undefined && !isNative(owner);
}

/** Whether the function, which goes by value, is the same wherever and whenever it is called. */
function isUnchanging(info: CodeInfo | undefined): boolean {
  return info?.bindings.every(({ written }) => !written) === true;
}
