import { resolve as absolute, sep } from 'node:path';
import { types } from 'node:util';
import { warn } from '../../base/warn.ts';
import { type CommonjsExport, commonjsExports } from '../analysis/commonjs-shape.ts';
import { knownShapeOf } from '../analysis/module-shape.ts';
import { offsetAt } from '../analysis/text.ts';
import {
  hasMembers,
  isFunction,
  isReferable,
  noteOwners,
  ownerOfPrototype,
  type Property,
  propertyOf,
  prototypeOf,
  type Referable,
  type SomeFunction,
  stepOf,
  compiledTextOf,
  requireCache,
  valueOf,
  walkMembers,
} from './members.ts';
import { isForced, pathOf, type ReferencePolicy } from './module-policy.ts';
import { packageOf, readSource, type SourceFile } from './packages.ts';
import type { ModuleReference, Part, RequireReference, Step } from './reference.ts';

/** A way to get a value through `require`. */
export interface LoadedExport {
  readonly file: string;
  readonly format: ModuleReference['format'];
  readonly path: readonly Step[];
  readonly part: Part;
}

/**
 * Finds the modules loaded by `require`, or by an `import` of CommonJS, that export a value as
 * `module.exports`, as a property of it, or as a member of a class there. They are in the order in which they
 * were loaded, so that the public modules of a package come before its internal ones.
 * @param definedIn file of a function; there, getters and members of classes are searched as well
 */
export function loadedExportsOf(value: unknown, definedIn?: string): readonly LoadedExport[] {
  if (!isReferable(value)) return [];
  openModules();
  const found = index.get(value as object);
  if (found !== undefined || definedIn === undefined) return found ?? [];
  openFile(definedIn);
  return index.get(value as object) ?? [];
}

/** Whether a loaded module is known to export a value. */
export function isExported(value: object): boolean {
  return index.has(value);
}

/** Finds the loaded modules whose whole `module.exports` is the value, which is fast. */
export function loadedModulesOf(value: object): readonly LoadedExport[] {
  return (index.get(value) ?? []).filter(({ path }) => path.length === 0);
}

/**
 * Adds modules that were loaded since the last scan, and tries again those that could not be read; takes
 * microseconds if there are none.
 */
export function scanLoadedModules(): void {
  unopened.push(...failed);
  failed = [];
  failedFiles.clear();
  const files = Object.keys(requireCache());
  if (files.length === listedCount) return;
  listedCount = files.length;
  for (const file of files) {
    const module: unknown = requireCache()[file];
    // Programs put things of their own there, such as mocks.
    if (!isReferable(module) || typeof module === 'symbol' || scanned.has(module)) continue;
    const isScanned = attempt(file, () => {
      const { loaded, exports } = module as NodeJS.Module;
      if (loaded && !file.endsWith('.json')) addModule(file, exports);
      return loaded;
    });
    if (isScanned) scanned.add(module);
    else listedCount = -1;
  }
}

/**
 * Reads one module, on behalf of a capture that may have nothing to do with it. If that fails, says so once, and
 * the module is left for the next scan.
 * @returns what `act` returns; false if it threw
 */
function attempt(file: string, act: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    if (!warnedOf.has(file)) {
      warnedOf.add(file);
      warn(`The exports of ${file} cannot be read, so jobs cannot load them from there: ${String(error)}`);
    }
    return false;
  }
}

const warnedOf = new Set<string>();

const index = new WeakMap<object, LoadedExport[]>();
const scanned = new WeakSet<object>();
/** Number of modules at the last scan; -1 while some of them are still being loaded. */
let listedCount = -1;

/** Modules whose exports are not in the index yet. */
let unopened: Exported[] = [];
/** Modules that could not be read since the last scan. */
let failed: Exported[] = [];
const opened = new WeakSet<object>();
/** Files of which not all getters and members could be read since the last scan. */
const failedFiles = new Set<string>();

interface Exported {
  readonly file: string;
  readonly format: LoadedExport['format'];
  readonly exported: object;
}

