import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf } from '../../base/hash.ts';
import { TextCache } from '../../base/text-cache.ts';
import type { PackageFile } from './reference.ts';

/** A directory under node_modules. */
interface PackageRoot {
  readonly name: string;
  readonly directory: string;
  /** Version in its package.json, or `''`. */
  readonly version: string;
}

/** The innermost installed package that a path belongs to; the file itself need not exist. */
export function packageOf(file: string): PackageFile | undefined {
  const directory = INSTALLED.exec(file)?.[0];
  if (directory === undefined) return undefined;
  const name = directory
    .slice(directory.lastIndexOf(NODE_MODULES) + NODE_MODULES.length)
    .replaceAll(sep, '/');
  const version = versionIn(directory);
  return version === undefined
    ? undefined
    : { name, version, subpath: file.slice(directory.length + 1).replaceAll(sep, '/') };
}

/** Packages of this name that a module in the directory could import, nearest first. */
export function* findPackages(name: string, from: string): Generator<PackageRoot> {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    const version = versionIn(candidate);
    if (version !== undefined) yield { name, directory: candidate, version };
    if (dirname(directory) === directory) return;
  }
}

/** Name in the nearest package.json above a file, in node_modules or elsewhere. */
export function nearestPackageName(file: string): string | undefined {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const name = readManifest(directory)?.name;
    if (typeof name === 'string') return name;
    if (dirname(directory) === directory) return undefined;
  }
}

/**
 * Package name in a specifier: `lodash` in `lodash/fp`, `@scope/name` in `@scope/name/sub`; undefined if
 * there is none.
 */
export function packageNameIn(specifier: string): string | undefined {
  return /^(?:@[^/:@]+\/)?[^@./#:][^/:]*(?=\/|$)/.exec(specifier)?.[0];
}

/**
 * Finds the file that an `import` of Node loads; undefined if there is none, or the specifier means something
 * only to a loader.
 * @param from file with the statement
 */
export function resolveImport(specifier: string, from: string): string | undefined {
  if (/^\.{0,2}\//.test(specifier)) return realFile(resolve(dirname(from), specifier));
  if (specifier.startsWith('file:')) return realFile(fileURLToPath(specifier));
  const name = packageNameIn(specifier);
  const [found] = name === undefined ? [] : findPackages(name, dirname(from));
  if (name === undefined || found === undefined) return undefined;
  const { directory } = found;
  const { exports, main } = readManifest(directory) ?? {};
  const subpath = `.${specifier.slice(name.length)}`;
  if (exports !== undefined && exports !== null) {
    const target = exportTarget(exports, subpath);
    return target === undefined ? undefined : realFile(join(directory, target));
  }
  if (subpath !== '.') return realFile(join(directory, subpath));
  const entry = typeof main === 'string' ? [main, `${main}.js`, `${main}/index.js`] : [];
  for (const file of [...entry, 'index.js']) {
    const real = realFile(join(directory, file));
    if (real !== undefined) return real;
  }
  return undefined;
}

/** Finds the target of a subpath in the field `exports` of a package.json, as Node does for `import`. */
function exportTarget(exports: unknown, subpath: string): string | undefined {
  const isTable = isObject(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  const table = isTable ? exports : { '.': exports };
  if (Object.hasOwn(table, subpath) && !subpath.includes('*')) return conditional(table[subpath]);
  const patterns = Object.keys(table)
    .filter((key) => key.includes('*'))
    .toSorted((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length);
  for (const pattern of patterns) {
    const [before = '', after = ''] = pattern.split('*');
    if (subpath.length < pattern.length || !subpath.startsWith(before) || !subpath.endsWith(after)) continue;
    const middle = subpath.slice(before.length, subpath.length - after.length);
    return conditional(table[pattern])?.replaceAll('*', middle);
  }
  return undefined;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.map(conditional).find((each) => each !== undefined);
  if (!isObject(target)) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    const found = isCondition(condition) ? conditional(value) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether Node takes an entry of `exports` with this condition for `import`. */
function isCondition(name: string): boolean {
  if (name === 'module-sync') return 'require_module' in process.features && process.features.require_module;
  return name === 'node' || name === 'import' || name === 'node-addons' || name === 'default';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function realFile(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

const NODE_MODULES = `${sep}node_modules${sep}`;
const INSTALLED = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^@/\\][^/\\]*(?=[/\\])/s;

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
}

function versionIn(directory: string): string | undefined {
  const manifest = readManifest(directory);
  return manifest && (typeof manifest.version === 'string' ? manifest.version : '');
}

const manifests = new Map<string, Manifest | undefined>();

/** Reads a package.json once, because modules that are loaded from a package do not change either. */
function readManifest(directory: string): Manifest | undefined {
  if (!manifests.has(directory)) manifests.set(directory, parseManifest(join(directory, 'package.json')));
  return manifests.get(directory);
}

function parseManifest(file: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/** A file as it is on disk; the same object until the file changes. */
export interface SourceFile {
  readonly path: string;
  /** Text without a byte order mark, as Node compiles it. */
  readonly text: string;
  readonly hash: string;
}

/** @returns undefined if the file does not exist or cannot be read */
export function readSource(path: string): SourceFile | undefined {
  try {
    const { mtimeMs, size } = statSync(path);
    return files.get(`${mtimeMs} ${size} ${path}`, () => {
      const bytes = readFileSync(path);
      const text = bytes.toString().replace(/^\uFEFF/, '');
      return [{ path, text, hash: hashOf(bytes) }, text.length];
    });
  } catch {
    return undefined;
  }
}

/** Files as they were when last read, up to 16,000,000 characters. */
const files = new TextCache<SourceFile>(16_000_000);
