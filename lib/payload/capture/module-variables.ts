import { types } from 'node:util';
import { hashOf } from '../../base/hash.ts';
import { setVariableFinder } from '../load/load-references.ts';
import { type FunctionInside, lookInside, type Script, scriptIdsOf, scriptOf } from '../inspect/scopes.ts';
import {
  compiledTextOf,
  isClassLike,
  isFunction,
  isNative,
  isReferable,
  mainGlobal,
  ownerOfPrototype,
  prototypeOf,
  type Referable,
  type SomeFunction,
  stepOf,
  valueOf,
} from '../reference/members.ts';
import { pathOf } from '../reference/module-policy.ts';
import { packageOf } from '../reference/packages.ts';
import {
  type Collection,
  findVariable,
  isCollection,
  typeNameOf,
  variablesSeenIn,
} from '../reference/module-variable.ts';
import type { Part, Reference, Step, VariableReference } from '../reference/reference.ts';
import { exportedByPackage, MAX_WITNESSES, type Witness, witnessesOf } from './exported-functions.ts';
import { usesOf } from './program-imports.ts';

setVariableFinder(findVariable);

/** Larger tables hold data rather than what identifies it. */
const MAX_KEYS = 500;
/** Modules that are followed from one function by the functions that they import. */
const MAX_MODULES = 300;

/** Functions and scripts whose variables were read for a capture. */
export interface Known {
  readonly functions: Set<SomeFunction>;
  readonly scriptIds: Set<string>;
}

interface VariablePlace {
  readonly name: string;
  readonly path: readonly Step[];
  readonly part: Part;
}

/** The results of former searches, which never change: a module assigns to none of the variables. */
interface Found {
  readonly functions: WeakMap<SomeFunction, Reference | 'none'>;
  readonly exports: WeakMap<SomeFunction, Witness['reference'] | 'none'>;
}

/** For captures without a policy of their own. */
const usuallyFound: Found = { functions: new WeakMap(), exports: new WeakMap() };

/**
 * Finds what modules of packages have in variables and do not export. A job finds such a variable by an exported
 * function that sees it.
 */
export class ModuleVariables {
  readonly #isOfPackage: (url: string) => boolean;
  readonly #exportOf: (fn: SomeFunction) => Reference | undefined;
  readonly #found: Found;

  /**
   * @param isUsual whether the policy is the usual one
   * @param isOfPackage whether a script is of a package that goes by reference, by URL
   * @param exportOf finds the reference to a function that a module exports
   */
  constructor(
    isUsual: boolean,
    isOfPackage: (url: string) => boolean,
    exportOf: (fn: SomeFunction) => Reference | undefined,
  ) {
    this.#found = isUsual ? usuallyFound : { functions: new WeakMap(), exports: new WeakMap() };
    this.#isOfPackage = isOfPackage;
    this.#exportOf = exportOf;
  }

  /**
   * The variable that holds a function or class for as long as the module lives; or the place where it is a member of
   * an object that the module exports.
   */
  ofFunction(fn: SomeFunction, inside: FunctionInside): Reference | undefined {
    let found = this.#found.functions.get(fn);
    if (found === undefined) {
      found = this.#findFunction(fn, inside) ?? 'none';
      this.#found.functions.set(fn, found);
    }
    return found === 'none' ? undefined : found;
  }

  #findFunction(fn: SomeFunction, inside: FunctionInside): Reference | undefined {
    const script = scriptIn(inside);
    if (script === undefined || !this.#isOfPackage(script.url)) return undefined;
    const seen = new SeenVariables(fn, script, inside);
    const member = witnessesOf(seen.script, seen.exportable).find((witness) => witness.fn === fn);
    if (member !== undefined) return member.reference;
    const place = seen.places.get(fn);
    if (place === undefined || place.part !== 'value' || isAssigned(place.name, script)) return undefined;
    // Functions in tables may be replaced; classes there are what they are.
    if (place.path.length > 0 && !isClassLike(fn)) return undefined;
    const found = this.#referenceIn(seen, place);
    return found && { ...found, textHash: hashOf(compiledTextOf(fn)) };
  }

