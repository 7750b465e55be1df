import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeliveryError } from '../../base/errors.ts';
import { globToRegExp, PATH_GLOB } from '../../base/glob.ts';
import { MEBIBYTE } from '../../base/memory.ts';

/** A file or link to pack, with its path below the root. */
export interface BundledFile {
  readonly path: string;
  /** Target of a link, relative to its directory; undefined for a file. */
  readonly link?: string;
  /** In bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/**
 * Lists all files of a bundle, sorted by path.
 * @param directory of the job sets, which is left out if it lies within the root
 * @throws {DeliveryError} if a link leads out of the root
 */
export function listFiles(
  root: string,
  packages: PackagesNeeded,
  exclusions: Exclusions,
  directory: string,
): BundledFile[] {
  const found = new Map<string, BundledFile>();
  const add = (file: string): void => {
    const bundled = describeFile(file, root);
    if (bundled !== undefined) found.set(bundled.path, bundled);
  };
  const isLeftOut = (file: string): boolean =>
    file === directory || isExcluded(pathIn(root, file), exclusions);
  for (const file of walk(root, isLeftOut)) add(file);
  for (const link of packages.links) add(link);
  for (const each of packages.directories) {
    for (const file of walk(each, (inner) => isExcluded(pathIn(root, inner), exclusions))) add(file);
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Files and links in a directory, but not those of the packages installed in it. */
function* walk(directory: string, isLeftOut: (file: string) => boolean): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = join(directory, entry.name);
    if (entry.name === 'node_modules' || isLeftOut(file)) continue;
    if (entry.isDirectory()) yield* walk(file, isLeftOut);
    else if (entry.isFile() || entry.isSymbolicLink()) yield file;
  }
}

function describeFile(file: string, root: string): BundledFile | undefined {
  const stats = lstatSync(file);
  const path = pathIn(root, file);
  if (!stats.isSymbolicLink()) {
    return { path, size: stats.size, executable: (stats.mode & 0o100) !== 0 };
  }
  // A dangling link is left out.
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
  const target = resolve(dirname(file), readlinkSync(file));
  if (isWithin(target, root) && isWithin(realpathSync(file), root)) {
    return { path, link: relative(dirname(file), target), size: 0, executable: false };
  }
  throw new DeliveryError(
    'bundle',
    `packs ${root}, but ${path} in it is a link to ${target}. Remedy: \`exclude: ['${path}']\`, or a \`root\` above both`,
  );
}

function pathIn(root: string, file: string): string {
  return relative(root, file).replaceAll(sep, '/');
}

/**
 * Exclusions by default: repositories, temporary files of editors, job sets, and files that usually contain
 * secrets.
 */
const DEFAULT_EXCLUSIONS: readonly string[] = [
  '.git',
  '.hg',
  '.svn',
  '.jj',
  'CVS',
  '.DS_Store',
  '*.swp',
  '*~',
  '.npmrc',
  '.env',
  '.env.*',
  '.condor-futures',
];

/** Exclusions from a bundle, and exceptions from the default ones, as paths below its root with slashes. */
export interface Exclusions {
  readonly exclude: readonly string[];
  readonly include: readonly string[];
}

/** Whether a file or directory is left out. */
export function isExcluded(path: string, { exclude, include }: Exclusions): boolean {
  if (matchesAny(path, exclude)) return true;
  return matchesAny(path, DEFAULT_EXCLUSIONS) && !include.some((wanted) => isWithin(path, wanted));
}

function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(path, pattern));
}

function matches(path: string, pattern: string): boolean {
  const wanted = pattern.replace(/^\.?\//, '').replace(/\/$/, '');
  const hasPlace = pattern.replace(/\/$/, '').includes('/');
  return globToRegExp(wanted, PATH_GLOB).test(hasPlace ? path : path.slice(path.lastIndexOf('/') + 1));
}

/** How many of the largest parts the error names. */
const LISTED_PARTS = 5;

/**
 * Refuses files that are too large together, and names the largest parts.
 * @param limit in bytes
 * @throws {DeliveryError}
 */
export function checkSize(files: readonly BundledFile[], limit: number): void {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= limit) return;
  const sizes = new Map<string, number>();
  for (const { path, size } of files) sizes.set(partOf(path), (sizes.get(partOf(path)) ?? 0) + size);
  const largest = [...sizes].toSorted(([, a], [, b]) => b - a).slice(0, LISTED_PARTS);
  throw new DeliveryError(
    'bundle',
    `packs no more than ${showSize(limit)}, and this is ${showSize(total)}: ` +
      `${largest.map(([part, size]) => `${part} ${showSize(size)}`).join(', ')}. ` +
      "Remedy: `exclude` what the jobs don't need, or a larger `sizeLimit`, in bytes",
  );
}

