import { types } from 'node:util';
import { stepOf } from './member-path.ts';
import { textOf } from './native-text.ts';
import { nodeModule } from './realm.ts';
import type { ModuleReference, Part, Step } from './reference.ts';
import { isReferable, hasMembers, walkMembers, type Referable } from './walk-members.ts';
import { isFunction, propertyOf, type Property, type SomeFunction } from './properties.ts';

/** One way to get at a value through `require`. */
export interface LoadedExport {
  readonly file: string;
  readonly format: ModuleReference['format'];
  readonly path: readonly Step[];
  readonly part: Part;
}

/**
 * The modules loaded by `require`, or by an `import` of CommonJS, that export a value: it is `module.exports`, a property of that,
 * or a member of a class there. In the order in which they were loaded, so that what a package shows comes before what is in it.
 * @param definedIn the file that a function comes from: of that, also what getters give, and members of classes, are looked at
 */
export function loadedExportsOf(value: unknown, definedIn?: string): readonly LoadedExport[] {
  if (!isReferable(value)) return [];
  openModules();
  const found = index.get(value as object);
  if (found !== undefined || definedIn === undefined) return found ?? [];
  openFile(definedIn);
  return index.get(value as object) ?? [];
}

/** As {@link loadedExportsOf}, of those whose whole `module.exports` it is: they are soon looked through. */
export function loadedModulesOf(value: object): readonly LoadedExport[] {
  return (index.get(value) ?? []).filter(({ path }) => path.length === 0);
}

/** Has a look at the modules that were loaded since the last time; some microseconds if there are none. */
export function scanLoadedModules(): void {
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  const files = Object.keys(nodeModule._cache);
  if (files.length === listed) return;
  listed = files.length;
  for (const file of files) {
    // oxlint-disable-next-line no-underscore-dangle
    const module = nodeModule._cache[file];
    if (module === undefined || scanned.has(module)) continue;
    if (!module.loaded) listed = -1;
    else {
      scanned.add(module);
      if (!file.endsWith('.json')) addModule(file, module.exports);
    }
  }
}

const index = new WeakMap<object, LoadedExport[]>();
const scanned = new WeakSet<NodeJS.Module>();
/** How many modules there were when last looked; -1 as long as some of them are still being loaded. */
let listed = -1;

/** Modules of which it is not yet known what they export. */
let unopened: Exported[] = [];
const opened = new WeakSet<object>();

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
  for (const { file, format, exported } of unopened) {
    for (const [key, { value }] of exportsIn(exported)) {
      if (isReferable(value)) add(value, { file, format, path: [stepOf(key)], part: 'value' });
    }
  }
  unopened = [];
}

function exportsIn(exported: object): [key: string | symbol, property: Property][] {
  if (types.isProxy(exported)) return [];
  try {
    return Reflect.ownKeys(exported)
      .filter((key) => key !== 'prototype')
      .map((key) => [key, propertyOf(exported, key) as Property]);
  } catch {
    // The exports of an ES module cannot be looked at before it has run.
    return [];
  }
}

function add(value: Referable, place: LoadedExport): boolean {
  const places = index.get(value as object);
  if (places === undefined) index.set(value as object, [place]);
  else if (places.some((other) => other.file === place.file)) return false;
  else places.push(place);
  return true;
}

/** What takes too long to look at in all modules, and of most is never needed. */
function openFile(file: string): void {
  // oxlint-disable-next-line no-underscore-dangle
  const exported: unknown = nodeModule._cache[file]?.exports;
  if (!isReferable(exported) || typeof exported === 'symbol' || opened.has(exported)) return;
  opened.add(exported);
  const format = types.isModuleNamespaceObject(exported) ? 'module' : 'commonjs';
  if (isFunction(exported)) openClass(exported, { file, format, path: [], part: 'value' });
  for (const [key, property] of exportsIn(exported)) {
    const value = exportedValue(property);
    if (!isReferable(value)) continue;
    const place: LoadedExport = { file, format, path: [stepOf(key)], part: 'value' };
    add(value, place);
    if (isFunction(value)) openClass(value, place);
  }
}

/** Getters may do anything, such as loading the module; but compilers make some that just give a variable. */
function exportedValue({ value, get }: Property): unknown {
  return get !== undefined && VARIABLE_GETTER.test(textOf(get)) ? get() : value;
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
