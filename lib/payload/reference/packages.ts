import { readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { hashOf } from '../../base/hash.ts';
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

const NODE_MODULES = `${sep}node_modules${sep}`;
const INSTALLED = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^@/\\][^/\\]*(?=[/\\])/s;

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
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
    const stamp = `${mtimeMs} ${size}`;
    const known = files.get(path);
    if (known?.stamp === stamp) return known;
    const bytes = readFileSync(path);
    const file = {
      path,
      stamp,
      text: bytes.toString().replace(/^\uFEFF/, ''),
      hash: hashOf(bytes),
    };
    remember(path, file);
    return file;
  } catch {
    return undefined;
  }
}

const files = new Map<string, SourceFile & { readonly stamp: string }>();
/** Number of texts kept in memory; programs rarely take functions from more files. */
const MOST_FILES = 64;

function remember(path: string, file: SourceFile & { readonly stamp: string }): void {
  files.delete(path);
  files.set(path, file);
  for (const oldest of files.keys()) {
    if (files.size <= MOST_FILES) break;
    files.delete(oldest);
  }
}