  /**
   * The variable that holds a symbol, or has it among the keys of its value.
   * @param seen variables of the modules that may have made it
   */
  ofSymbol(symbol: symbol, seen: Iterable<SeenVariables>): VariableReference | undefined {
    for (const variables of seen) {
      const place = variables.places.get(symbol);
      if (place === undefined || !isSettled(place, variables.script)) continue;
      const found = this.#referenceIn(variables, place);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The variable that holds an object for as long as the module lives, or has it as a member of its value. */
  ofObject(object: object, variables: SeenVariables): VariableReference | undefined {
    const place = variables.places.get(object) as VariablePlace;
    return isSettled(place, variables.script) ? this.#referenceIn(variables, place) : undefined;
  }

  /** The variable that holds a collection, or an object with it. */
  ofCollection(collection: Collection, variables: SeenVariables): VariableReference | undefined {
    return this.#referenceIn(variables, variables.places.get(collection) as VariablePlace);
  }

  /** The id of the script of a function, if that is of a package that goes by reference. */
  scriptIdOf(fn: SomeFunction): string | undefined {
    const [id] = types.isProxy(fn) || isNative(fn) ? [] : idsOfScripts([fn]);
    return id !== undefined && this.#isOfPackage(scriptOf(id)?.url ?? '') ? id : undefined;
  }

  /**
   * Reads the variables that functions see, and those of the modules from which their modules import functions.
   * @param known functions, and ids of scripts that were imported, that need not be read; those that are read are added
   */
  seenBy(functions: Iterable<SomeFunction>, known: Known): SeenVariables[] {
    const given = [...functions].filter(
      (fn) => !known.functions.has(fn) && this.scriptIdOf(fn) !== undefined,
    );
    for (const fn of given) known.functions.add(fn);
    // Functions of one module may be in different functions of it, each with variables of its own.
    const all = differentOf(readAll(given, true));
    for (const { script } of all) known.scriptIds.add(script.scriptId);
    for (let from = all; from.length > 0 && known.scriptIds.size < MAX_MODULES;) {
      const next = from
        .flatMap(({ imported }) => imported)
        .filter((fn) => {
          const id = this.scriptIdOf(fn);
          if (id === undefined || known.scriptIds.has(id)) return false;
          known.scriptIds.add(id);
          return true;
        });
      from = readAll(next);
      all.push(...from);
    }
    return all;
  }

  /** The variables that functions see, and those that the functions among their values see. */
  seenDeeplyBy(functions: readonly SomeFunction[]): SeenVariables[] {
    const seen = readAll(functions.filter((fn) => this.scriptIdOf(fn) !== undefined));
    const inner = seen.flatMap(({ places, script }) =>
      [...places.keys()].filter(
        (value): value is SomeFunction => isFunction(value) && this.scriptIdOf(value) === script.scriptId,
      ),
    );
    return [...seen, ...readAll(inner.slice(0, MAX_KEYS))];
  }

  #referenceIn(seen: SeenVariables, { name, path, part }: VariablePlace): VariableReference | undefined {
    const value = seen.values.get(name);
    const seenBy = this.#witnessOf(seen, name, value);
    return (
      seenBy && {
        kind: 'variable',
        seenBy,
        name,
        ...(path.length > 0 && { path }),
        ...(part !== 'value' && { part }),
        type: typeNameOf(value),
      }
    );
  }

  /** An exported function that sees this value as the variable. */
  #witnessOf(seen: SeenVariables, name: string, value: unknown): Witness['reference'] | undefined {
    const sees = (fn: SomeFunction): boolean => Object.is(readAll([fn])[0]?.values.get(name), value);
    const known = witnessesOf(seen.script, seen.exportable).find(({ fn }) => sees(fn));
    if (known !== undefined) return known.reference;
    let tries = 0;
    for (const fn of [seen.fn, ...seen.values.values()]) {
      if (!isFunction(fn) || types.isProxy(fn) || isNative(fn)) continue;
      tries += 1;
      if (tries > MAX_WITNESSES) break;
      const reference = this.#referenceToExport(fn);
      if (reference !== undefined && sees(fn)) return reference;
    }
    return isClassLike(value) ? this.#makerOf(seen, sees) : undefined;
  }

