import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { knownShapeOf } from '../analysis/module-shape.ts';
import {
  knownUsesOf,
  type ModuleBinding,
  type ModuleEffect,
  type ModuleUses,
} from '../analysis/module-uses.ts';
import type { AnyFunction } from '../graph.ts';
import {
  type FunctionInside,
  lookInside,
  type Scope,
  type Script,
  scriptOf,
  scriptsWhere,
} from '../inspect/scopes.ts';
import { isInspectorAvailable } from '../inspect/session.ts';
import { isPlain } from '../plain-data.ts';
import { fileOfImport, importBy, isSettled } from '../reference/import-of.ts';
import { follow, isReferable, noteOwners, propertyOf, requiredExports } from '../reference/members.ts';
import { pathOf, type ReferencePolicy } from '../reference/module-policy.ts';
import { exportedValue } from '../reference/modules.ts';
import { packageNameIn, packageOf, readSource } from '../reference/packages.ts';
import type { ImportReference } from '../reference/reference.ts';

/** Modules of the program may export again what others do, but hardly through more of them. */
const MOST_MODULES = 20;

/** Files of a package that are searched for what a module loads. */
const MOST_FILES = 500;

/** Imports from packages by the modules of the program, by `import`, `import()` or `require`. */
export class ProgramImports {
  readonly #policy: ReferencePolicy;
  /** Whether a script is of a package that may be referred to, by URL. */
  readonly #isOfPackage: (url: string) => boolean;
  readonly #imports = new Map<object | symbol, Import>();
  readonly #notedScripts = new Set<string>();
  readonly effects: ProgramEffect[] = [];
  readonly #namedFiles = new Map<string, ReadonlySet<string>>();
  #ownScripts: ReadonlyMap<string, Script> | undefined;

  constructor(policy: ReferencePolicy, isOfPackage: (url: string) => boolean) {
    this.#policy = policy;
    this.#isOfPackage = isOfPackage;
  }

