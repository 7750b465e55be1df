import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import type { AnyFunction, Counterpart, Node } from '../graph.ts';
import { hashOf } from '../../base/hash.ts';
import { constantIdOf, identityOf, isConstant, textOf } from '../identities.ts';
import { type FunctionInside, lookInside, type Scope, type Script, scriptOf } from '../inspect/scopes.ts';
import { isInspectorAvailable } from '../inspect/session.ts';
import { moduleReferenceOf } from '../module-function.ts';
import { referenceToThere, toHere, toThere } from '../relocated-paths.ts';
import { importedModulesOf, importOf } from '../reference/import-of.ts';
import {
  compiledTextOf,
  isNative,
  isPlainData,
  isPlainObject,
  isReferable,
  ownerOfPrototype,
} from '../reference/members.ts';
import { noteExport, noteModule, noteRequired, placesOf } from '../reference/module-members.ts';
import { mayReference, pathOf, type ReferencePolicy } from '../reference/module-policy.ts';
import type { FunctionPlace } from '../reference/modules.ts';
import { lastResortOf, type ReferenceContext, referenceOf } from '../reference/reference-of.ts';
import { packageOf, resolveImport } from '../reference/packages.ts';
import type { ModuleReference, PackageFile, Reference } from '../reference/reference.ts';
import type { GraphOptions } from './capture-options.ts';
import { ModuleVariables } from './module-variables.ts';
import { moduleAt, MOST_PLACES, PackageClasses, withTextHash } from './package-classes.ts';
import { intrinsicOfOtherRealm, noteRealmOf } from './platform.ts';
import {
  isOfProgram,
  type ProgramEffect,
  type ProgramImport,
  ProgramImports,
  shapeOf,
  urlsOf,
} from './program-imports.ts';

/** Finds the references by which values are sent. */
export class References {
  readonly #policy: ReferencePolicy;
  readonly #context: ReferenceContext;
  /** The same, for what is found without the program's imports. */
  readonly #ownContext: ReferenceContext;
  readonly #placesByFunction = new Map<AnyFunction, FunctionPlace | undefined>();
  readonly #insidesByFunction = new Map<AnyFunction, FunctionInside>();
  readonly #imports: ProgramImports;
  /** Variables of modules of packages. */
  readonly variables: ModuleVariables;
  readonly classes: PackageClasses;
  /** Whether plugins have changed functions of packages and prototypes. */
  readonly #extended = new Map<object, boolean>();
  readonly #reasons = new Map<object | symbol, string>();
  /** Objects of packages into which the program has put something: they are sent, although a job has them. */
  readonly #changed = new Set<object | symbol>();
  /** Whether a script is of a package that may be referred to, by URL. */
  readonly #packageUrls: Map<string, boolean>;
  /** Names of exports by their values, for each script of a package. */
  readonly #exportsByScript = new Map<string, ReadonlyMap<unknown, string>>();
  /** The references that there would be if modules of the program were not sent; undefined if they are not. */
  readonly #ofModules: References | undefined;