  /**
   * A function that sees the variable and that another module of the package exports, which has called one of the module
   * to make it: `export const Shape = makeClass('Shape')`.
   */
  #makerOf({ script }: SeenVariables, sees: (fn: SomeFunction) => boolean): Witness['reference'] | undefined {
    const name = packageOf(pathOf(script.url) ?? '')?.name;
    if (name === undefined) return undefined;
    for (const fn of exportedByPackage(name)) {
      if (idsOfScripts([fn])[0] !== script.scriptId || !sees(fn)) continue;
      const reference = this.#referenceToExport(fn);
      if (reference !== undefined) return reference;
    }
    return undefined;
  }

  #referenceToExport(fn: SomeFunction): Witness['reference'] | undefined {
    let found = this.#found.exports.get(fn);
    if (found === undefined) {
      const reference = this.#exportOf(fn);
      found = reference?.kind === 'module' || reference?.kind === 'import' ? reference : 'none';
      this.#found.exports.set(fn, found);
    }
    return found === 'none' ? undefined : found;
  }
}

function scriptIn({ scriptId }: FunctionInside): Script | undefined {
  return scriptId === undefined ? undefined : scriptOf(scriptId);
}

/**
 * The variables that functions see.
 * @param isFresh whether to read them again if some had no value
 */
function readAll(functions: readonly SomeFunction[], isFresh = false): SeenVariables[] {
  const unread = functions.filter((fn) => {
    const known = seenByFunction.get(fn);
    return known === undefined || (isFresh && !known.isSettled);
  });
  lookInside(unread).forEach((inside, at) => {
    const fn = unread[at] as SomeFunction;
    const script = scriptIn(inside);
    if (script !== undefined) seenByFunction.set(fn, new SeenVariables(fn, script, inside));
  });
  return functions.flatMap((fn) => seenByFunction.get(fn) ?? []);
}

/** Leaves out those that see the same variables as another. */
function differentOf(all: readonly SeenVariables[]): SeenVariables[] {
  const different: SeenVariables[] = [];
  for (const seen of all) {
    const isSame = different.some(
      (other) =>
        other.script.scriptId === seen.script.scriptId &&
        other.values.size === seen.values.size &&
        [...seen.values].every(([name, value]) => Object.is(other.values.get(name), value)),
    );
    if (!isSame) different.push(seen);
  }
  return different;
}

const seenByFunction = new WeakMap<SomeFunction, SeenVariables>();

/** The variables that a function of a package's module sees. */
export class SeenVariables {
  readonly fn: SomeFunction;
  readonly script: Script;
  readonly values: ReadonlyMap<string, unknown>;
  /** The variables of an ES module itself. */
  readonly exportable: Readonly<Record<string, unknown>> | undefined;
  #places: ReadonlyMap<Referable, VariablePlace> | undefined;
  #collections: readonly Collection[] | undefined;
  #imported: readonly SomeFunction[] | undefined;
  #objects: readonly object[] | undefined;
  #isSettled: boolean | undefined;

  constructor(fn: SomeFunction, script: Script, inside: FunctionInside) {
    this.fn = fn;
    this.script = script;
    this.values = variablesSeenIn(inside);
    this.exportable = inside.scopes.find(({ type }) => type === 'module')?.variables;
  }

  /** Whether each variable has a value, as it mostly keeps from then on. */
  get isSettled(): boolean {
    this.#isSettled ??= [...this.values.values()].every((value) => value !== undefined && value !== null);
    return this.#isSettled;
  }

  /** Where values are: in a variable, or in a member of its value, as in `const internals = { states: new WeakMap() }`. */
  get places(): ReadonlyMap<Referable, VariablePlace> {
    this.#places ??= placesIn(this.values);
    return this.#places;
  }

