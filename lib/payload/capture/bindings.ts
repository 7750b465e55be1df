import { types } from 'node:util';
import type { FunctionShape } from '../analysis/function-shape.ts';
import type { Slot } from '../graph.ts';
import { evaluateInside } from '../inspect/enter.ts';
import type { FunctionInside, Scope, Script } from '../inspect/scopes.ts';
import type { Reference } from '../reference/reference.ts';
import type { Binding } from './code-info.ts';
import { enterRules } from './lexical.ts';
import { isStandardGlobal } from './platform.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

interface Code {
  readonly fn: (...args: never[]) => unknown;
  readonly shape: FunctionShape;
  readonly inside: FunctionInside;
  readonly script: Script | undefined;
}

/**
 * The variables that a function captures, with their values. Names that are nowhere to be found are left alone, as are the
 * globals of JavaScript and Node.
 */
export function bindingsOf(sink: CaptureSink, index: number, code: Code): Binding[] {
  const { shape, inside } = code;
  const bindings: Binding[] = [];
  const names = [...shape.free.values()];
  if (bindsOwnName(code)) {
    names.push({ name: shape.ownName as string, written: shape.writesOwnName, members: undefined });
  }
  for (const { name, written, members } of names) {
    const found = findVariable(inside, name);
    if (found === undefined) continue;
    const { scope, depth } = found;
    const value = scope.variables[name];
    const slot = slotOf(sink, index, { name, value, members, scope, script: code.script });
    bindings.push({ name, written, scope, depth, value, slot });
  }
  return bindings;
}

/**
 * Whether the name behind `function` is not the function itself but a variable around it, as it is for a declaration whose name was
 * assigned to since: `f = memo(f)`.
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

export function findVariable({ scopes, global }: FunctionInside, name: string): Found | undefined {
  for (const [depth, scope] of scopes.entries()) {
    if (scope.type === 'with') {
      throw new Refusal('a function within a `with` statement', 'Write it without `with`.');
    }
    if (!Object.hasOwn(scope.variables, name)) continue;
    // What a script declares at its top is seen by all scripts, as in the REPL.
    return { scope: scope.type === 'script' ? { ...scope, type: 'global' } : scope, depth };
  }
  if (isStandardGlobal(name, global)) return undefined;
  const descriptor = Object.getOwnPropertyDescriptor(global, name);
  if (descriptor === undefined || !('value' in descriptor)) return undefined;
  return { scope: globalScope(global), depth: scopes.length };
}

/** Functions of scripts without a module around them, as of `node -e`, are properties of the global object. */
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

function slotOf(sink: CaptureSink, index: number, { name, value, members, scope, script }: Variable): Slot {
  const edge = { by: 'variable', name } as const;
  if (typeof value === 'function' && /^cov_[0-9a-z]+$/.test(name)) {
    // Istanbul counts in a report of the whole file, which nobody reads in a job.
    return [sink.addNode({ kind: 'rebuilt', type: 'coverage', data: null }, {}, index, edge)];
  }
  if (typeof value !== 'object' || value === null) {
    return sink.slot(value, index, edge, importRope(sink, name, scope, script));
  }
  if (types.isModuleNamespaceObject(value)) {
    const reference = sink.references.ofImport(name, script);
    if (reference !== undefined) return sink.reference(value, reference, index, edge);
  }
  if (members !== undefined && isModuleObject(name, value))
    return sink.partialSlot(value, members, index, edge);
  return sink.slot(value, index, edge, importRope(sink, name, scope, script));
}

/** What an import statement gave may be had by that statement again, if it cannot be sent. */
function importRope(
  sink: CaptureSink,
  name: string,
  scope: Scope,
  script: Script | undefined,
): (() => Reference | undefined) | undefined {
  return scope.type === 'module' ? () => sink.references.ofImport(name, script) : undefined;
}

/** Of the exports of a whole module, only those that the function names are sent. */
function isModuleObject(name: string, value: object): boolean {
  return (
    name === 'exports' ||
    types.isModuleNamespaceObject(value) ||
    Object.getOwnPropertyDescriptor(value, '__esModule')?.value === true
  );
}

/**
 * Says what a function captures, where it cannot be read: under `node --permission` without `--allow-inspector`, and in a node
 * that was built without the inspector. Elsewhere `closure` is not needed.
 *
 * @example executor.submit(closure({ factor }, (x: number) => x * factor), 3)
 * @param captured all variables around it that the function uses, by their names
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
  scopes.set(fn, { type: 'closure', description: 'Closure', variables: { ...captured } });
  return fn;
}

/** What {@link closure} was told of a function. */
export function explicitScope(fn: (...args: never[]) => unknown): Scope | undefined {
  return scopes.get(fn);
}

const scopes = new WeakMap<(...args: never[]) => unknown, Scope>();
