import { existsSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { knownShapeOf } from '../analysis/module-shape.ts';
import { nodeModule } from './members.ts';
import { mayReference, pathOf, type ReferencePolicy } from './module-policy.ts';
import { findPackages, packageNameIn } from './packages.ts';
import type { ImportReference } from './reference.ts';

/**
 * Makes the reference to the value that an import statement gives a variable.
 * @param localName name of the variable
 * @param parentUrl file with the statement
 * @param source text of that file as it was loaded
 * @returns undefined if a plain `node` could not execute the statement there
 */
export function importOf(
  localName: string,
  parentUrl: string,
  source: string,
  policy: ReferencePolicy = {},
): ImportReference | undefined {
  const path = pathOf(parentUrl);
  const statement = path === undefined ? undefined : knownShapeOf(source)?.imports.get(localName);
  if (path === undefined || statement === undefined) return undefined;
  const { specifier, imported } = statement;
  const reference: ImportReference = {
    kind: 'import',
    specifier,
    parent: parentUrl.startsWith('file:') ? parentUrl : pathToFileURL(path).href,
    imported,
  };
  if (nodeModule.isBuiltin(specifier)) return reference;
  if (/^(?:\.{0,2}\/|file:)/.test(specifier)) {
    const url = new URL(specifier, reference.parent).href;
    return isLoadable(url, policy) ? reference : undefined;
  }
  const name = packageNameIn(specifier);
  const [found] = name === undefined ? [] : findPackages(name, dirname(path));
  // Any file in the package's directory stands for the one that is imported.
  if (found === undefined || !mayReference(pathToFileURL(`${found.directory}/package.js`).href, policy)) {
    return undefined;
  }
  return { ...reference, package: { name: found.name, version: found.version } };
}

function isLoadable(url: string, policy: ReferencePolicy): boolean {
  const path = fileURLToPath(url);
  return existsSync(path) && (mayReference(url, policy) || extname(path) === '.json');
}
