import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { DeliveryError } from '../../delivery-errors.ts';
import { readManifest, type Manifest } from './find-root.ts';

/** What is to be packed of node_modules. */
export interface PackagesNeeded {
  /** The real directories of packages, each without the packages in it. */
  readonly directories: ReadonlySet<string>;
  /** Links by which packages are found, as pnpm and workspaces make them. */
  readonly links: ReadonlySet<string>;
}

/**
 * The packages that the program in a directory needs to run, with all that these need: dependencies, optional and peer dependencies as far
 * as they are installed.
 * @param more names of packages that it needs besides
 * @throws {DeliveryError} if one of them lies outside of the directory
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
  // A set visits what is added while it is visited.
  for (const directory of directories) {
    for (const name of namesIn(readManifest(directory))) add(name, directory);
  }
  return { directories, links };
}

function namesIn(manifest: Manifest | undefined): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = manifest ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Where a module of the directory finds a package; undefined if it is not installed. */
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

/** @returns the link, if all of the way can be packed */
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
