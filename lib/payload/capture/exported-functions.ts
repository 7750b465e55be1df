import { types } from 'node:util';
import type { Script } from '../inspect/scopes.ts';
import {
  isFunction,
  isNative,
  isPlainObject,
  isReferable,
  propertyOf,
  prototypeOf,
  type Referable,
  requireCache,
  requiredExports,
  type SomeFunction,
} from '../reference/members.ts';
import { exportsOfPackage } from '../reference/module-members.ts';
import { pathOf } from '../reference/module-policy.ts';
import type { LoadedExport } from '../reference/modules.ts';
import { packageOf } from '../reference/packages.ts';
import { referenceTo } from '../reference/reference-of.ts';
import type { ImportReference, ModuleReference } from '../reference/reference.ts';
import { shapeOf } from './program-imports.ts';

/** Exported functions of a module that are asked for the variables that they see. */
export const MAX_WITNESSES = 40;
/** Larger tables hold data rather than an interface. */
const MAX_KEYS = 500;

/** A function, and where a module exports it. */
interface Export {
  readonly fn: SomeFunction;
  readonly place: LoadedExport;
}

/** An exported function, by which a job finds the variables that it sees. */
export interface Witness {
  readonly fn: SomeFunction;
  readonly reference: ModuleReference | ImportReference;
}

/**
 * The first functions that a module of a package exports, also as members of objects; looked for once in a process.
 * @param variables of an ES module itself; undefined for CommonJS
 */
export function witnessesOf(
  script: Script,
  variables: Readonly<Record<string, unknown>> | undefined,
): readonly Witness[] {
  let found = witnesses.get(script.scriptId);
  if (found === undefined) {
    found = [...exportedFunctions(script, variables)]
      .slice(0, MAX_WITNESSES)
      .map(({ fn, place }) => ({ fn, reference: referenceTo(place, fn, undefined) }));
    witnesses.set(script.scriptId, found);
  }
  return found;
}

/** Kept for later captures, by the id of the script. */
const witnesses = new Map<string, readonly Witness[]>();

function* exportedFunctions(
  script: Script,
  variables: Readonly<Record<string, unknown>> | undefined,
): Generator<Export> {
  const file = pathOf(script.url) as string;
  if (variables === undefined) {
    const exported = requiredExports(file);
    const format = types.isModuleNamespaceObject(exported) ? 'module' : 'commonjs';
    if (isReferable(exported)) yield* functionsIn(exported, { file, format, path: [] });
    return;
  }
  for (const [name, origin] of shapeOf(script)?.origins ?? []) {
    if (origin.specifier !== undefined || origin.local === undefined || origin.changes) continue;
    const value = variables[origin.local];
    if (isReferable(value)) yield* functionsIn(value, { file, format: 'module', path: [name] });
  }
}

type Place = Pick<LoadedExport, 'file' | 'format' | 'path'>;

/** A function itself, or the functions among the properties of an object. */
function* functionsIn(value: Referable, place: Place): Generator<Export> {
  if (typeof value === 'symbol' || types.isProxy(value) || types.isPromise(value)) return;
  if (isFunction(value)) {
    yield* exportAt(value, { ...place, part: 'value' });
    if (place.path.length > 0) return;
  }
  const names = Object.getOwnPropertyNames(value).slice(0, MAX_KEYS);
  for (const key of [...names, ...methodsOf(value, place)]) {
    const { value: member, get } =
      propertyOf(value, key) ?? propertyOf(prototypeOf(value) as object, key) ?? {};
    const path = [...place.path, key];
    if (isFunction(member)) yield* exportAt(member, { ...place, path, part: 'value' });
    // Compilers export by getters, which see the module as well.
    else if (get !== undefined) yield* exportAt(get, { ...place, path, part: 'get' });
    else if (path.length === 1 && isReferable(member) && isPlainObject(member))
      yield* functionsIn(member, { ...place, path });
  }
}

/** Names of the methods of an instance that is all that a module exports: `module.exports = new Tool()`. */
function methodsOf(value: object, { path }: Place): string[] {
  const prototype = path.length > 0 || isFunction(value) || isPlainObject(value) ? null : prototypeOf(value);
  return prototype === null ? [] : Object.getOwnPropertyNames(prototype);
}

function* exportAt(fn: SomeFunction, place: LoadedExport): Generator<Export> {
  if (!types.isProxy(fn) && !isNative(fn)) yield { fn, place };
}

/** Functions that the modules of a package export which this process has loaded, as far as they are known. */
export function exportedByPackage(name: string): ReadonlySet<SomeFunction> {
  const files = Object.keys(requireCache());
  const noted = exportsOfPackage(name);
  const count = files.length + noted.length;
  const known = byPackage.get(name);
  if (known?.count === count) return known.functions;
  const own = files.filter((file) => packageOf(file)?.name === name);
  const exported = [...own.map((file) => requiredExports(file)), ...noted];
  const functions = new Set(
    exported.flatMap((each) =>
      isReferable(each)
        ? [...functionsIn(each, { file: '', format: 'module', path: [] })].map(({ fn }) => fn)
        : [],
    ),
  );
  byPackage.set(name, { count, functions });
  return functions;
}

/** Found again when more modules were loaded. */
const byPackage = new Map<string, { count: number; functions: ReadonlySet<SomeFunction> }>();
