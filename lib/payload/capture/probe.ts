import { shapeOf } from '../analysis/function-shape.ts';
import { evaluateInside, withDebugger } from '../inspect/enter.ts';
import { lookInside, type Scope } from '../inspect/scopes.ts';
import { textOf } from '../originals.ts';
import type { Capture } from './capture.ts';
import type { CodeInfo } from './code-info.ts';
import type { View } from './contexts.ts';
import { enterRules } from './lexical.ts';
import { Refusal } from './trail.ts';

type AnyFunction = CodeInfo['fn'];

/** Reads and assigns a variable in the scope where a function sees it. */
interface Access {
  readonly get: () => [unknown];
  readonly set: (value: unknown) => void;
}

const REMEDY =
  'Keep what they share in one object, such as `const state = { n: 0 }`, instead of a variable that is assigned to.';

/**
 * Which of some views that look the same are of one scope. Where nothing is ever assigned, one scope or several equal ones do the
 * same; else a mark is assigned to a variable through one function, looked for through the others, and taken back.
 * @throws {Refusal} if that cannot be done
 */
export function partition(capture: Capture, alike: readonly View[]): readonly (readonly View[])[] {
  const [first] = alike as readonly [View, ...View[]];
  // There is one of these for each module and realm.
  if (alike.length === 1 || ['module', 'script'].includes(first.scope.type)) return [alike];
  const names = assignedNames(alike);
  if (names.length === 0 || holdsOwnFunction(first)) return [alike];
  return capture.guard(first.info.index, () => {
    if (capture.options.captureThis === 'never') throw refusal(alike, names, "captureThis is 'never'");
    return withDebugger(() => probe(alike, names));
  });
}

/**
 * Whether the scope has a variable with a function or class that was declared in it: each activation makes its own, so that scopes
 * with the same one are the same.
 */
function holdsOwnFunction({ info, scope }: View): boolean {
  const { scopes } = info.inside;
  const outward = scopes.length - depthOf({ info, scope });
  const declared = Object.entries(scope.variables).filter(
    ([name, value]) => typeof value === 'function' && isDeclaration(name, textOf(value)),
  );
  return lookInside(declared.map(([, value]) => value as AnyFunction)).some((inside) => {
    const same = inside.scopes.at(-outward);
    return inside.scriptId === info.inside.scriptId && same !== undefined && isSameView(same, scope);
  });
}

function isDeclaration(name: string, text: string): boolean {
  return new RegExp(`^(?:class|(?:async\\s+)?function\\s*\\*?)\\s+${name.replaceAll('$', '\\$')}\\b`).test(
    text,
  );
}

function isSameView(a: Scope, b: Scope): boolean {
  const names = Object.keys(b.variables);
  return (
    a.description === b.description &&
    names.length === Object.keys(a.variables).length &&
    names.every((name) => Object.hasOwn(a.variables, name) && Object.is(a.variables[name], b.variables[name]))
  );
}

function assignedNames(alike: readonly View[]): string[] {
  const names = alike.flatMap(({ info, scope }) =>
    info.bindings.filter((binding) => binding.written && binding.scope === scope).map(({ name }) => name),
  );
  return [...new Set(names)];
}

function probe(alike: readonly View[], names: readonly string[]): View[][] {
  let why = '';
  for (const name of names) {
    const accesses = alike.map((view) => accessTo(view, name));
    const blind = alike.filter((_, at) => typeof accesses[at] === 'string');
    why = accesses.find((access) => typeof access === 'string') ?? '';
    // One alone cannot share with another that cannot be looked into.
    if (blind.length < alike.length) {
      const groups = splitByMarks(alike, accesses, name);
      if (groups !== undefined) return groups;
    }
  }
  throw refusal(alike, names, why);
}

/**
 * Assigns a mark of its own to the variable of each scope, through the first function that sees it without one.
 * @param accesses none for functions that cannot be entered: what they see is looked up when all marks are there
 * @returns undefined if several of those see no mark
 */
function splitByMarks(
  alike: readonly View[],
  accesses: readonly (Access | string)[],
  name: string,
): View[][] | undefined {
  const groups = new Map<unknown, View[]>();
  const blind: View[] = [];
  const undo: (() => void)[] = [];
  try {
    alike.forEach((view, at) => {
      const access = accesses[at] as Access | string;
      if (typeof access === 'string') blind.push(view);
      else if (!addTo(groups, access.get()[0], view)) {
        const [value] = access.get();
        const mark = {};
        undo.push(() => access.set(value));
        access.set(mark);
        groups.set(mark, [view]);
      }
    });
    const insides = lookInside(blind.map(({ info }) => info.fn));
    const unmarked = blind.filter((view, at) => {
      const seen = insides[at]?.scopes[depthOf(view)]?.variables[name];
      return !addTo(groups, seen, view);
    });
    if (unmarked.length > 1) return undefined;
    return unmarked.length === 0 ? [...groups.values()] : [...groups.values(), unmarked];
  } finally {
    for (const act of undo) act();
  }
}

function addTo(groups: ReadonlyMap<unknown, View[]>, mark: unknown, view: View): boolean {
  const group = groups.get(mark);
  group?.push(view);
  return group !== undefined;
}

/** Which of a function's scopes it is, counted from the innermost. */
function depthOf({ info, scope }: View): number {
  return info.inside.scopes.findIndex(({ variables }) => variables === scope.variables);
}

/** Access to the variable as the function sees it, once it is certain that it is the one of that scope; or why there is none. */
function accessTo({ info, scope }: View, name: string): Access | string {
  const fn = enterable(info);
  if (fn === undefined) return 'a class without methods cannot be entered';
  const shape = shapeOf(textOf(fn), { hasPrototype: Object.hasOwn(fn, 'prototype'), name: fn.name });
  const expression = `({ get: () => [${name}], set: (value) => { ${name} = value; } })`;
  const entered = evaluateInside(fn, expression, enterRules(shape));
  if (!entered.ok) return entered.why;
  const access = entered.value as Access;
  return isOfScope(access, { info, scope }, name) ? access : `${name} means something else in it`;
}

function isOfScope({ get, set }: Access, view: View, name: string): boolean {
  const [value] = get();
  if (!Object.is(value, view.scope.variables[name])) return false;
  const mark = {};
  try {
    set(mark);
    return lookInside([view.info.fn])[0]?.scopes[depthOf(view)]?.variables[name] === mark;
  } finally {
    set(value);
  }
}

/** A class cannot be entered, its methods can. */
function enterable({ fn, shape }: CodeInfo): AnyFunction | undefined {
  if (shape.kind !== 'class') return fn;
  for (const holder of [fn.prototype as object, fn]) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && value !== fn && textOf(fn).includes(textOf(value)))
        return value as AnyFunction;
    }
  }
  return undefined;
}

function refusal(alike: readonly View[], names: readonly string[], why: string): Refusal {
  const functions = alike.map(({ info }) => info.fn.name || '(anonymous)').join(', ');
  return new Refusal(
    `functions of which it cannot be told whether they share ${names.join(', ')} (${functions}): ${why}`,
    REMEDY,
  );
}