/** The package of a file, or the first part of its path. */
function partOf(path: string): string {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? (path.split('/')[0] as string);
}

function showSize(bytes: number): string {
  return bytes < MEBIBYTE ? `${bytes} bytes` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

/** The parts of node_modules to pack. */
export interface PackagesNeeded {
  /** Real directories of packages, each without its own node_modules. */
  readonly directories: ReadonlySet<string>;
  /** Links by which packages are found, as pnpm and workspaces make them. */
  readonly links: ReadonlySet<string>;
}

/**
 * Finds the packages that the program in a directory needs at run time, directly or not: dependencies,
 * optional and peer dependencies, as far as they are installed.
 * @param more names of further packages
 * @throws {DeliveryError} if a package lies outside of the directory, or one of `more` is not installed
 */
export function packagesNeeded(root: string, more: readonly string[]): PackagesNeeded {
  const directories = new Set<string>();
  const links = new Set<string>();
  const add = (name: string, from: string): boolean => {
    const place = findPackage(name, from, root);
    if (place === undefined) return false;
    const directory = realpathSync(place);
    if (directory !== place) links.add(checkLink(place, directory, root));
    directories.add(directory);
    return true;
  };
  for (const name of more) {
    if (!add(name, root))
      throw new DeliveryError(
        'bundle',
        `is to have the package ${name}, which is not in ${root}/node_modules`,
      );
  }
  for (const name of namesIn(readManifest(root))) add(name, root);
  // The iteration includes directories that are added meanwhile.
  for (const directory of directories) {
    for (const name of namesIn(readManifest(directory))) add(name, directory);
  }
  return { directories, links };
}

function namesIn(manifest: Manifest | undefined): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = manifest ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Finds a package as node resolves it from a directory; undefined if it is not installed. */
function findPackage(name: string, from: string, root: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (lstatSync(candidate, { throwIfNoEntry: false }) !== undefined) {
      if (isWithin(candidate, root)) return candidate;
      throw new DeliveryError(
        'bundle',
        `packs ${root}, but the package ${name} that it needs lies in ${candidate}. Remedy: \`root: '${directory}'\`, or install it in ${root}`,
      );
    }
    if (dirname(directory) === directory) return undefined;
  }
}

/** Checks that a link and its target can be packed. @returns the link */
function checkLink(link: string, directory: string, root: string): string {
  const isLast = lstatSync(link).isSymbolicLink() && realpathSync(dirname(link)) === dirname(link);
  if (isLast && isWithin(directory, root)) return link;
  throw new DeliveryError(
    'bundle',
    `packs ${root}, but ${relative(root, link)} in it leads to ${directory}. Remedy: a \`root\` above both, or install the package there as a directory`,
  );
}

export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The fields of package.json that matter here. */
interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Finds the directory of the program: that of the nearest package.json with a name or dependencies, or else
 * of the nearest one.
 * @param main URL of the program's file; empty if there is none
 * @param cwd directory to start from instead if there is no such file, or it lies in node_modules, as that of
 * a tool
 * @throws {DeliveryError} if there is no package.json
 */
export function findRoot(main: string, cwd: string): string {
  const start = startOf(main, cwd);
  let nearest: string | undefined;
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = readManifest(directory);
    if (manifest?.name !== undefined || manifest?.dependencies !== undefined) return directory;
    if (manifest !== undefined) nearest ??= directory;
    if (dirname(directory) === directory) break;
  }
  if (nearest !== undefined) return nearest;
  throw new DeliveryError(
    'bundle',
    `does not know what to pack: there is no package.json in ${start} or above. Remedy: \`root: import.meta.dirname\`, or a package.json`,
  );
}

/** Reads package.json; undefined if there is none, or it is invalid. */
function readManifest(directory: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function startOf(main: string, cwd: string): string {
  if (!main.startsWith('file:')) return realpathSync(cwd);
  try {
    const file = realpathSync(fileURLToPath(main));
    return file.includes(`${sep}node_modules${sep}`) ? realpathSync(cwd) : dirname(file);
  } catch {
    return realpathSync(cwd);
  }
}
