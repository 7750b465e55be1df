import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { builtinOf, defaultOf, isNamespaceOf } from './builtin-modules.ts';
import { intrinsicOf } from './intrinsics.ts';
import {
  hasMembers,
  isFunction,
  isNative,
  isReferable,
  lastFunctionOn,
  nodeModule,
  ownerOfPrototype,
  type Referable,
  showPath,
  type SomeFunction,
  stepOf,
  textOf,
  valueOf,
  walkMembers,
} from './members.ts';
import { isForced, mayReference, pathOf, type ReferencePolicy } from './module-policy.ts';
import {
  exportOf,
  type FunctionPlace,
  isAsLoaded,
  type LoadedExport,
  loadedExportsOf,
  loadedModulesOf,
  requireOf,
  scanLoadedModules,
} from './modules.ts';
import { hashOf, packageOf, readSource } from './packages.ts';
import type { ModuleReference, Part, Reference, Step } from './reference.ts';

/** What is to be known to tell references. A new one for each capture: what was loaded since the last is noticed then. */
export interface ReferenceContext {
  readonly policy: ReferencePolicy;
  /** The global object of the realm that values may be of, where that is not this code's own. */
  readonly global?: object;
  /** Where a function was defined, if that can be told. Asked for a class or a function only when it matters. */
  readonly place?: (fn: SomeFunction) => FunctionPlace | undefined;
}

/**
 * How a job finds a value by itself: an intrinsic of the language, a part of Node, a module, or a function or class that a module
 * exports, with what hangs on it. Undefined if it has to travel.
 *
 * What a module loaded by reference holds is fresh: the job runs the module anew, and does not see what this process did to its
 * variables since.
 */
export function referenceOf(value: unknown, context: ReferenceContext): Reference | undefined {
  if (!isReferable(value)) return undefined;
  return (
    nodeReference(value, context) ??
    requireOf(value) ??
    moduleReference(value, context) ??
    memberReference(value, context)
  );
}

/** As {@link referenceOf}, for an object that cannot travel: it will do if a module makes another of the kind and exports it. */
export function lastResortOf(value: unknown, context: ReferenceContext): Reference | undefined {
  if (!isReferable(value)) return undefined;
  noticeModules(context);
  const found = loadedExportsOf(value).find(({ file }) =>
    mayReference(pathToFileURL(file).href, context.policy),
  );
  return found && referenceTo(found, value, undefined);
}

function nodeReference(value: Referable, context: ReferenceContext): Reference | undefined {
  const { global } = context;
  const found = intrinsicOf(value, global) ?? builtinOf(value);
  // A program may have put its own in the place of what Node brings.
  const witness = typeof value === 'object' ? ownerOfPrototype(value) : value;
  if (!isFunction(witness) || isNative(witness)) return found;
  const url = context.place?.(witness)?.url;
  if (found !== undefined) return url === undefined || url.startsWith('node:') ? found : undefined;
  return url?.startsWith('node:') === true
    ? (intrinsicOf(value, global, true) ?? builtinOf(value, true))
    : undefined;
}

function moduleReference(value: Referable, context: ReferenceContext): ModuleReference | undefined {
  noticeModules(context);
  if (isFunction(value)) return functionReference(value, context);
  const isAllowed = ({ file }: LoadedExport): boolean =>
    mayReference(pathToFileURL(file).href, context.policy);
  if (typeof value === 'symbol') {
    const found = loadedExportsOf(value).find(isAllowed);
    return found && referenceTo(found, value, undefined);
  }
  const found = loadedModulesOf(value).find(
    (entry) => isAllowed(entry) && isWholeModule(value, entry, context),
  );
  if (found !== undefined) return referenceTo(found, value, undefined);
  return types.isModuleNamespaceObject(value) ? namespaceReference(value, context) : undefined;
}

