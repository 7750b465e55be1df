import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { DeliveryError } from '../../delivery-errors.ts';
import { isExcluded, type Exclusions } from './exclusions.ts';
import { isWithin, type PackagesNeeded } from './packages-needed.ts';

/** What is packed, by its path below the root. */
export interface BundledFile {
  readonly path: string;
  /** Of a link, where it leads, from its own directory. */
  readonly link?: string;
  /** In bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/**
 * All files of a bundle, in a certain order.
 * @param directory of the job sets, which may lie within
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
    const bundled = look(file, root);
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

function look(file: string, root: string): BundledFile | undefined {
  const stats = lstatSync(file);
  const path = pathIn(root, file);
  if (!stats.isSymbolicLink()) {
    return { path, size: stats.size, executable: (stats.mode & 0o100) !== 0 };
  }
  // A link to nowhere is of no use there either.
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
