import { shapeOf } from '../analysis/function-shape.ts';
import type { ClassNode, Context, FunctionNode, Slot } from '../graph.ts';
import { textOf } from '../identities.ts';
import { evaluateInside } from '../inspect/enter.ts';
import { type FunctionInside, lookInside, type Scope } from '../inspect/scopes.ts';
import { withDebugger } from '../inspect/session.ts';
import type { SomeFunction } from '../reference/members.ts';
import { explicitScope } from './bindings.ts';
import type { CodeInfo } from './code-info.ts';
import { enterRules } from './lexical.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

const REMEDY =
  'Keep what they share in one object, such as `const state = { n: 0 }`, instead of a variable that is assigned to.';

/** A scope of V8 as one function shows it. */
interface View {
  readonly info: CodeInfo;
  readonly scope: Scope;
  /** The values of its variables at a moment that is the same for all views that are compared. */
  readonly values: readonly unknown[];
}

/** A scope that functions share, and its variables that are sent. */
interface Shared {
  readonly parent: Shared | undefined;
  readonly file: number;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly class?: number;
}

/**
 * Builds contexts, the scopes that functions share, and sets the context of each function's node. V8 shows
 * each function copies of its scopes. Two copies are of one scope if they have the same parent and the same
 * variables with the same values; if a function assigns to one of these variables, an assignment through the
 * one copy must also be visible through the other.
 */
export function buildContexts(sink: CaptureSink, infos: readonly CodeInfo[]): Context[] {
  const innermost = new Map<CodeInfo, Shared>();
  for (const views of viewsByLevel(infos)) {
    for (const group of partitionAll(sink, groupAlike(views, innermost))) {
      const [first] = group as [View, ...View[]];
      const parent = innermost.get(first.info);
      const shared = { parent, file: first.info.place.file, slots: slotsOf(group) };
      for (const { info } of group) innermost.set(info, shared);
    }
  }
  return new Numbering(sink, infos, innermost).contexts;
}

/** The scopes of all functions, those of the outermost level first. */
function viewsByLevel(infos: readonly CodeInfo[]): View[][] {
  const levels: View[][] = [];
  for (const info of infos) {
    for (const [level, scope] of info.inside.scopes.toReversed().entries()) {
      (levels[level] ??= []).push({ info, scope, values: Object.values(scope.variables) });
    }
  }
  const changing = new Set(levels.flatMap(changingViews).map(({ info }) => info));
  if (changing.size === 0) return levels;
  const now = lookInside([...changing].map(({ fn }) => fn));
  const insides = new Map([...changing].map((info, at) => [info, now[at] as FunctionInside]));
  return levels.map((views, level) =>
    views.map(({ info, scope, values }) => {
      const variables = insides.get(info)?.scopes.toReversed()[level]?.variables;
      return { info, scope, values: variables === undefined ? values : Object.values(variables) };
    }),
  );
}

/**
 * The views that may be of one scope that changed between two looks of the capture: by a reducer, or by this
 * library itself, if a bundler has put it into the scope of the program.
 */
function changingViews(views: readonly View[]): View[] {
  const groups = new Map<string, View[]>();
  for (const view of views) {
    const { type, description } = view.scope;
    const { scriptId } = view.info.inside;
    if (type === 'module' || scriptId === undefined || explicitScope(view.info.fn) !== undefined) continue;
    const key = [type, description, scriptId, view.values.length].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [view]);
    else group.push(view);
  }
  return [...groups.values()].filter(isChanging).flat();
}

function isChanging(views: readonly View[]): boolean {
  const [first] = views as readonly [View, ...View[]];
  const isOfOneLook = views.every(({ info }) => info.look === first.info.look);
  return (
    !isOfOneLook &&
    views.some(({ values }) => values.some((value, at) => !Object.is(value, first.values[at])))
  );
}

/** Groups views that may be of one scope: same script, same parent, same kind, equal variables. */
function groupAlike(views: readonly View[], innermost: ReadonlyMap<CodeInfo, Shared>): View[][] {
  const groups = new Map<string, View[]>();
  const numbers = new Map<unknown, number>();
  for (const view of views) {
    const parts = [innermost.get(view.info), ...traitsOf(view)];
    // Values are numbered, so that equal views are found without comparing all pairs.
    const key = parts.map((part) => numberOf(numbers, part)).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [view]);
    else group.push(view);
  }
  return [...groups.values()];
}

function traitsOf({ info, scope: { type, description, variables }, values }: View): unknown[] {
  const { scriptId } = info.inside;
  // A script has only one scope of this type.
  if (type === 'module') return [type, scriptId];
  return [type, description, scriptId, ...Object.keys(variables), ...values];
}

