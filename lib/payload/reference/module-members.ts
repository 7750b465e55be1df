import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';
import {
  isFunction,
  isNative,
  isReferable,
  propertyOf,
  type Referable,
  requireCache,
  requiredExports,
} from './members.ts';
import { packageOf } from './packages.ts';
import type { ModuleReference } from './reference.ts';

/** Members that are deeper in the exports of a module are values like any other. */
const MAX_DEPTH = 4;
/** Number of objects that are visited in one module, nearest to its exports first. */
const MAX_MEMBERS = 2000;
/** Longer lists are data. */
const MAX_ELEMENTS = 100;

/** Place of an object or symbol in what a module exports: the export, and the properties from there on. */
export interface MemberPlace {
  readonly url: string;
  readonly format: ModuleReference['format'];
  readonly path: readonly string[];
}

/** Notes all that a loaded module exports. */
export function noteModule(url: string, format: MemberPlace['format'], exported: unknown): void {
  const key = `${format} ${keyOf(url)}`;
  if (!isReferable(exported) || typeof exported === 'symbol' || roots.get(key) === exported) return;
  roots.set(key, exported);
  unopened.push({ url, format, path: [], value: exported });
}

/** Notes the present value of one export of an ES module. */
export function noteExport(url: string, name: string, value: unknown): void {
  if (!isReferable(value)) return;
  const key = `module ${keyOf(url)}`;
  let root = roots.get(key);
  if (root === undefined) {
    root = Object.create(null) as object;
    roots.set(key, root);
  }
  if (types.isModuleNamespaceObject(root) || Object.is(propertyOf(root, name)?.value, value)) return;
  Object.defineProperty(root, name, { value, configurable: true });
  unopened.push({ url, format: 'module', path: [name], value });
}

/** Notes the modules of the program that were loaded by `require` since the last time. */
export function noteRequired(): void {
  const cache = requireCache();
  const files = Object.keys(cache);
  if (files.length === listedCount) return;
  listedCount = files.length;
  for (const file of files) {
    if (listed.has(file) || file.includes('node_modules') || file.endsWith('.json')) continue;
    const module: unknown = cache[file];
    if (typeof module !== 'object' || module === null || propertyOf(module, 'loaded')?.value !== true) {
      listedCount = -1;
      continue;
    }
    listed.add(file);
    const exported = requiredExports(file);
    if (!isReferable(exported) || typeof exported === 'symbol') continue;
    const format = types.isModuleNamespaceObject(exported) ? 'module' : 'commonjs';
    noteModule(pathToFileURL(file).href, format, exported);
  }
}

/** The places where modules that this process has loaded export an object or symbol. */
export function placesOf(value: Referable): readonly MemberPlace[] {
  openRoots();
  return places.get(value as object) ?? NO_PLACES;
}

/** The exports of the noted modules of a package. */
export function exportsOfPackage(name: string): object[] {
  const pattern = ` ${name}@`;
  return [...roots].flatMap(([key, root]) => (key.includes(pattern) ? [root] : []));
}

/** Whether any module's members are noted at all. */
export function hasMembersOfModules(): boolean {
  return roots.size > 0;
}

/**
 * The value at a place, if its module was loaded here. No code runs: accessors and proxies have no members.
 */
export function memberAt({ url, format, path, package: of }: ModuleReference): unknown {
  let found: unknown = roots.get(`${format} ${of === undefined ? url : keyOfPackage(of)}`);
  for (const step of path) {
    if ((typeof found !== 'object' && typeof found !== 'function') || found === null) return undefined;
    found = typeof step === 'string' ? propertyOf(found, step)?.value : undefined;
  }
  return found;
}

interface Root extends MemberPlace {
  readonly value: Referable;
}

const NO_PLACES: readonly MemberPlace[] = [];
/** The exports of modules, by format and URL or package. */
const roots = new Map<string, object>();
let unopened: Root[] = [];
const places = new WeakMap<object, MemberPlace[]>();
const visited = new Map<string, number>();
const listed = new Set<string>();
let listedCount = 0;

function openRoots(): void {
  if (unopened.length === 0) return;
  const found = unopened;
  unopened = [];
  // Iterating over an array includes elements that are added meanwhile.
  for (const root of found) {
    const budget = visited.get(root.url) ?? 0;
    if (budget > MAX_MEMBERS) continue;
    visited.set(root.url, budget + 1);
    if (root.path.length > 0 && !add(root)) continue;
    if (root.path.length <= MAX_DEPTH) found.push(...membersIn(root));
  }
}

/** @returns whether the value is new at this module */
function add({ value, ...place }: Root): boolean {
  const known = places.get(value as object);
  if (known === undefined) places.set(value as object, [place]);
  else if (known.some(({ url, format }) => url === place.url && format === place.format)) return false;
  else known.push(place);
  return true;
}

function membersIn({ value, url, format, path }: Root): Root[] {
  if (typeof value === 'symbol' || types.isProxy(value) || isLeaf(value)) return [];
  if (isFunction(value) && isNative(value)) return [];
  return Object.getOwnPropertyNames(value)
    .slice(0, MAX_MEMBERS)
    .flatMap((name): Root[] => {
      if (isFunction(value) && SKIPPED.has(name)) return [];
      const member: unknown = propertyOf(value, name)?.value;
      return isReferable(member) ? [{ url, format, path: [...path, name], value: member }] : [];
    });
}

const SKIPPED: ReadonlySet<string> = new Set(['prototype', 'name', 'length', 'arguments', 'caller']);

function isLeaf(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return true;
  return Array.isArray(value) && value.length > MAX_ELEMENTS;
}

/** The same wherever the module lies, if it is one of a package. */
function keyOf(url: string): string {
  const found = url.includes('node_modules') ? packageOf(fileURLToPath(url)) : undefined;
  return found === undefined ? url : keyOfPackage(found);
}

function keyOfPackage({ name, version, subpath }: NonNullable<ModuleReference['package']>): string {
  return `${name}@${version}/${subpath}`;
}