  /** Notes what a module of the program imports, because it may also be reached by other ways. */
  note({ scopes }: FunctionInside, script: Script): void {
    const scope =
      scopes.find(({ type }) => type === 'module') ?? scopes.findLast(({ type }) => type === 'closure');
    if (scope === undefined || this.#notedScripts.has(script.scriptId)) return;
    this.#notedScripts.add(script.scriptId);
    for (const effect of usesOf(script)?.effects ?? []) this.effects.push({ ...effect, url: script.url });
    for (const [name, binding] of usesOf(script)?.bindings ?? []) {
      const value = scope.variables[name];
      noteOwners(value);
      if (!isReferable(value) || !isSure(binding, scope)) continue;
      this.#add(value, { name, binding, script });
      if (typeof value === 'symbol' || !types.isModuleNamespaceObject(value)) continue;
      if (isPackageName(binding.specifier)) continue;
      // What a module of the program exports, which may be what it imports.
      for (const key of Object.keys(Object.getOwnPropertyDescriptors(value))) {
        const member: unknown = propertyOf(value, key)?.value;
        if (isReferable(member)) this.#add(member, { name, binding: { ...binding, imported: key }, script });
      }
    }
  }

  #add(value: object | symbol, found: Import): void {
    if (!this.#imports.has(value)) this.#imports.set(value, found);
  }

  /** The import by which a module of the program has what was reached by another way. */
  of(value: object | symbol): ProgramImport | undefined {
    const found = this.#imports.get(value);
    return found && this.#packageImport(value, found);
  }

  /**
   * The import that gave a variable its value; undefined if it is not from a package, or a job would find
   * another value: data, what the program has put in the place of the package's, and exports that are assigned
   * to.
   */
  ofVariable(value: object | symbol, name: string, scope: Scope, script: Script): ProgramImport | undefined {
    const binding = usesOf(script)?.bindings.get(name);
    if (binding === undefined || !isSure(binding, scope)) return undefined;
    return this.#packageImport(value, { name, binding, script });
  }

  /**
   * Whether a variable holds the copy that a compiler makes of a CommonJS module, of which a function needs only
   * the members that it names: `__importStar(require('x'))`.
   */
  isCopy(value: object, name: string, script: Script): boolean {
    const binding = usesOf(script)?.bindings.get(name);
    if (binding?.isWrapped !== true || !isPackageName(binding.specifier)) return false;
    const file = fileOfImport({ specifier: binding.specifier, parent: script.url, by: 'require' });
    const exported = file === undefined ? undefined : requiredExports(file);
    return isReferable(exported) && propertyOf(value, 'default')?.value === exported;
  }

  /**
   * Whether a module that the program imports itself, such as a plugin, has put functions into a function of a
   * package or its prototype: then what defines it does not load all of it.
   * @param definedIn file that defines it
   */
  isExtended(value: object, definedIn: string): boolean {
    const own = packageOf(definedIn);
    if (own === undefined) return false;
    const files = urlsOf(functionsOn(value)).flatMap((url) => (url === undefined ? [] : (fileOf(url) ?? [])));
    return [...new Set(files)].some((file) => {
      if (file === definedIn || packageOf(file)?.name !== own.name) return false;
      if (!this.#filesOfProgram(own.name).has(file)) return false;
      // An entry of the package, through which the program has loaded what defines it.
      return (
        !reaches(file, definedIn) &&
        ![definedIn, ...filesOf(own.name, definedIn)].some((entry) => reaches(entry, file))
      );
    });
  }

  /** Files of a package that modules of the program name. */
  #filesOfProgram(name: string): ReadonlySet<string> {
    let files = this.#namedFiles.get(name);
    if (files === undefined) {
      files = new Set(scriptsWhere(isOfProgram).flatMap((script) => filesNamedIn(script, name)));
      this.#namedFiles.set(name, files);
    }
    return files;
  }

  #packageImport(value: object | symbol, { name, binding, script }: Import): ProgramImport | undefined {
    const origin = this.#packageOrigin(value, binding, script.url);
    const reference = origin && importBy(origin, origin.parent, this.#policy);
    if (reference?.package === undefined || isPlain(value, 'each element')) return undefined;
    if (!isSettled(reference, this.#policy) || !isLoaded(value, reference, binding)) return undefined;
    // A package defines it, rather than the program, which may have put it there.
    if (typeof value === 'function' && !this.#areOfPackage([value as AnyFunction])) return undefined;
    const isChanged =
      typeof value !== 'symbol' &&
      (usesOf(script)?.changed.has(name) === true || !this.#areOfPackage(functionsOn(value)));
    return { reference, isChanged, script, line: binding.line };
  }

  /** The package that a value is from, also through modules of the program that export it again. */
  #packageOrigin(value: object | symbol, origin: Origin, url: string, depth = 0): PackageOrigin | undefined {
    const { specifier, by } = origin;
    if (isPackageName(specifier)) return { ...origin, parent: url };
    const script = depth < MOST_MODULES ? this.#ownScript(specifier, url) : undefined;
    if (script === undefined) return undefined;
    const next = originsIn(script, origin);
    // Of CommonJS, no text says which export is what it requires.
    if (by === 'require' || next === undefined) return this.#requiredOrigin(value, script, depth);
    return firstOf(next, (each) => this.#packageOrigin(value, each, script.url, depth + 1));
  }

  /** The package from which a CommonJS module of the program requires what it exports. */
  #requiredOrigin(value: object | symbol, script: Script, depth: number): PackageOrigin | undefined {
    return firstOf(usesOf(script)?.specifiers ?? [], (specifier) => {
      const origin = { by: 'require', specifier, imported: '*', path: [] } as const;
      if (!isPackageName(specifier)) return this.#packageOrigin(value, origin, script.url, depth + 1);
      const file = fileOfImport({ specifier, parent: script.url, by: 'require' });
      const path = file === undefined ? undefined : pathTo(value, requiredExports(file));
      return path && { ...origin, path, parent: script.url };
    });
  }

  /** The script of a module of the program, which may have been TypeScript. */
  #ownScript(specifier: string, parent: string): Script | undefined {
    const from = fileOf(parent);
    if (from === undefined) return undefined;
    const file = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dirname(from), specifier);
    const extensions = ['.js', '.ts', '.cjs', '.tsx', '.mts'];
    const others = extensions.flatMap((extension) => [file + extension, `${file}/index${extension}`]);
    this.#ownScripts ??= new Map(
      scriptsWhere(isOfProgram).map((script) => [fileOf(script.url) as string, script]),
    );
    const found = [file, file.replace(/\.([mc]?)js$/, '.$1ts'), ...others].find((candidate) =>
      this.#ownScripts?.has(candidate),
    );
    return found === undefined ? undefined : this.#ownScripts.get(found);
  }

  #areOfPackage(fns: readonly AnyFunction[]): boolean {
    return urlsOf(fns).every((url) => url === undefined || url.startsWith('node:') || this.#isOfPackage(url));
  }
}

/** One import of the program from a package. */
export interface ProgramImport {
  readonly reference: ImportReference;
  /** Whether the program has changed it by name, or put functions of its own into it. */
  readonly isChanged: boolean;
  readonly script: Script;
  /** 1-based line of the statement. */
  readonly line: number;
}

/** A module that the program imports only for what it does. */
export interface ProgramEffect extends ModuleEffect {
  /** The file of the program. */
  readonly url: string;
}

/** A variable that a module of the program imports. */
interface Import {
  readonly name: string;
  readonly binding: ModuleBinding;
  readonly script: Script;
}

type Origin = Pick<ModuleBinding, 'by' | 'specifier' | 'imported' | 'path'>;
type PackageOrigin = Origin & { readonly parent: string };

/** Whether the text of a script belongs to the program rather than to a package. */
export function isOfProgram(url: string): boolean {
  let found = programUrls.get(url);
  if (found === undefined) {
    const path = fileOf(url);
    found = path !== undefined && packageOf(path) === undefined;
    programUrls.set(url, found);
  }
  return found;
}

const programUrls = new Map<string, boolean>();

function filesNamedIn(script: Script, name: string): readonly string[] {
  const key = `${script.scriptId} ${name}`;
  let files = filesByScript.get(key);
  if (files === undefined) {
    // Asking the engine for many texts takes long.
    const text = readSource(fileOf(script.url) as string)?.text ?? '';
    const uses = !text.includes(name) ? undefined : (knownUsesOf(text) ?? usesOf(script));
    const specifiers = [...(uses?.specifiers ?? [])].filter((each) => packageNameIn(each) === name);
    files = specifiers.flatMap((specifier) => filesOf(specifier, script.url));
    filesByScript.set(key, files);
  }
  return files;
}

const filesByScript = new Map<string, readonly string[]>();

/** The files that `import` and `require` load. */
function filesOf(specifier: string, parent: string): string[] {
  const byImport = fileOfImport({ specifier, parent });
  const byRequire = fileOfImport({ specifier, parent, by: 'require' });
  return [byImport, byRequire].filter((file) => file !== undefined);
}

/** Loaders append queries. */
function fileOf(url: string): string | undefined {
  return pathOf(url.startsWith('file:') ? url.replace(/\?.*/, '') : url);
}

function isPackageName(specifier: string): boolean {
  return !/^(?:[./#]|file:)/.test(specifier);
}

/** Whether a module is another or loads it, possibly by way of more, as far as their texts tell. */
function reaches(from: string, file: string): boolean {
  if (from === file) return true;
  const seen = new Set([from]);
  for (const each of seen) {
    const specifiers = knownUsesOf(readSource(each)?.text ?? '')?.specifiers ?? [];
    for (const next of [...specifiers].flatMap((specifier) => filesOf(specifier, each))) {
      if (next === file) return true;
      if (seen.size < MOST_FILES) seen.add(next);
    }
  }
  return false;
}

/** Whether a binding is that of a variable in this scope, rather than of another with the same name. */
function isSure({ by, isCertain }: ModuleBinding, { type }: Scope): boolean {
  return isCertain || (by === 'import' && type === 'module');
}

/**
 * Where an ES module of the program may have an export from, if from another module; undefined if it exports
 * nothing by `export`.
 */
function originsIn(script: Script, { imported, path }: Origin): Origin[] | undefined {
  const shape = shapeOf(script);
  if (shape === undefined || shape.origins.size + shape.stars.length === 0) return undefined;
  if (imported === '*') return [];
  const origin = shape.origins.get(imported);
  if (origin?.specifier !== undefined) return [{ ...origin, by: 'import', path }];
  if (origin !== undefined) {
    const binding = origin.local === undefined ? undefined : usesOf(script)?.bindings.get(origin.local);
    return binding?.isCertain === true ? [{ ...binding, path: [...binding.path, ...path] }] : [];
  }
  return shape.stars
    .filter((specifier) => {
      if (!isPackageName(specifier)) return true;
      const file = fileOfImport({ specifier, parent: script.url });
      const loaded = file === undefined ? undefined : requiredExports(file);
      return isReferable(loaded) && typeof loaded !== 'symbol' ? imported in loaded : file !== undefined;
    })
    .map((specifier) => ({ by: 'import', specifier, imported, path }));
}

/** Whether a value is what `require` returned, as far as the module can be found. */
function isLoaded(value: object | symbol, reference: ImportReference, { isWrapped }: ModuleBinding): boolean {
  if (reference.by !== 'require') return true;
  const file = fileOfImport(reference);
  const loaded = file === undefined ? undefined : requiredExports(file);
  return loaded === undefined ? !isWrapped : follow(loaded, reference.path ?? []) === value;
}

/** The way to a value from what `require` returned: it is that, or a property of it. */
function pathTo(value: object | symbol, exported: unknown): string[] | undefined {
  if (exported === value) return [];
  if (!isReferable(exported) || typeof exported === 'symbol' || types.isProxy(exported)) return undefined;
  const found = Object.keys(exported).find((key) => {
    const property = propertyOf(exported, key);
    return property !== undefined && exportedValue(property) === value;
  });
  return found === undefined ? undefined : [found];
}

function firstOf<T, R>(list: Iterable<T>, find: (each: T) => R | undefined): R | undefined {
  for (const each of list) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns the URLs of the scripts of functions; asks for those of many at once, and once in a process. */
export function urlsOf(fns: readonly AnyFunction[]): (string | undefined)[] {
  const unknown = isInspectorAvailable() ? fns.filter((fn) => !urls.has(fn)) : [];
  lookInside(unknown).forEach(({ scriptId }, at) => {
    urls.set(unknown[at] as AnyFunction, scriptId === undefined ? undefined : scriptOf(scriptId)?.url);
  });
  return fns.map((fn) => urls.get(fn));
}

const urls = new WeakMap<AnyFunction, string | undefined>();

/** The exports of an ES module; undefined if its source does not parse as one. */
export function shapeOf(script: Script): ReturnType<typeof knownShapeOf> {
  const { scriptId } = script;
  if (!shapesByScript.has(scriptId)) shapesByScript.set(scriptId, knownShapeOf(script.source()));
  return shapesByScript.get(scriptId);
}

const shapesByScript = new Map<string, ReturnType<typeof knownShapeOf>>();

/** The names in a script, and how it uses them. */
export function usesOf(script: Script): ModuleUses | undefined {
  const { scriptId } = script;
  if (!usesByScript.has(scriptId)) usesByScript.set(scriptId, knownUsesOf(script.source()));
  return usesByScript.get(scriptId);
}

const usesByScript = new Map<string, ModuleUses | undefined>();

/** The functions that are own properties of a value or of its prototype property. */
export function functionsOn(value: object): AnyFunction[] {
  if (types.isProxy(value)) return [];
  const prototype: unknown = typeof value === 'function' ? propertyOf(value, 'prototype')?.value : undefined;
  return [value, prototype].flatMap((holder) => {
    if (typeof holder !== 'object' && typeof holder !== 'function') return [];
    if (holder === null || types.isProxy(holder)) return [];
    return Reflect.ownKeys(holder).flatMap((key) => {
      const found: unknown = propertyOf(holder, key)?.value;
      return typeof found === 'function' ? [found as AnyFunction] : [];
    });
  });
}
