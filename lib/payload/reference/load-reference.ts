import { existsSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { asItIs, type Boxed } from '../../base/as-it-is.ts';
import { ModuleLoadError } from '../../base/errors.ts';
import { hashOf } from '../../base/hash.ts';
import { referenceToHere } from '../relocated-paths.ts';
import { builtinAt } from './builtin-modules.ts';
import { intrinsicAt } from './intrinsics.ts';
import { follow, lastFunctionOn, noteOwners, showPath, compiledTextOf } from './members.ts';
import { noteModule } from './module-members.ts';
import { findPackages, packageOf, readSource, resolveImport } from './packages.ts';
import type {
  ImportReference,
  ModuleReference,
  PackageFile,
  Reference,
  VariableReference,
} from './reference.ts';

/**
 * Finds the value of a reference in this process. Its module is loaded if it is not yet; its state then is
 * that of a newly loaded module, whatever its state in the process that made the reference.
 * @throws {ModuleLoadError} if it cannot be loaded, has no such export, or has changed since the reference
 *   was made
 */
export function loadReference(given: Exclude<Reference, VariableReference>): unknown {
  const reference = referenceToHere(given);
  switch (reference.kind) {
    case 'intrinsic':
      return intrinsicAt(reference.path);
    case 'builtin':
      return builtinAt(reference);
    case 'require':
      // The `createRequire` of test runners takes no directories.
      return createRequire(join(directoryOf(reference.parent), '[require]'));
    case 'import':
      return asItIs(loadImport(reference));
    case 'module':
      return asItIs(loadExport(reference));
  }
}

async function loadExport(reference: ModuleReference): Promise<Boxed> {
  const url = locateModule(reference);
  const file = fileURLToPath(url);
  const what = showPath(reference.path, reference.part);
  const { subpath, entry } = reference.package ?? {};
  let exported: unknown;
  try {
    if (subpath !== undefined && entry !== undefined)
      createRequire(url)(join(file.slice(0, file.length - subpath.length), entry));
    exported =
      reference.format === 'commonjs'
        ? (createRequire(url)(file) as unknown)
        : await importFrom(directoryOf(file), url);
  } catch (error) {
    throw cannotLoad(file, what, error);
  }
  noteModule(url, reference.format, exported);
  const found = noteLoaded(follow(exported, reference.path, reference.part));
  if (found === undefined) throw hasNot(file, what, exported);
  checkText(reference, file, exported);
  noteOwners(exported);
  noteOwners(found);
  return { value: found };
}

async function loadImport(reference: ImportReference): Promise<Boxed> {
  const { specifier, parent, imported, by, package: packaged, callable, path = [], part } = reference;
  const own = directoryOf(fileURLToPath(parent));
  const directory = packaged === undefined ? own : directoryWith(packaged, own, reference);
  const isRelative = /^\.{0,2}\//.test(specifier);
  const steps = imported === '*' ? path : [imported, ...path];
  let namespace: unknown;
  try {
    namespace =
      by === 'require'
        ? createRequire(join(directory, '[require]'))(specifier)
        : await importFrom(directory, isRelative ? new URL(specifier, parent).href : specifier);
  } catch (error) {
    throw cannotLoad(specifier, showPath(steps, part), error);
  }
  if (by !== 'require') {
    const loaded = resolveImport(specifier, isRelative ? fileURLToPath(parent) : join(directory, 'x'));
    if (loaded !== undefined) noteModule(pathToFileURL(loaded).href, 'module', namespace);
  }
  // Node names only those exports of a CommonJS module that it recognizes in its text; all are on `default`.
  const found =
    follow(namespace, steps, part) ??
    (by === 'require' ? undefined : follow(namespace, ['default', ...steps], part));
  if (found === undefined || (callable === true && typeof found !== 'function')) {
    throw hasNot(specifier, showPath(steps, part), namespace);
  }
  noteOwners(namespace);
  noteOwners(found);
  noteLoaded(found);
  return { value: found };
}

/** Values that were loaded, in the order in which they were last loaded. */
const recent = new Set<unknown>();
const MAX_RECENT = 200;

/** Values of modules that this process has loaded by reference, the last one first, up to 200. */
export function loadedValues(): unknown[] {
  return [...recent].toReversed();
}

function noteLoaded(value: unknown): unknown {
  recent.delete(value);
  recent.add(value);
  const [oldest] = recent;
  if (recent.size > MAX_RECENT) recent.delete(oldest);
  return value;
}

/**
 * Finds the directory from which an import finds this version of a package: that of the file with the
 * statement, or the current directory if the program has other paths here.
 * @throws {ModuleLoadError} if only other versions are installed
 */
function directoryWith(
  { name, version }: Omit<PackageFile, 'subpath'>,
  own: string,
  { specifier, imported, parent }: ImportReference,
): string {
  const others: string[] = [];
  for (const directory of [own, process.cwd()]) {
    const [found] = findPackages(name, directory);
    if (found?.version === version) return directory;
    if (found !== undefined) others.push(`${found.directory} is of version ${found.version}`);
  }
  if (others.length === 0) return own;
  throw new ModuleLoadError(
    `${name} ${version} was imported by ${parent}, but on this machine ${[...new Set(others)].join(', and ')}`,
    specifier,
    imported,
  );
}

/**
 * @throws {ModuleLoadError} if the function, or the file if there is none, has changed since the reference
 *   was made
 */
function checkText(
  { textHash, path, part, ...reference }: ModuleReference,
  file: string,
  exported: unknown,
): void {
  if (textHash === undefined) return;
  const fn = lastFunctionOn(exported, path, part);
  const hash = fn === undefined ? readSource(file)?.hash : hashOf(compiledTextOf(fn));
  if (hash === textHash) return;
  const what = showPath(path, part);
  throw new ModuleLoadError(
    `The module ${file} has changed since the call was submitted${what === '' ? '' : `: its ${what} is another`}` +
      (file === fileURLToPath(reference.url) ? '' : ` (it was submitted from ${reference.url})`) +
      `. ${PRELOAD_REMEDY}`,
    file,
    what,
  );
}

/** For what the program may have added to a module. */
const PRELOAD_REMEDY =
  'Remedy: if another module, such as a plugin or a locale, adds or replaces it in your program, name that module in `preload`';

function cannotLoad(module: string, exportName: string, error: unknown): ModuleLoadError {
  const message = (error as { message?: unknown } | null)?.message;
  const remedy = /\.[mc]?tsx?$/.test(module)
    ? ". Remedy: name the compiled .js file, or set execArgv: ['--import', 'tsx']"
    : '';
  return new ModuleLoadError(
    `The module ${module} of ${exportName === '' ? 'a value' : exportName} cannot be loaded on this machine: ` +
      `${String(message ?? error)}${remedy}`,
    module,
    exportName,
    { cause: error },
  );
}

function hasNot(module: string, exportName: string, exported: unknown): ModuleLoadError {
  const isObject = (typeof exported === 'object' && exported !== null) || typeof exported === 'function';
  const names = isObject ? Object.keys(exported).join(', ') : '';
  return new ModuleLoadError(
    `The module ${module} exports no ${exportName}; it exports: ${names === '' ? 'nothing' : names}. ${PRELOAD_REMEDY}`,
    module,
    exportName,
  );
}

/**
 * Finds the URL of a module's file on this machine. It is the same if the file exists, as on a shared
 * filesystem; otherwise that of the same file in the same package, looked up from the current directory and
 * from the module's own.
 * @throws {ModuleLoadError} with all places that were tried, and both versions if another version is
 *   installed
 */
function locateModule(reference: ModuleReference): string {
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

/** Imports a module as a file in the directory would, so that packages are found from there. */
async function importFrom(directory: string, specifier: string): Promise<object> {
  let load = importers.get(directory);
  if (load === undefined) {
    load = compileFile(IMPORTER, join(directory, '[import]')) as Importer;
    importers.set(directory, load);
  }
  return load(specifier, specifier.endsWith('.json') ? { with: { type: 'json' } } : undefined);
}

/** Directory of a file, which need not exist; a path that ends with a slash is a directory itself. */
function directoryOf(file: string): string {
  return /[/\\]$/.test(file) ? file : dirname(file);
}

/**
 * Runs a text as a CommonJS module with this file name, so that `require` and `import()` in it resolve from
 * there. In a vm.Script they do so only with an experimental flag.
 * @returns the module's exports
 */
export function compileFile(text: string, filename: string): unknown {
  const module = new Module(filename) as Module & { _compile(text: string, filename: string): void };
  module.filename = filename;
  module.paths = createRequire(join(dirname(filename), 'x')).resolve.paths('package') ?? [];
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  module._compile(text, filename);
  // Node drops the source map of a module that is garbage-collected.
  compiledModules.push(module);
  return module.exports;
}

const compiledModules: Module[] = [];

type Importer = (specifier: string, options?: object) => Promise<object>;

const IMPORTER = 'module.exports = (specifier, options) => import(specifier, options);';
const importers = new Map<string, Importer>();