function functionReference(fn: SomeFunction, context: ReferenceContext): ModuleReference | undefined {
  const { policy } = context;
  const place = isNative(fn) ? undefined : context.place?.(fn);
  const definedIn = place && pathOf(place.url);
  // What the program itself defines is no module's own, whichever module it may have been given to.
  if (place !== undefined && definedIn !== undefined && !mayReference(place.url, policy)) return undefined;
  const allowed = loadedExportsOf(fn, definedIn).filter((entry) =>
    mayReference(pathToFileURL(entry.file).href, policy),
  );
  // First the file that it is defined in: to another's exports it may have been added.
  const sorted = [
    ...allowed.filter(({ file }) => file === definedIn),
    ...allowed.filter(({ file }) => file !== definedIn),
  ];
  const entry = sorted.find((each) => isItsOwn(fn, each, definedIn, policy));
  if (entry !== undefined) {
    noteMembers(fn);
    return referenceTo(entry, fn, definedIn);
  }
  const exported = place && exportOf(place, policy);
  if (place === undefined || exported === undefined) return undefined;
  noteMembers(fn);
  const path = exported.name === '' ? [] : [exported.name];
  const url = place.url.startsWith('file:') ? place.url : pathToFileURL(place.url).href;
  return withPackage({ kind: 'module', url, format: exported.format, path, textHash: hashOf(textOf(fn)) });
}

/** Whether a module that exports a function had it from its own text, or that of another that is as good. */
function isItsOwn(
  fn: SomeFunction,
  { file }: LoadedExport,
  definedIn: string | undefined,
  policy: ReferencePolicy,
): boolean {
  if (isNative(fn) || isForced(pathToFileURL(file).href, policy)) return true;
  if (packageOf(file) !== undefined) return definedIn === undefined || packageOf(definedIn) !== undefined;
  return isOnDisk(fn, definedIn ?? file);
}

function isOnDisk(fn: SomeFunction, file: string): boolean {
  return readSource(file)?.text.includes(textOf(fn)) === true;
}

/** Whether an object is the exports of a module as its file makes them, and more than an object with a state of its own. */
function isWholeModule(
  exported: object,
  { file }: LoadedExport,
  { place, policy }: ReferenceContext,
): boolean {
  if (types.isModuleNamespaceObject(exported)) return true;
  const prototype = Reflect.getPrototypeOf(exported);
  if (prototype !== null && Reflect.getPrototypeOf(prototype) !== null) return false;
  if (packageOf(file) !== undefined || isForced(pathToFileURL(file).href, policy)) return true;
  const source = readSource(file);
  if (source === undefined) return false;
  return Object.values(Object.getOwnPropertyDescriptors(exported)).every(({ value }) => {
    if (!isFunction(value) || isNative(value)) return true;
    const at = place?.(value);
    return at === undefined || pathOf(at.url) !== file || isAsLoaded(source, at);
  });
}

/** What `import * as` gives of a CommonJS module. */
function namespaceReference(namespace: object, context: ReferenceContext): ModuleReference | undefined {
  const exported = defaultOf(namespace);
  if (!isReferable(exported) || typeof exported === 'symbol') return undefined;
  const entry = loadedModulesOf(exported).find(
    ({ file, format }) => format === 'commonjs' && mayReference(pathToFileURL(file).href, context.policy),
  );
  if (entry === undefined || !isNamespaceOf(namespace, exported)) return undefined;
  return referenceTo({ ...entry, format: 'module' }, namespace, undefined);
}

function memberReference(value: Referable, context: ReferenceContext): Reference | undefined {
  for (const membership of membershipsOf(value)) {
    const { owner } = membership;
    // Others may have given the class a method.
    if (isFunction(value) && !isNative(value) && context.place?.(value)?.url !== context.place?.(owner)?.url)
      continue;
    const reference = nodeReference(owner, context) ?? functionReference(owner, context);
    const extended = reference && extend(reference, membership);
    if (extended !== undefined) return withTextOf(extended, value);
  }
  return undefined;
}