function numberOf(numbers: Map<unknown, number>, value: unknown): number {
  const known = numbers.get(value);
  if (known !== undefined) return known;
  numbers.set(value, numbers.size);
  return numbers.size - 1;
}

/** The variables of a scope that functions use. */
function slotsOf(group: readonly View[]): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  for (const { info, scope } of group) {
    for (const binding of info.bindings) if (binding.scope === scope) slots.set(binding.name, binding.slot);
  }
  return slots;
}

/** Numbers the contexts that are needed, parents first, and sets the context of each function's node. */
class Numbering {
  readonly contexts: Context[] = [];
  readonly #indices = new Map<Shared, number>();
  /**
   * Scopes for class bodies, by the node of the class; each lies between the scopes in the body and those
   * around the class.
   */
  readonly #bodiesByClass = new Map<number, Shared>();
  /** New parents of scopes that lie in the body of a class. */
  readonly #newParents = new Map<Shared, Shared>();

  constructor(sink: CaptureSink, infos: readonly CodeInfo[], innermost: ReadonlyMap<CodeInfo, Shared>) {
    const byNode = new Map(infos.map((info) => [info.index, info]));
    const bodyOf = new Map<CodeInfo, Shared>();
    for (const info of infos) {
      const home = info.homeClass === undefined ? undefined : byNode.get(info.homeClass);
      if (home !== undefined)
        bodyOf.set(info, this.#moveIntoBody(innermost.get(info), home, innermost.get(home)));
    }
    for (const info of infos) {
      const node = sink.nodes[info.index] as FunctionNode | ClassNode;
      const own = innermost.get(info);
      const body = bodyOf.get(info);
      const isOutside = body !== undefined && own === body.parent;
      node.context = this.#number(isOutside ? body : own);
      const home = info.homeClass ?? this.#classAround(node.context);
      if (home !== undefined) node.body = home;
    }
  }

  /** The class in whose body a context lies, if any. */
  #classAround(context: number): number | undefined {
    for (let at = context; at >= 0; at = this.contexts[at]?.parent ?? -1) {
      const home = this.contexts[at]?.class;
      if (home !== undefined) return home;
    }
    return undefined;
  }

  #moveIntoBody(own: Shared | undefined, home: CodeInfo, around: Shared | undefined): Shared {
    const body = this.#bodiesByClass.get(home.index) ?? {
      parent: around,
      file: home.place.file,
      slots: new Map(),
      class: home.index,
    };
    this.#bodiesByClass.set(home.index, body);
    for (let scope = own; scope !== undefined && scope !== around; scope = scope.parent) {
      if (scope.parent === around) this.#newParents.set(scope, body);
    }
    return body;
  }

  #number(shared: Shared | undefined): number {
    if (shared === undefined) return -1;
    const known = this.#indices.get(shared);
    if (known !== undefined) return known;
    const parent = this.#number(this.#newParents.get(shared) ?? shared.parent);
    const { file, slots } = shared;
    if (slots.size === 0 && shared.class === undefined) {
      this.#indices.set(shared, parent);
      return parent;
    }
    const owner = shared.class === undefined ? {} : { class: shared.class };
    const index =
      this.contexts.push({ parent, file, names: [...slots.keys()], values: [...slots.values()], ...owner }) -
      1;
    this.#indices.set(shared, index);
    return index;
  }
}

/** Reads and assigns a variable in the scope where a function sees it. */
interface Access {
  readonly get: () => [unknown];
  readonly set: (value: unknown) => void;
}

/** Splits all groups with the debugger enabled once, or not at all. */
function partitionAll(sink: CaptureSink, groups: readonly (readonly View[])[]): (readonly View[])[] {
  const split = (): (readonly View[])[] => groups.flatMap((alike) => partition(sink, alike));
  const mayProbe = groups.some((alike) => alike.length > 1 && assignedNames(alike).length > 0);
  return mayProbe && sink.options.captureThis !== 'never' ? withDebugger(split) : split();
}

/**
 * Splits views that look the same by the scope they are of. Where nothing is assigned, equal scopes need not
 * be told apart; otherwise a marker is assigned to a variable through one function, looked for through the
 * others, and removed.
 * @throws {Refusal} if that cannot be done
 */