function addModule(file: string, exported: unknown): void {
  if (!isReferable(exported) || typeof exported === 'symbol') return;
  const format = types.isModuleNamespaceObject(exported) ? 'module' : 'commonjs';
  add(exported, { file, format, path: [], part: 'value' });
  unopened.push({ file, format, exported });
}

function openModules(): void {
  const modules = unopened;
  unopened = [];
  for (const module of modules) if (!attempt(module.file, () => openModule(module))) failed.push(module);
}

/** @returns whether all exports could be read: those of an ES module cannot before it has run */
function openModule({ file, format, exported }: Exported): boolean {
  let isWhole = true;
  noteOwners(exported);
  const prototype = isFunction(exported) ? null : prototypeOf(exported);
  // Some instances have a prototype of their own, which no class has.
  if (prototype !== null && prototypeOf(prototype) !== null && ownerOfPrototype(prototype) === undefined)
    add(prototype, { file, format, path: ['__proto__'], part: 'value' });
  for (const [key, property] of exportsIn(exported)) {
    if (property === undefined) isWhole = false;
    const value = property?.value;
    if (isReferable(value)) add(value, { file, format, path: [stepOf(key)], part: 'value' });
  }
  return isWhole;
}

/** Descriptors of the exports, undefined where one cannot be read yet; none of a Proxy, or of bytes. */
function exportsIn(exported: object): [key: string | symbol, property: Property | undefined][] {
  if (types.isProxy(exported) || ArrayBuffer.isView(exported)) return [];
  return Reflect.ownKeys(exported)
    .filter((key) => key !== 'prototype')
    .map((key) => [key, propertyOf(exported, key)]);
}

function add(value: Referable, place: LoadedExport): boolean {
  const places = index.get(value as object);
  if (places === undefined) index.set(value as object, [place]);
  else if (places.some((other) => other.file === place.file)) return false;
  else places.push(place);
  return true;
}

/** Adds getters and members of classes of one module; doing this for all modules would take too long. */
function openFile(file: string): void {
  // A mock may be null.
  const module = requireCache()[file] ?? undefined;
  if (module === undefined || failedFiles.has(file)) return;
  if (!attempt(file, () => openMembers(file, module.exports))) failedFiles.add(file);
}

/** @returns whether all exports could be read */
function openMembers(file: string, exported: unknown): boolean {
  if (!isReferable(exported) || typeof exported === 'symbol' || opened.has(exported)) return true;
  const format = types.isModuleNamespaceObject(exported) ? 'module' : 'commonjs';
  if (isFunction(exported)) openClass(exported, { file, format, path: [], part: 'value' });
  let isWhole = true;
  for (const [key, property] of exportsIn(exported)) {
    // One export that cannot be read must not hide the others.
    isWhole = attempt(file, () => openExport(key, property, { file, format })) && isWhole;
  }
  if (isWhole) opened.add(exported);
  return isWhole;
}

function openExport(
  key: string | symbol,
  property: Property | undefined,
  module: Pick<LoadedExport, 'file' | 'format'>,
): boolean {
  if (property === undefined) return false;
  const value = exportedValue(property);
  if (!isReferable(value)) return true;
  const place: LoadedExport = { ...module, path: [stepOf(key)], part: 'value' };
  add(value, place);
  if (isFunction(value)) openClass(value, place);
  return true;
}

/**
 * Value of an export. Only getters by compilers that return a variable are called; others might load modules.
 */
export function exportedValue({ value, get }: Property): unknown {
  return get !== undefined && VARIABLE_GETTER.test(compiledTextOf(get)) ? get() : value;
}

const VARIABLE_GETTER =
  /^(?:\(\)\s*=>\s*|(?:function|get)?\s*[\w$]*\s*\(\)\s*\{\s*return\s+)[\w$.]+(?:\[[\w$]+\])?;?\s*\}?$/;

function openClass(fn: SomeFunction, place: LoadedExport): void {
  walkMembers(fn, place.path, (value, path, part) => {
    if (path.at(-1) === 'prototype' && typeof value === 'object' && !hasMembers(value)) return false;
    const isNew = add(value, { ...place, path, part });
    return isNew && part === 'value' && (isFunction(value) || path.at(-1) === 'prototype');
  });
}

