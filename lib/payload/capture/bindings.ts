import { types } from 'node:util';
import type { FunctionShape } from '../analysis/function-shape.ts';
import type { Slot } from '../graph.ts';
import { textOf } from '../identities.ts';
import { evaluateInside } from '../inspect/enter.ts';
import type { FunctionInside, Scope, Script } from '../inspect/scopes.ts';
import { isReferable } from '../reference/members.ts';
import type { Reference } from '../reference/reference.ts';
import type { Binding } from './code-info.ts';
import { enterRules } from './lexical.ts';
import { isStandardGlobal } from './platform.ts';
import { checkedReference, refuseAdded, refuseReplaced } from './program-effects.ts';
import { isOfProgram } from './program-imports.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

interface Code {
  readonly fn: (...args: never[]) => unknown;
  readonly shape: FunctionShape;
  readonly inside: FunctionInside;
  readonly script: Script | undefined;
}

/**
 * The variables that a function captures, with their values. Unknown names and the globals of JavaScript and
 * Node are left out.
 */
export function bindingsOf(sink: CaptureSink, index: number, code: Code): Binding[] {
  const { shape, inside, script } = code;
  const bindings: Binding[] = [];
  const names = [...shape.free.values()];
  if (bindsOwnName(code)) {
    names.push({ name: shape.ownName as string, written: shape.writesOwnName, members: undefined });
  }
  for (const { name, written, members } of names) {
    const found = findVariable(inside, name);
    if (found === undefined) {
      if (members !== undefined && isOfProgram(script?.url ?? ''))
        refuseAdded(name, members, inside.global, sink.options);
      continue;
    }
    const { scope, depth } = found;
    const value = scope.variables[name];
    const slot = captureVariable(sink, index, { name, value, members, scope, script });
    bindings.push({ name, written, scope, depth, value, slot });
  }
  return bindings;
}

/**
 * Whether the name after `function` refers to an outer variable rather than to the function itself, as after
 * an assignment to a declared function: `f = memo(f)`.
 */
export function bindsOwnName({ fn, shape, inside }: Omit<Code, 'script'>): boolean {
  const { ownName, kind } = shape;
  if (ownName === undefined || kind === 'class' || !shape.usesOwnName) return false;
  const found = findVariable(inside, ownName);
  if (found === undefined) return false;
  if (found.scope.variables[ownName] === fn) return shape.writesOwnName;
  const entered = evaluateInside(fn, ownName, enterRules(shape));
  return !entered.ok || entered.value !== fn;
}

interface Found {
  readonly scope: Scope;
  readonly depth: number;
}

/**
 * Finds the scope that has a variable; undefined for standard globals and unknown names.
 * @throws {Refusal} if the function is within a `with` statement
 */
export function findVariable({ scopes, global }: FunctionInside, name: string): Found | undefined {
  for (const [depth, scope] of scopes.entries()) {
    if (scope.type === 'with') {
      throw new Refusal('a function within a `with` statement', 'Write it without `with`.');
    }
    if (!Object.hasOwn(scope.variables, name)) continue;
    // Top-level declarations of a script are visible to all scripts, as in the REPL.
    return { scope: scope.type === 'script' ? { ...scope, type: 'global' } : scope, depth };
  }
  if (isStandardGlobal(name, global)) return undefined;
  const descriptor = Object.getOwnPropertyDescriptor(global, name);
  if (descriptor === undefined || !('value' in descriptor)) return undefined;
  return { scope: globalScope(global), depth: scopes.length };
}

/**
 * The scope for globals: scripts that are not modules, such as that of `node -e`, declare functions as
 * properties of the global object.
 */
function globalScope(global: object): Scope {
  return { type: 'global', description: 'Global', variables: global as Record<string, unknown> };
}

interface Variable {
  readonly name: string;
  readonly value: unknown;
  readonly members: ReadonlySet<string> | undefined;
  readonly scope: Scope;
  readonly script: Script | undefined;
}

function captureVariable(
  sink: CaptureSink,
  index: number,
  { name, value, members, scope, script }: Variable,
): Slot {
  const edge = { by: 'variable', name } as const;
  if (typeof value === 'function' && isCoverageCounter(name, value)) {
    // Istanbul counts for a report of the whole file, which is of no use in a job.
    return [sink.addNode({ kind: 'rebuilt', type: 'coverage', data: null }, {}, index, edge)];
  }
  if (!isReferable(value)) return sink.slot(value, index, edge);
  if (scope.type !== 'global') {
    const reference = sink.references.ofPackage(value, name, scope, script);
    if (reference !== undefined) {
      refuseReplaced(value, name, members, sink.options);
      return sink.reference(value, checkedReference(sink, value, reference), index, edge);
    }
  }
  if (typeof value !== 'object') {
    return sink.slot(value, index, edge, importFallback(sink, name, scope, script));
  }
  if (types.isModuleNamespaceObject(value)) {
    const reference = sink.references.ofImport(name, script);
    if (reference !== undefined) return sink.reference(value, reference, index, edge);
  }
  if (
    members !== undefined &&
    (isModuleObject(name, value) || sink.references.isModuleCopy(value, name, script))
  )
    return sink.partialSlot(value, members, index, edge);
  return sink.slot(value, index, edge, importFallback(sink, name, scope, script));
}

/** Whether a variable is a counter function of Istanbul's, which has changed itself if it was called. */
function isCoverageCounter(name: string, value: object): boolean {
  return (
    /^cov_[0-9a-z]+$/.test(name) &&
    /^function\s*(?:\w+\s*)?\(\)\s*\{[^]*\breturn actualCoverage;?\s*\}$/.test(textOf(value))
  );
}

/** A fallback for an imported value that cannot be sent: the job repeats the import statement. */
function importFallback(
  sink: CaptureSink,
  name: string,
  scope: Scope,
  script: Script | undefined,
): (() => Reference | undefined) | undefined {
  return scope.type === 'module' ? () => sink.references.ofImport(name, script) : undefined;
}

/**
 * Whether a value holds the exports of a whole module, of which only those that the function names are sent.
 */
function isModuleObject(name: string, value: object): boolean {
  return (
    name === 'exports' ||
    types.isModuleNamespaceObject(value) ||
    Object.getOwnPropertyDescriptor(value, '__esModule')?.value === true
  );
}

/**
 * Names the variables that a function captures, where they cannot be read: under `node --permission` without
 * `--allow-inspector`, and in a Node that was built without the inspector. Not needed elsewhere.
 * @example executor.submit(closure({ factor }, (x: number) => x * factor), 3)
 * @param captured all outer variables that the function uses, by name
 * @returns the function itself
 */
export function closure<F extends (...args: never[]) => unknown>(
  captured: Readonly<Record<string, unknown>>,
  fn: F,
): F {
  if (typeof captured !== 'object' || captured === null) {
    throw new TypeError('Expected the first argument of closure to be an object: closure({ a, b }, fn)');
  }
  if (typeof fn !== 'function')
    throw new TypeError('Expected the second argument of closure to be a function');
  explicitScopes.set(fn, { type: 'closure', description: 'Closure', variables: { ...captured } });
  return fn;
}

/** The variables that {@link closure} was given for a function. */
export function explicitScope(fn: (...args: never[]) => unknown): Scope | undefined {
  return explicitScopes.get(fn);
}

const explicitScopes = new WeakMap<(...args: never[]) => unknown, Scope>();