function partition(sink: CaptureSink, alike: readonly View[]): readonly (readonly View[])[] {
  const [first] = alike as readonly [View, ...View[]];
  // A module or realm has only one scope of this type.
  if (alike.length === 1 || ['module', 'script'].includes(first.scope.type)) return [alike];
  const names = assignedNames(alike);
  if (names.length === 0 || holdsOwnFunction(first)) return [alike];
  return sink.guard(first.info.index, () => {
    if (sink.options.captureThis === 'never') throw refusal(alike, names, "captureThis is 'never'");
    return withDebugger(() => probe(alike, names));
  });
}

/**
 * Whether the scope declares a function or class. Each activation creates its own, so views with the same one
 * are of one scope.
 */
function holdsOwnFunction({ info, scope }: View): boolean {
  const depth = depthOf(info, scope);
  const outward = info.inside.scopes.length - depth;
  const declared = Object.entries(scope.variables).filter(
    ([name, value]) => typeof value === 'function' && isDeclaration(name, textOf(value)),
  );
  if (declared.length === 0) return false;
  const [now, ...insides] = lookInside([info.fn, ...declared.map(([, value]) => value as SomeFunction)]);
  const current = explicitScope(info.fn) === undefined ? now?.scopes[depth] : scope;
  return insides.some((inside) => {
    const same = inside.scopes.at(-outward);
    if (inside.scriptId !== info.inside.scriptId || same === undefined || current === undefined) return false;
    return isSameView(same, current);
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
    const inaccessible = alike.filter((_, at) => typeof accesses[at] === 'string');
    why = accesses.find((access) => typeof access === 'string') ?? '';
    // At least one view must be accessible, to be compared with the others.
    if (inaccessible.length < alike.length) {
      const groups = splitByMarks(alike, accesses, name);
      if (groups !== undefined) return groups;
    }
  }
  throw refusal(alike, names, why);
}

/**
 * Assigns a separate marker to the variable of each scope, through the first function that sees it without
 * one.
 * @param accesses a text for functions that cannot be entered; their variables are read when all markers are
 *   set
 * @returns undefined if several of those see no marker
 */
function splitByMarks(
  alike: readonly View[],
  accesses: readonly (Access | string)[],
  name: string,
): View[][] | undefined {
  const groups = new Map<unknown, View[]>();
  const inaccessible: View[] = [];
  const undo: (() => void)[] = [];
  try {
    alike.forEach((view, at) => {
      const access = accesses[at] as Access | string;
      if (typeof access === 'string') inaccessible.push(view);
      else if (!addTo(groups, access.get()[0], view)) {
        const [value] = access.get();
        const mark = {};
        undo.push(() => access.set(value));
        access.set(mark);
        groups.set(mark, [view]);
      }
    });
    const insides = lookInside(inaccessible.map(({ info }) => info.fn));
    const unmarked = inaccessible.filter((view, at) => {
      const seen = insides[at]?.scopes[depthOf(view.info, view.scope)]?.variables[name];
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

/** The index of the scope among those of its function, counted from the innermost. */
function depthOf(info: CodeInfo, scope: Scope): number {
  return info.inside.scopes.findIndex(({ variables }) => variables === scope.variables);
}

/**
 * Access to the variable through the function, if it is certain that it is the variable of that scope;
 * otherwise the reason.
 */
function accessTo(view: View, name: string): Access | string {
  const { info } = view;
  const fn = enterable(info);
  if (fn === undefined) return 'a class without methods cannot be entered';
  const shape = shapeOf(textOf(fn), { hasPrototype: Object.hasOwn(fn, 'prototype'), name: fn.name });
  // The parameter has another name than the variable, whatever that is, so that it cannot hide it.
  const expression = `({ get: () => [${name}], set: (${name}_) => { ${name} = ${name}_; } })`;
  const entered = evaluateInside(fn, expression, enterRules(shape));
  if (!entered.ok) return entered.why;
  const access = entered.value as Access;
  return isOfScope(access, view, name) ? access : `${name} means something else in it`;
}

function isOfScope({ get, set }: Access, view: View, name: string): boolean {
  const [value] = get();
  if (!Object.is(value, view.scope.variables[name])) return false;
  const mark = {};
  try {
    set(mark);
    return lookInside([view.info.fn])[0]?.scopes[depthOf(view.info, view.scope)]?.variables[name] === mark;
  } finally {
    set(value);
  }
}

/**
 * The function to enter for a function or class: for a class, which cannot be entered, one of its methods.
 */
function enterable({ fn, shape }: CodeInfo): SomeFunction | undefined {
  if (shape.kind !== 'class') return fn;
  for (const holder of [fn.prototype as object, fn]) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(holder))) {
      if (typeof value === 'function' && value !== fn && textOf(fn).includes(textOf(value)))
        return value as SomeFunction;
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