/** A member that is a function is checked by its own text, any other by that of its class. */
function withTextOf(reference: Reference, member: Referable): Reference {
  if (reference.kind !== 'module' || !isFunction(member)) return reference;
  const { textHash, ...rest } = reference;
  if (textHash === undefined || isNative(member)) return rest;
  return { ...rest, textHash: hashOf(textOf(member)) };
}

function referenceTo(
  { file, format, path, part }: LoadedExport,
  value: Referable,
  definedIn: string | undefined,
): ModuleReference {
  const reference = withPackage({
    kind: 'module',
    url: pathToFileURL(file).href,
    format,
    path,
    ...(part === 'value' ? {} : { part }),
  });
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  const fn = isFunction(value) ? value : lastFunctionOn(nodeModule._cache[file]?.exports, path, part);
  if (fn !== undefined) {
    const isPlain = !isNative(fn) && isOnDisk(fn, definedIn ?? file);
    return isPlain ? { ...reference, textHash: hashOf(textOf(fn)) } : reference;
  }
  const hash = reference.package === undefined ? readSource(file)?.hash : undefined;
  return hash === undefined ? reference : { ...reference, textHash: hash };
}

function withPackage(reference: ModuleReference): ModuleReference {
  const file = pathOf(reference.url);
  const found = file === undefined ? undefined : packageOf(file);
  return found === undefined ? reference : { ...reference, package: found };
}

const seen = new WeakSet<ReferenceContext>();

/** Once for each capture, since it takes as long as asking for many references. */
function noticeModules(context: ReferenceContext): void {
  if (seen.has(context)) return;
  seen.add(context);
  scanLoadedModules();
}

/** A class, or a function with properties, and the way from there. */
export interface Membership {
  readonly owner: SomeFunction;
  readonly path: readonly Step[];
  readonly part: Part;
}

/** Notes what an exported class or function holds, so that a method of it, come by alone, is known to be found there. */
export function noteMembers(owner: SomeFunction): void {
  if (noted.has(owner)) return;
  noted.add(owner);
  walkMembers(owner, [], (value, path, part) => {
    const isPrototype = typeof value === 'object' && path.at(-1) === 'prototype';
    if ((isPrototype && !hasMembers(value)) || members.has(value as object)) return false;
    members.set(value as object, { owner, path, part });
    return isPrototype;
  });
}

/**
 * The classes that a value may hang on: the one whose prototype it is, the one of which it is a well-known instance, such as
 * `Color.RED`, or the one that {@link noteMembers} met it on.
 */
export function* membershipsOf(value: Referable): Generator<Membership> {
  const noting = members.get(value as object);
  if (noting !== undefined) yield noting;
  if (typeof value !== 'object' || types.isProxy(value)) return;
  const owner = ownerOfPrototype(value);
  if (owner !== undefined) yield { owner, path: ['prototype'], part: 'value' };
  const prototype = Reflect.getPrototypeOf(value);
  const maker = prototype === null ? undefined : ownerOfPrototype(prototype);
  if (maker === undefined || isNative(maker)) return;
  for (const key of Reflect.ownKeys(maker)) {
    if (key === 'prototype' || valueOf(maker, key) !== value) continue;
    yield { owner: maker, path: [stepOf(key)], part: 'value' };
  }
}

/** The reference to a member of what a reference leads to. */
export function extend(reference: Reference, { path, part }: Membership): Reference | undefined {
  switch (reference.kind) {
    case 'intrinsic': {
      const way = showPath(path);
      const text = reference.path + (way.startsWith('[') ? way : `.${way}`);
      return { kind: 'intrinsic', path: part === 'value' ? text : `${part} ${text}` };
    }
    case 'builtin':
    case 'module':
      return { ...reference, path: [...reference.path, ...path], ...(part === 'value' ? {} : { part }) };
    default:
      return undefined;
  }
}

const noted = new WeakSet<SomeFunction>();
const members = new WeakMap<object, Membership>();
