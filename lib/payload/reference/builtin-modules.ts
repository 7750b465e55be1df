import { types } from 'node:util';
import { ModuleLoadError } from '../../base/errors.ts';
import {
  follow,
  hasMembers,
  isFunction,
  isNamedNative,
  isReferable,
  mainProcess,
  nameOf,
  nodeModule,
  ownerOfPrototype,
  propertiesOf,
  type Referable,
  showPath,
  type SomeFunction,
  stepOf,
  valueOf,
  walkMembers,
} from './members.ts';
import type { BuiltinReference, Part, Step } from './reference.ts';

type Entry = Pick<BuiltinReference, 'module' | 'path' | 'part'>;

/**
 * The reference to a module of Node, its namespace, or something that it exports: functions, classes with
 * their prototypes and their members, objects such as `fs.constants`. Only modules that the process has
 * loaded are looked at.
 * @param fromNode known to be from a script of Node's own: then exports that are loaded on first use are
 *   looked at too
 */
export function builtinOf(value: unknown, fromNode = false): BuiltinReference | undefined {
  if (!isReferable(value)) return undefined;
  scanLoadedModules();
  const entry = index.get(value) ?? findDeeper(value, fromNode);
  return entry && { kind: 'builtin', ...entry };
}

/**
 * What this process has at the reference; for a namespace, a promise of it.
 * @throws {ModuleLoadError} if this version of Node has no such module, or the module no such export
 */
export function builtinAt({ module, path, part }: BuiltinReference): unknown {
  const name = `node:${module}`;
  if (part === 'namespace') return import(name);
  const object: unknown = mainProcess.getBuiltinModule(name);
  const found = object && follow(object, path, part);
  if (found !== undefined) return found;
  const what = showPath(path, part);
  throw new ModuleLoadError(
    object === undefined
      ? `Node ${process.version} on this machine has no module ${name}`
      : `The module ${name} of Node ${process.version} on this machine has no ${what}`,
    name,
    what,
  );
}

const index = new Map<Referable, Entry>();
/** Functions and classes that are in the index, but not yet what they hold. */
let closed: SomeFunction[] = [];
/** Exports that are loaded when first looked at, by their names: the modules that have them. */
const lazy = new Map<string, string[]>();
const scanned = new Set<string>();
let listed = 0;

function scanLoadedModules(): void {
  const { moduleLoadList } = mainProcess;
  if (moduleLoadList.length === listed) return;
  for (const line of moduleLoadList.slice(listed)) {
    const name = line.replace('NativeModule ', '');
    if (isPublic(name) && !scanned.has(name)) scan(name);
  }
  // What was found may have been loaded by looking at it.
  listed = moduleLoadList.length;
}

/** Looks where it takes long, but only for what can be there. */
function findDeeper(value: Referable, fromNode: boolean): Entry | undefined {
  if (typeof value === 'symbol') {
    for (const fn of closed) indexKeys(fn);
  } else if (isFunction(value)) {
    if (fromNode) readLazy(nameOf(value));
    if (fromNode || isNamedNative(value)) openAll();
  } else {
    const owner = ownerOfPrototype(value);
    if (owner === undefined) return types.isModuleNamespaceObject(value) ? namespaceEntry(value) : undefined;
    // That of a class, by its name: other exports that are loaded on first use may complain that they are
    // deprecated.
    if (/^[A-Z]/.test(nameOf(owner))) readLazy(nameOf(owner));
    const entry = index.get(owner);
    return entry && { ...entry, path: [...entry.path, 'prototype'] };
  }
  return index.get(value);
}

/** Modules whose names begin with `_`, and `sys`, are deprecated, and others have all that is in them. */
function isPublic(name: string): boolean {
  return !/^(?:_|sys$|process$|console$|internal\/)/.test(name) && nodeModule.isBuiltin(`node:${name}`);
}

function scan(name: string): void {
  scanned.add(name);
  const module: unknown = mainProcess.getBuiltinModule(`node:${name}`);
  if (!isReferable(module) || typeof module === 'symbol') return;
  add(name, module, [], 'value');
  walkMembers(module, [], (value, path, part) => add(name, value, path, part) && isTable(value));
  noteGetters(name, module);
}