/** Place of a function in its script, as reported by the engine. */
export interface FunctionPlace {
  /** URL of its script: a file URL, a path, `node:…`, or anything else for evaluated code. */
  readonly url: string;
  /** Counted from 0, as is `column`, like the engine's `[[FunctionLocation]]`. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** Returns the source of the whole script as it was compiled. */
  readonly loadedSource: () => string;
}

/** Export of a function that the text of a module defines. */
interface StaticExport {
  readonly name: string;
  readonly format: 'module' | 'commonjs';
}

/**
 * Finds the export by which a function is certain to be found: declared at the top level of its module,
 * exported, and never assigned to. The file on disk must be the text that was loaded, so that a plain `node`
 * gets the same function; in packages only the function's text must be the same, and modules that the policy
 * forces are not compared.
 */
export function exportOf(place: FunctionPlace, policy: ReferencePolicy = {}): StaticExport | undefined {
  const path = pathOf(place.url);
  if (path === undefined) return undefined;
  if (isForced(place.url, policy)) return namedAt(place, place.loadedSource());
  const file = readSource(path);
  if (file === undefined) return undefined;
  const isPackage = packageOf(path) !== undefined;
  if (!file.text.includes(place.text) || !(isPackage || isAsLoaded(file, place))) return undefined;
  return namedAt(place, file.text) ?? (isPackage ? commonjsAt(place, file) : undefined);
}

/** Whether the file on disk is still the text that was loaded. */
export function isAsLoaded(file: SourceFile, place: FunctionPlace): boolean {
  const known = comparisons.get(file) ?? new Map<string, boolean>();
  comparisons.set(file, known);
  let same = known.get(place.url);
  if (same === undefined) {
    same = place.loadedSource() === file.text;
    known.set(place.url, same);
  }
  return same;
}

const comparisons = new WeakMap<SourceFile, Map<string, boolean>>();

function namedAt({ line, column, text }: FunctionPlace, source: string): StaticExport | undefined {
  const found = knownShapeOf(source)?.exports.get(offsetIn(source, line, column));
  if (found === undefined || source.slice(found.range.start, found.range.end) !== text) return undefined;
  return { name: found.exportName, format: 'module' };
}

function offsetIn(source: string, line: number, column: number): number {
  try {
    return offsetAt(source, line, column);
  } catch {
    // The file has become shorter since it was loaded.
    return -1;
  }
}

/**
 * Finds the export in the text, because loaders and test runners keep CommonJS modules out of
 * `require.cache`.
 */
function commonjsAt({ line, text }: FunctionPlace, file: SourceFile): StaticExport | undefined {
  let exported = commonjs.get(file);
  if (exported === undefined) {
    exported = commonjsExports(file.text);
    commonjs.set(file, exported);
  }
  const found = exported.find(
    (each) => each.firstLine <= line && line <= each.lastLine && each.text === text,
  );
  return found && { name: found.name, format: 'commonjs' };
}

const commonjs = new WeakMap<SourceFile, readonly CommonjsExport[]>();

/**
 * Makes the reference to a `require` function, of a file or made by `createRequire`, in Node or a test
 * runner.
 */
export function requireOf(value: unknown): RequireReference | undefined {
  if (typeof value !== 'function' || types.isProxy(value)) return undefined;
  const { resolve, cache, extensions } = Object.getOwnPropertyDescriptors(value) as Partial<
    Record<string, PropertyDescriptor>
  >;
  if (resolve === undefined || cache === undefined || extensions === undefined) return undefined;
  const paths = isFunction(resolve.value) ? valueOf(resolve.value, 'paths') : undefined;
  if (!isFunction(paths)) return undefined;
  const directory = directoryOf(paths as (request: string) => unknown);
  return typeof directory === 'string' ? { kind: 'require', parent: absolute(directory) + sep } : undefined;
}

/** The first path for a relative request, which is the file's directory. */
function directoryOf(paths: (request: string) => unknown): unknown {
  try {
    return ((paths('./x') ?? []) as unknown[])[0];
  } catch {
    // The function only looks like `require`.
    return undefined;
  }
}
