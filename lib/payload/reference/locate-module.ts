import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModuleLoadError } from '../../errors.ts';
import { directoryOf } from './import-from.ts';
import { showPath } from './member-path.ts';
import { findPackages, packageOf } from './packages.ts';
import type { ModuleReference } from './reference.ts';

/**
 * The URL of a module's file on this machine: the same, if it exists, as on a shared filesystem; else that of the same file of the
 * same package, where a program in the current directory, or one at the module's old place, would find it.
 * @throws {ModuleLoadError} naming what was tried, and both versions if the package is here with another
 */
export function locateModule(reference: ModuleReference): string {
  const { url, package: wanted } = reference;
  const file = fileURLToPath(url);
  const exists = existsSync(file);
  if (wanted === undefined) {
    if (exists) return url;
    throw failure(reference, `there is no file ${file}, and it is of no package that could be looked up`);
  }
  const tried: string[] = [];
  if (!exists) tried.push(`there is no file ${file}`);
  else {
    const version = packageOf(file)?.version;
    if (version === wanted.version) return url;
    tried.push(`${file} is of version ${version}`);
  }
  for (const from of new Set([process.cwd(), directoryOf(file)])) {
    for (const { directory, version } of findPackages(wanted.name, from)) {
      const other = join(directory, wanted.subpath);
      if (other === file) continue;
      if (version !== wanted.version) tried.push(`${directory} is of version ${version}`);
      else if (existsSync(other)) return pathToFileURL(other).href;
    }
    tried.push(`${from} and the directories above have no other ${wanted.name} in node_modules`);
  }
  throw failure(reference, `${wanted.name} ${wanted.version} is needed, but ${tried.join('; ')}`);
}

function failure({ url, path, part }: ModuleReference, why: string): ModuleLoadError {
  const what = showPath(path, part);
  return new ModuleLoadError(
    `The module ${url} of ${what === '' ? 'a value' : what} cannot be found on this machine: ${why}`,
    fileURLToPath(url),
    what,
  );
}