  constructor(options: GraphOptions) {
    const { byValue = [], byReference = [], sendsModules = false } = options;
    this.#policy = { byValue, byReference, sendsModules };
    this.#ofModules = sendsModules ? new References({ ...options, sendsModules: false }) : undefined;
    this.#packageUrls = byValue.length + byReference.length === 0 ? usualPackageUrls : new Map();
    this.#imports = new ProgramImports(this.#policy, (url) => this.isOfPackage(url));
    const place = (fn: AnyFunction): FunctionPlace | undefined => this.#placeOf(fn);
    const isExtended = (value: object): boolean => this.#isExtended(value);
    const imported = (value: object | symbol): Reference | undefined => this.#importedAs(value);
    const exported = (fn: AnyFunction): Reference | undefined => this.#exportOf(fn);
    const exports = { policy: this.#policy, place, imported, exported };
    this.variables = new ModuleVariables(
      byValue.length + byReference.length === 0 && !sendsModules,
      (url) => this.isOfPackage(url),
      (fn) => referenceOf(fn, exports) ?? this.classes.placeOf(fn),
    );
    const held = (fn: AnyFunction): Reference | undefined => this.#exportOf(fn) ?? this.#variableOf(fn);
    this.classes = new PackageClasses({
      policy: this.#policy,
      isOfPackage: (url) => this.isOfPackage(url),
      // It reads the place of a function that was not captured.
      inside: (fn) => (this.#placeOf(fn) === undefined ? undefined : this.#insidesByFunction.get(fn)),
      reference: (fn) => referenceOf(fn, { ...exports, exported: held }),
    });
    this.#ownContext = { policy: this.#policy, place, isExtended, exported: held };
    this.#context = { ...this.#ownContext, imported };
  }

  /**
   * The reference by which a job gets a value itself; undefined if the value must be sent. Call
   * {@link notePlace} before for a function that is not native.
   */
  of(value: object | symbol): Reference | undefined {
    if (typeof value === 'function') {
      const reference = moduleReferenceOf(value as AnyFunction);
      if (reference !== undefined) return referenceToThere(reference);
    }
    if (typeof value !== 'symbol' && !types.isProxy(value)) noteRealmOf(value);
    if (this.#changed.has(value)) return undefined;
    const reference = referenceOf(value, this.#context) ?? intrinsicOfOtherRealm(value);
    const isOfModule = /^(?:module|import|variable)$/.test(reference?.kind ?? '');
    if (isOfModule && typeof value !== 'symbol' && this.#isExtended(value)) return undefined;
    // Plain data that a module of the program exports is sent with its current values.
    return reference?.kind === 'module' && reference.package === undefined && isPlainData(value)
      ? undefined
      : referenceToThere(reference);
  }

  /** A reference for a value that cannot be sent, although the job's module may create a different one. */
  lastResortOf(value: object | symbol): Reference | undefined {
    if (typeof value === 'symbol') return undefined;
    const found = lastResortOf(value, this.#context);
    if (found !== undefined) return referenceToThere(found);
    const place = placesOf(value).find(({ url }) => mayReference(url, this.#policy));
    if (place !== undefined) return referenceToThere(withTextHash(moduleAt(place)));
    // Where modules of the program are sent, what they cannot send is still the job's own.
    return this.#ofModules?.lastResortOf(value);
  }

  /** Where a module of the program exports a class, if such modules are sent. */
  moduleOf(type: object): ModuleReference | undefined {
    const reference = this.#ofModules?.of(type);
    return reference?.kind === 'module' && reference.package === undefined ? reference : undefined;
  }

  /** The import statement that created a variable of a module, if a job can repeat it. */
  ofImport(name: string, script: Script | undefined): Reference | undefined {
    if (script === undefined) return undefined;
    return referenceToThere(importOf(name, script.url, script.source(), this.#policy));
  }

  /**
   * The reference to what a module of the program imports from a package, whatever the value is made of. It
   * is sent instead where the job would find another: data, what the program has changed or put in the place
   * of the package's, and exports that are assigned to. A function that a package's module exports itself has
   * a reference, too.
   */
  ofPackage(
    value: object | symbol,
    name: string,
    scope: Scope,
    script: Script | undefined,
  ): Reference | undefined {
    if (script === undefined) return undefined;
    if (isOfProgram(script.url)) {
      const found = this.#imports.ofVariable(value, name, scope, script);
      return referenceToThere(this.#unlessChanged(value, found));
    }
    // Other values of a package's module go with the closures that use them.
    if (typeof value !== 'function' || scope.type !== 'module' || !this.isOfPackage(script.url))
      return undefined;
    return referenceToThere(this.#exportIn(value as AnyFunction, script, scope.variables));
  }

  /** Whether a variable holds a copy of a module, of which only the members that are used are sent. */
  isModuleCopy(value: object, name: string, script: Script | undefined): boolean {
    return script !== undefined && isOfProgram(script.url) && this.#imports.isCopy(value, name, script);
  }

  /** Whether Node or an addon implements a class, so that its objects have state besides their properties. */
  isForeign(type: AnyFunction): boolean {
    return isNative(type) || this.#placeOf(type)?.url.startsWith('node:') === true;
  }

  notePlace(fn: object, inside: FunctionInside, script: Script | undefined): void {
    const { line, column } = inside;
    const place =
      script === undefined
        ? undefined
        : { url: script.url, line, column, text: textOf(fn), loadedSource: () => script.source() };
    this.#placesByFunction.set(fn as AnyFunction, place);
    this.#insidesByFunction.set(fn as AnyFunction, inside);
    if (script === undefined || !isOfProgram(script.url)) return;
    this.#imports.note(inside, script);
    noteMembers(inside, script);
  }

  /** Names those objects and symbols in their nodes that the reader may have itself. */
  addCounterparts(values: readonly (object | symbol)[], nodes: readonly Node[]): void {
    for (const [index, node] of nodes.entries()) {
      if (node.kind === 'function' || node.kind === 'class')
        this.classes.addPlaces(values[index] as AnyFunction, node);
      if (!HAVE_COUNTERPARTS.has(node.kind)) continue;
      const counterpart = this.#counterpartOf(values[index] as object | symbol);
      if (counterpart !== undefined) Object.assign(node, { counterpart });
    }
  }

  /**
   * The name of a member of a module that a job may load, or of an object that both sides have since it was
   * sent.
   */
  #counterpartOf(value: object | symbol): Counterpart | undefined {
    const found = typeof value === 'function' ? [] : placesOf(value);
    // A module that is sent is also here on both sides, where it was loaded by itself.
    const { policy } = (this.#ofModules ?? this).#context;
    const places = found.filter(({ url }) => mayReference(url, policy)).slice(0, MOST_PLACES);
    if (places.length === 0 && (typeof value === 'symbol' || !isConstant(value))) return undefined;
    const id = typeof value === 'symbol' ? identityOf(value) : constantIdOf(value);
    return { id, places: places.map((place) => referenceToThere(moduleAt(place))) };
  }

  /** The modules of the program that a graph's references load, beyond those that they name. */
  modulesWith(nodes: readonly Node[]): ModuleReference[] {
    const urls = new Set<string>();
    for (const node of nodes) {
      if (node.kind !== 'reference' || node.reference.kind !== 'module') continue;
      const { url, format, package: packaged } = node.reference;
      if (format === 'module' && packaged === undefined) urls.add(url);
    }
    const named = urls.size;
    // Iterating over a set includes elements that are added meanwhile.
    for (const url of urls) {
      for (const next of importedModulesOf(toHere(url)))
        if (urls.size < named + MOST_MODULES && mayReference(next, this.#policy)) urls.add(toThere(next));
    }
    return [...urls].slice(named).map((url) => ({ kind: 'module', url, format: 'module', path: [] }));
  }

  #placeOf(fn: AnyFunction): FunctionPlace | undefined {
    if (!this.#placesByFunction.has(fn)) {
      const [inside] = isNative(fn) || !isInspectorAvailable() ? [] : lookInside([fn]);
      const script = inside?.scriptId === undefined ? undefined : scriptOf(inside.scriptId);
      if (inside === undefined) this.#placesByFunction.set(fn, undefined);
      else this.notePlace(fn, inside, script);
    }
    return this.#placesByFunction.get(fn);
  }

  #importedAs(value: object | symbol): Reference | undefined {
    return this.#unlessChanged(value, this.#imports.of(value));
  }

  #unlessChanged(value: object | symbol, found: ProgramImport | undefined): Reference | undefined {
    if (found === undefined) return undefined;
    const { reference, isChanged, script, line } = found;
    const file = basename(script.url);
    // Lines of compiled text are not those of its author.
    const place = script.sourceMapUrl === '' ? `${file}:${line}` : file;
    if (typeof value !== 'symbol' && this.#isExtended(value)) {
      this.#reasons.set(
        value,
        `because a module that ${file} imports besides has put functions into it; or use preload`,
      );
      return undefined;
    }
    if (isChanged && isPlainObject(value)) this.#changed.add(value);
    if (this.#changed.has(value) || (isChanged && referenceOf(value, this.#ownContext) === undefined)) {
      this.#reasons.set(value, `because the program changes it, which ${file} imports at ${place}`);
      return undefined;
    }
    this.#reasons.set(value, place);
    return reference;
  }

  /** Whether a plugin has put functions into a function of a package, or into its prototype. */
  #isExtended(value: object): boolean {
    let found = this.#extended.get(value);
    if (found === undefined) {
      found = this.#findWhetherExtended(value);
      this.#extended.set(value, found);
    }
    return found;
  }

  #findWhetherExtended(value: object): boolean {
    const owner = typeof value === 'function' ? value : ownerOfPrototype(value);
    if (owner === undefined || isNative(owner as AnyFunction)) return false;
    // Looking into a function with hundreds of members takes milliseconds.
    const [url] = urlsOf([owner as AnyFunction]);
    const file = url === undefined ? undefined : pathOf(url);
    if (file === undefined) return false;
    return this.#imports.isExtended(value, file) || this.classes.mayGrow(owner as AnyFunction);
  }

  /** The reason why a value goes by value although the program imports it, or the place where it does. */
  reasonOf(value: object | symbol): string | undefined {
    return this.#reasons.get(value);
  }

  /** Modules that the program imports only for what they do, in files with captured functions. */
  get effects(): readonly ProgramEffect[] {
    return this.#imports.effects;
  }

  /** The export of an ES module of a package whose value a function is, although no text says so. */
  #exportOf(fn: AnyFunction): ModuleReference | undefined {
    const place = this.#placeOf(fn);
    const { scopes = [], scriptId } = this.#insidesByFunction.get(fn) ?? {};
    const variables = scopes.find(({ type }) => type === 'module')?.variables;
    if (place === undefined || scriptId === undefined || variables === undefined) return undefined;
    const script = this.isOfPackage(place.url) ? scriptOf(scriptId) : undefined;
    return script && this.#exportIn(fn, script, variables);
  }

  /** The variable of a package's module that holds a function or class which the module does not export. */
  #variableOf(fn: AnyFunction): Reference | undefined {
    // It reads the place of a function that was not captured.
    const inside = this.#placeOf(fn) === undefined ? undefined : this.#insidesByFunction.get(fn);
    return inside && this.variables.ofFunction(fn, inside);
  }

  #exportIn(fn: AnyFunction, script: Script, variables: Scope['variables']): ModuleReference | undefined {
    let names = this.#exportsByScript.get(script.scriptId);
    if (names === undefined) {
      names = exportsIn(variables, shapeOf(script));
      this.#exportsByScript.set(script.scriptId, names);
    }
    const name = names.get(fn);
    if (name === undefined) return undefined;
    const file = pathOf(script.url) as string;
    return {
      kind: 'module',
      url: pathToFileURL(file).href,
      format: 'module',
      path: [name],
      package: packageOf(file) as PackageFile,
      textHash: hashOf(compiledTextOf(fn)),
    };
  }

  /** Whether a script is of a package that goes by reference. */
  isOfPackage(url: string): boolean {
    let found = this.#packageUrls.get(url);
    if (found === undefined) {
      const path = pathOf(url);
      found = path !== undefined && packageOf(path) !== undefined && mayReference(url, this.#policy);
      this.#packageUrls.set(url, found);
    }
    return found;
  }
}

const HAVE_COUNTERPARTS: ReadonlySet<string> = new Set(
  'data symbol object array map set date regexp error function'.split(' '),
);
/** Number of modules whose texts are read for what they import. */
const MOST_MODULES = 32;

/** Notes what a module of the program exports, and what it imports. */
function noteMembers({ scopes }: FunctionInside, script: Script): void {
  noteRequired();
  const variables = scopes.find(({ type }) => type === 'module')?.variables;
  if (variables === undefined || scriptsWithMembers.has(script.scriptId)) return;
  const shape = shapeOf(script);
  const path = pathOf(script.url) as string;
  let isComplete = true;
  for (const [name, origin] of shape?.origins ?? []) {
    if (origin.specifier !== undefined || origin.local === undefined) continue;
    const value = variables[origin.local];
    // It may not have a value yet.
    if (value === undefined) isComplete = false;
    noteExport(pathToFileURL(path).href, name, value);
  }
  for (const [local, { specifier, imported }] of shape?.imports ?? []) {
    const value = variables[local];
    const file = isReferable(value) ? resolveImport(specifier, path) : undefined;
    if (file === undefined) continue;
    const { href } = pathToFileURL(file);
    if (types.isModuleNamespaceObject(value)) noteModule(href, 'module', value);
    else noteExport(href, imported, value);
  }
  if (isComplete) scriptsWithMembers.add(script.scriptId);
}

const scriptsWithMembers = new Set<string>();

/** The names under which an ES module exports what its variables hold now, if they never change. */
function exportsIn(variables: Scope['variables'], shape: ReturnType<typeof shapeOf>): Map<unknown, string> {
  const names = new Map<unknown, string>();
  for (const [name, origin] of shape?.origins ?? []) {
    if (origin.specifier !== undefined || origin.local === undefined || origin.changes) continue;
    const value = variables[origin.local];
    if (!names.has(value)) names.set(value, name);
  }
  return names;
}

/** For captures without a policy of their own. */
const usualPackageUrls = new Map<string, boolean>();
