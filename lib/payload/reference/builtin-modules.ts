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
  prototypeOf,
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
 * Makes the reference to a module of Node, its namespace, or an export: functions, classes with their
 * prototypes and members, objects such as `fs.constants`. Only modules that the process has loaded are
 * searched.
 * @param fromNode whether the value comes from a script of Node; then exports that load on first use are
 *   searched too
 */
export function builtinOf(value: unknown, fromNode = false): BuiltinReference | undefined {
  if (!isReferable(value)) return undefined;
  scanLoadedModules();
  const entry = index.get(value) ?? findDeeper(value, fromNode);
  return entry && { kind: 'builtin', ...entry };
}

/** Whether an ordinary object is one of Node's modules, or exported by one. */
export function isOfBuiltin(object: object): boolean {
  scanLoadedModules();
  return index.has(object);
}

/**
 * Finds the value of a reference in this process; for a namespace, a promise of it.
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
/** Functions and classes in the index whose members are not yet. */
let unopened: SomeFunction[] = [];
/** Modules by the names of their exports that load on first use. */
const lazy = new Map<string, string[]>();
const scanned = new Set<string>();
let listedCount = 0;

function scanLoadedModules(): void {
  const { moduleLoadList } = mainProcess;
  if (moduleLoadList.length === listedCount) return;
  for (const line of moduleLoadList.slice(listedCount)) {
    const name = line.replace('NativeModule ', '');
    if (isPublic(name) && !scanned.has(name)) scan(name);
  }
  // Scanning may have loaded the modules that it found.
  listedCount = moduleLoadList.length;
}

/** Searches places that take long, but only those where the value can be. */
function findDeeper(value: Referable, fromNode: boolean): Entry | undefined {
  if (typeof value === 'symbol') {
    for (const fn of unopened) indexKeys(fn);
  } else if (isFunction(value)) {
    if (fromNode) readLazy(nameOf(value));
    if (fromNode || isNamedNative(value)) openAll();
  } else {
    const owner = ownerOfPrototype(value);
    if (owner === undefined) return types.isModuleNamespaceObject(value) ? namespaceEntry(value) : undefined;
    // Only names of classes, because other exports that load on first use may warn that they are deprecated.
    if (/^[A-Z]/.test(nameOf(owner))) readLazy(nameOf(owner));
    const entry = index.get(owner);
    return entry && { ...entry, path: [...entry.path, 'prototype'] };
  }
  return index.get(value);
}

/** Excludes internal modules, and deprecated ones (`_…`, `sys`), whose exports other modules have too. */
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

/** @returns whether the value was added */
function add(module: string, value: Referable, path: readonly Step[], part: Part): boolean {
  if (index.has(value) || !isExport(module, value, path)) return false;
  index.set(value, part === 'value' ? { module, path } : { module, path, part });
  if (isFunction(value) && part === 'value') unopened.push(value);
  return true;
}

function openAll(): void {
  while (unopened.length > 0) {
    const functions = unopened;
    unopened = [];
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
 * Whether a value is Node's own: a function or class at any depth, or an object on the module itself without
 * the program's state.
 */
function isExport(module: string, value: Referable, path: readonly Step[]): boolean {
  if (typeof value === 'symbol') return true;
  // A Proxy was put there by the program.
  if (types.isProxy(value)) return false;
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
 * Whether an object only groups exports, such as `path.posix` and `util.types`; instances of classes hold
 * state.
 */
function isTable(value: Referable): boolean {
  if (typeof value !== 'object' || types.isProxy(value) || Array.isArray(value)) return false;
  const parent = prototypeOf(value);
  return parent === null || prototypeOf(parent) === null;
}

function noteGetters(name: string, module: object): void {
  for (const [key, { get }] of propertiesOf(module)) {
    if (get === undefined) continue;
    // A getter such as that of `fs.promises` is safe to call once the module behind it is loaded.
    const internal = [`NativeModule ${name}/${key}`, `NativeModule internal/${name}/${key}`];
    const isLoaded = internal.some((line) => mainProcess.moduleLoadList.includes(line));
    if (!isLoaded || !addLazy(name, key)) noteLazy(name, key);
  }
}

function noteLazy(module: string, key: string): void {
  lazy.set(key, [...(lazy.get(key) ?? []), module]);
}

function readLazy(name: string): void {
  const modules = lazy.get(name) ?? [];
  lazy.delete(name);
  for (const module of modules) if (!addLazy(module, name)) noteLazy(module, name);
}

/** @returns whether it could be read: a program may have put a getter that throws in the place of Node's */
function addLazy(module: string, key: string): boolean {
  let value: unknown;
  try {
    value = Reflect.get(mainProcess.getBuiltinModule(`node:${module}`) as object, key);
  } catch {
    return false;
  }
  if (isReferable(value) && add(module, value, [key], 'value') && isTable(value)) {
    walkMembers(value as object, [key], (...member) => add(module, ...member) && false);
  }
  return true;
}

/** Finds a namespace, which Node makes from a module's exports, by its default export and its names. */
function namespaceEntry(namespace: object): Entry | undefined {
  const module = defaultOf(namespace);
  const entry = isReferable(module) ? index.get(module) : undefined;
  if (entry === undefined || entry.path.length > 0) return undefined;
  const names = new Set(Reflect.ownKeys(namespace));
  const isWhole = propertiesOf(module as object).every(
    ([name, { enumerable, get }]) => enumerable === false || get !== undefined || names.has(name),
  );
  return isWhole && isNamespaceOf(namespace, module as object) ? { ...entry, part: 'namespace' } : undefined;
}

/** Default export of an ES module; undefined if there is none yet. */
export function defaultOf(namespace: object): unknown {
  return valueOf(namespace, 'default');
}

/** Whether a namespace has only names that Node takes from a module's exports. */
export function isNamespaceOf(namespace: object, exported: object): boolean {
  const isExported = (name: string): boolean => !types.isProxy(exported) && name in exported;
  return Reflect.ownKeys(namespace).every(
    (name) => typeof name === 'symbol' || name === 'default' || name === 'module.exports' || isExported(name),
  );
}