/** @returns whether it was not there before */
function add(module: string, value: Referable, path: readonly Step[], part: Part): boolean {
  if (index.has(value) || !isExport(module, value, path)) return false;
  index.set(value, part === 'value' ? { module, path } : { module, path, part });
  if (isFunction(value) && part === 'value') closed.push(value);
  return true;
}

function openAll(): void {
  while (closed.length > 0) {
    const functions = closed;
    closed = [];
    for (const fn of functions) {
      const { module, path } = index.get(fn) as Entry;
      walkMembers(fn, path, (...member) => add(module, ...member) && typeof member[0] !== 'function');
    }
  }
}

function indexKeys(fn: SomeFunction): void {
  const { module, path } = index.get(fn) as Entry;
  const prototype: unknown = valueOf(fn, 'prototype');
  for (const [holder, at] of [
    [fn, path],
    [prototype, [...path, 'prototype']],
  ] as const) {
    if (!isReferable(holder)) continue;
    for (const key of Object.getOwnPropertySymbols(holder))
      if (isReferable(key)) add(module, key, [...at, stepOf(key)], 'key');
  }
}

/**
 * Node's functions and classes, wherever they are; objects on the module itself, but for those that hold the
 * program's state.
 */
function isExport(module: string, value: Referable, path: readonly Step[]): boolean {
  if (typeof value !== 'object') return true;
  if (path.at(-1) === 'prototype') return hasMembers(value);
  return path.length <= 1 && !STATE.has(`${module}.${showPath(path)}`);
}

const STATE: ReadonlySet<string> = new Set([
  'cluster.settings',
  'cluster.worker',
  'cluster.workers',
  'repl.repl',
  'worker_threads.parentPort',
  'worker_threads.resourceLimits',
  'worker_threads.workerData',
]);

/**
 * An object that only groups exports, such as `path.posix` and `util.types`; instances of classes hold state.
 */
function isTable(value: Referable): boolean {
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  const parent = Reflect.getPrototypeOf(value);
  return parent === null || Reflect.getPrototypeOf(parent) === null;
}

function noteGetters(name: string, module: object): void {
  for (const [key, { get }] of propertiesOf(module)) {
    if (get === undefined) continue;
    // `fs.promises`: that the module behind it is loaded shows that looking at it does no harm.
    const internal = [`NativeModule ${name}/${key}`, `NativeModule internal/${name}/${key}`];
    if (internal.some((line) => mainProcess.moduleLoadList.includes(line))) addLazy(name, key);
    else lazy.set(key, [...(lazy.get(key) ?? []), name]);
  }
}

function readLazy(name: string): void {
  for (const module of lazy.get(name) ?? []) addLazy(module, name);
  lazy.delete(name);
}

function addLazy(module: string, key: string): void {
  const value: unknown = Reflect.get(mainProcess.getBuiltinModule(`node:${module}`) as object, key);
  if (!isReferable(value) || !add(module, value, [key], 'value') || !isTable(value)) return;
  walkMembers(value as object, [key], (...member) => add(module, ...member) && false);
}

/**
 * Node makes a module's namespace from its exports: it is found by its default export, and told from others
 * by its names.
 */
function namespaceEntry(namespace: object): Entry | undefined {
  const module = defaultOf(namespace);
  const entry = isReferable(module) ? index.get(module) : undefined;
  if (entry === undefined || entry.path.length > 0) return undefined;
  const names = new Set(Object.keys(namespace));
  const isWhole = propertiesOf(module as object).every(
    ([name, { enumerable, get }]) => enumerable === false || get !== undefined || names.has(name),
  );
  return isWhole && isNamespaceOf(namespace, module as object) ? { ...entry, part: 'namespace' } : undefined;
}

/** The default export of an ES module; undefined if it has none yet. */
export function defaultOf(namespace: object): unknown {
  try {
    return valueOf(namespace, 'default');
  } catch {
    // The module has not run so far.
    return undefined;
  }
}

/** Whether a namespace has no names that Node does not make of a module's exports. */
export function isNamespaceOf(namespace: object, exported: object): boolean {
  return Object.keys(namespace).every(
    (name) => name === 'default' || name === 'module.exports' || name in exported,
  );
}
