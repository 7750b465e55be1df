import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { knownShapeOf } from '../analysis/module-shape.ts';
import { nodeModule, requireCache, requiredExports } from './members.ts';
import { mayReference, pathOf, type ReferencePolicy } from './module-policy.ts';
import {
  findPackages,
  packageNameIn,
  packageOf,
  readSource,
  resolveImport,
  type SourceFile,
} from './packages.ts';
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
  const statement =
    pathOf(parentUrl) === undefined ? undefined : knownShapeOf(source)?.imports.get(localName);
  return statement && importBy(statement, parentUrl, policy);
}

interface Statement extends Pick<ImportReference, 'specifier' | 'imported'> {
  readonly by?: 'import' | 'require' | 'import()';
  readonly path?: readonly string[];
}

/** Does the same as {@link importOf} for a statement that is known, or a call of `import()` or `require`. */
export function importBy(
  { specifier, imported, path = [], by }: Statement,
  parentUrl: string,
  policy: ReferencePolicy = {},
): ImportReference | undefined {
  const file = pathOf(parentUrl);
  if (file === undefined) return undefined;
  const reference: ImportReference = {
    kind: 'import',
    specifier,
    parent: parentUrl.startsWith('file:') ? parentUrl : pathToFileURL(file).href,
    imported,
    ...(path.length === 0 ? {} : { path }),
    ...(by === 'require' ? { by } : {}),
  };
  if (nodeModule.isBuiltin(specifier)) return reference;
  if (/^(?:\.{0,2}\/|file:)/.test(specifier)) {
    const url = new URL(specifier, reference.parent).href;
    return isLoadable(url, policy) ? reference : undefined;
  }
  const name = packageNameIn(specifier);
  const [found] = name === undefined ? [] : findPackages(name, dirname(file));
  // Any file in the package's directory stands for the one that is imported.
  if (found === undefined || !mayReference(pathToFileURL(`${found.directory}/package.js`).href, policy)) {
    return undefined;
  }
  return { ...reference, package: { name: found.name, version: found.version } };
}

/**
 * Whether an import from a package has the same value in each process that makes it: it is found in an
 * installed package, by a plain `node`, and no module assigns to it after its declaration.
 */
export function isSettled(reference: ImportReference, policy: ReferencePolicy = {}): boolean {
  const file = fileOfImport(reference);
  if (file === undefined || packageOf(file) === undefined) return false;
  if (!mayReference(pathToFileURL(file).href, policy)) return false;
  return reference.imported === '*' || originIsFixed(file, reference.imported) === true;
}

/** Finds the file that an import loads; undefined if it is not found by a plain `node`. */
export function fileOfImport({
  specifier,
  parent,
  by,
}: Pick<ImportReference, 'specifier' | 'parent' | 'by'>): string | undefined {
  const from = pathOf(parent);
  if (from === undefined) return undefined;
  if (by !== 'require') return resolveImport(specifier, from);
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}

/** @returns undefined if the file does not export the name, as far as can be seen */
function originIsFixed(file: string, name: string): boolean | undefined {
  const key = `${name} of ${file}`;
  if (!fixedOrigins.has(key)) {
    // For modules that export from each other.
    fixedOrigins.set(key, undefined);
    fixedOrigins.set(key, findWhetherFixed(file, name));
  }
  return fixedOrigins.get(key);
}

const fixedOrigins = new Map<string, boolean | undefined>();

function findWhetherFixed(file: string, name: string): boolean | undefined {
  // The names that Node gives the exports of a CommonJS module have the values at the end of its loading.
  const isRequired = requireCache()[file] !== undefined;
  if (extname(file) === '.cjs' || (isRequired && !types.isModuleNamespaceObject(requiredExports(file))))
    return true;
  const source = readSource(file);
  const shape = source && knownShapeOf(source.text);
  if (shape === undefined) return undefined;
  const { origins, stars, imports } = shape;
  if (origins.size + stars.length + imports.size === 0) return true;
  const origin = origins.get(name);
  const from = (specifier: string, imported: string): boolean | undefined => {
    if (imported === '*' || nodeModule.isBuiltin(specifier)) return true;
    const next = resolveImport(specifier, file);
    return next === undefined ? undefined : originIsFixed(next, imported);
  };
  if (origin === undefined)
    return stars.map((specifier) => from(specifier, name)).find((fixed) => fixed !== undefined);
  return origin.specifier === undefined ? !origin.changes : from(origin.specifier, origin.imported);
}

function isLoadable(url: string, policy: ReferencePolicy): boolean {
  const path = fileURLToPath(url);
  return existsSync(path) && (mayReference(url, policy) || extname(path) === '.json');
}

/** URLs of the modules of the program that a module imports. */
export function importedModulesOf(url: string): readonly string[] {
  const path = pathOf(url);
  const source = path === undefined ? undefined : readSource(path);
  if (path === undefined || source === undefined) return [];
  let found = importedModules.get(source);
  if (found === undefined) {
    const { imports, origins, stars } = knownShapeOf(source.text) ?? {};
    const named = [...(imports?.values() ?? []), ...(origins?.values() ?? [])];
    const specifiers = new Set([...named.map(({ specifier }) => specifier), ...(stars ?? [])]);
    found = [...specifiers].flatMap((specifier) => {
      const file =
        specifier?.startsWith('.') === true && !specifier.endsWith('.json')
          ? resolveImport(specifier, path)
          : undefined;
      return file === undefined ? [] : [pathToFileURL(file).href];
    });
    importedModules.set(source, found);
  }
  return found;
}

const importedModules = new WeakMap<SourceFile, readonly string[]>();