  /** Collections among the values, which may have entries for objects that are made elsewhere. */
  get collections(): readonly Collection[] {
    this.#collections ??= [...this.places.keys()].filter((value): value is Collection => isCollection(value));
    return this.#collections;
  }

  /** Other objects among the values. */
  get objects(): readonly object[] {
    this.#objects ??= [...this.places.keys()].filter(
      (value): value is object => typeof value === 'object' && !types.isProxy(value) && !isCollection(value),
    );
    return this.#objects;
  }

  /** A function of each other module from which this one has functions. */
  get imported(): readonly SomeFunction[] {
    this.#imported ??= this.#findImported();
    return this.#imported;
  }

  #findImported(): SomeFunction[] {
    // An instance leads to the module of its class.
    const functions = [...this.places.keys()]
      .map((value) => (typeof value === 'object' ? ownerOfPrototype(prototypeOf(value) ?? {}) : value))
      .filter(
        (value): value is SomeFunction => isFunction(value) && !types.isProxy(value) && !isNative(value),
      );
    const ids = idsOfScripts(functions);
    const others = new Map(functions.map((fn, at) => [ids[at], fn]));
    return [...others].flatMap(([id, fn]) => (id === undefined || id === this.script.scriptId ? [] : [fn]));
  }
}

/** The ids of the scripts that functions come from; each function is asked for once. */
function idsOfScripts(functions: readonly SomeFunction[]): (string | undefined)[] {
  const unknown = functions.filter((fn) => !scriptIds.has(fn));
  scriptIdsOf(unknown).forEach((id, at) => scriptIds.set(unknown[at] as SomeFunction, id));
  return functions.map((fn) => scriptIds.get(fn));
}

const scriptIds = new WeakMap<SomeFunction, string | undefined>();

function placesIn(values: ReadonlyMap<string, unknown>): ReadonlyMap<Referable, VariablePlace> {
  const places = new Map<Referable, VariablePlace>();
  const note = (value: unknown, place: VariablePlace): void => {
    if (isReferable(value) && value !== mainGlobal && !places.has(value)) places.set(value, place);
  };
  const open = (holder: Referable, { name, path: to }: VariablePlace): void => {
    if (!isTable(holder)) return;
    for (const key of Reflect.ownKeys(holder as object)) {
      if (key === 'constructor' || key === 'prototype') continue;
      const path = [...to, stepOf(key)];
      if (typeof key === 'symbol') note(key, { name, path, part: 'key' });
      note(valueOf(holder as object, key), { name, path, part: 'value' });
    }
  };
  for (const [name, value] of values) note(value, { name, path: [], part: 'value' });
  for (const [value, place] of Array.from(places)) open(value, place);
  // CommonJS has what it requires in a variable, whose members may be instances with collections.
  for (const [value, place] of Array.from(places))
    if (place.path.length === 1 && place.part === 'value' && isInstance(value)) open(value, place);
  return places;
}

function isInstance(value: Referable): boolean {
  const prototype = typeof value === 'object' ? prototypeOf(value) : null;
  return prototype !== null && prototypeOf(prototype) === mainGlobal.Object.prototype;
}

/** Whether an object may be a table of a module's own, or a class with static members. */
function isTable(value: Referable): boolean {
  if (typeof value === 'symbol' || types.isProxy(value) || ArrayBuffer.isView(value) || Array.isArray(value))
    return false;
  if (types.isModuleNamespaceObject(value) || types.isExternal(value)) return false;
  return !(isFunction(value) && isNative(value)) && Reflect.ownKeys(value).length <= MAX_KEYS;
}

/** Whether a script assigns to a variable of this name, so that the job's may have another value. */
function isAssigned(name: string, script: Script): boolean {
  return usesOf(script)?.assigned.has(name) !== false;
}

/** Whether a place has its value as soon as the module is loaded: a table may get its symbols when they are first needed. */
function isSettled({ name, path }: VariablePlace, script: Script): boolean {
  if (isAssigned(name, script)) return false;
  return path.length === 0 || usesOf(script)?.changed.has(name) === false;
}
