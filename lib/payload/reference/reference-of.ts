import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { hashOf } from '../../base/hash.ts';
import { builtinOf, defaultOf, isNamespaceOf, isOfBuiltin } from './builtin-modules.ts';
import { intrinsicOf, isIntrinsic } from './intrinsics.ts';
import {
  follow,
  hasMembers,
  isFunction,
  isNative,
  isOrdinary,
  isReferable,
  lastFunctionOn,
  notedOwnerOf,
  ownerOfPrototype,
  prototypeOf,
  type Referable,
  requireCache,
  requiredExports,
  showPath,
  type SomeFunction,
  stepOf,
  compiledTextOf,
  valueOf,
  walkMembers,
} from './members.ts';
import { isForced, mayReference, pathOf, type ReferencePolicy } from './module-policy.ts';
import {
  exportOf,
  type FunctionPlace,
  isAsLoaded,
  isExported,
  type LoadedExport,
  loadedExportsOf,
  loadedModulesOf,
  requireOf,
  scanLoadedModules,
} from './modules.ts';
import { packageOf, readSource } from './packages.ts';
import type { ModuleReference, PackageFile, Part, Reference, Step } from './reference.ts';

/**
 * Context in which references are made. Use a new one for each capture, which then notices newly loaded
 * modules.
 */
export interface ReferenceContext {
  readonly policy: ReferencePolicy;
  /** Global object of the realm of the values, if it is not this code's own. */
  readonly global?: object;
  /** Finds where a function or class was defined; called only when it matters. */
  readonly place?: (fn: SomeFunction) => FunctionPlace | undefined;
  /** Finds the import by which the program got something from a package. */
  readonly imported?: (value: object | symbol) => Reference | undefined;
  /** Whether a plugin has changed a function of a package, so that a job that loads it finds another. */
  readonly isExtended?: (value: object) => boolean;
  /** Finds the export of an ES module of a package that has a function or class as its value. */
  readonly exported?: (fn: SomeFunction) => Reference | undefined;
}

/**
 * Makes the reference by which a job finds a value by itself: an intrinsic of the language, a part of Node, a
 * module, a function or class that a module exports, or a member of these. Undefined if the value must be
 * sent.
 *
 * The job loads the module again, so changes that this process made to the module's variables are not seen
 * there.
 */
export function referenceOf(value: unknown, context: ReferenceContext): Reference | undefined {
  // Some well-known symbols are registered ones, which have no identity.
  if (!isReferable(value)) return intrinsicOf(value);
  if (typeof value === 'object' && isUnknown(value, context)) return context.imported?.(value);
  return (
    nodeReference(value, context) ??
    requireOf(value) ??
    (isFunction(value) ? functionOfModule(value, context) : moduleReference(value, context)) ??
    memberReference(value, context)
  );
}

/** Whether it is certain at once that no loaded module exports an object, as of most data. */
function isUnknown(object: object, context: ReferenceContext): boolean {
  if (!isOrdinary(object)) return false;
  noticeModules(context);
  if (isIntrinsic(object) || isOfBuiltin(object) || isExported(object)) return false;
  return !members.has(object) && notedOwnerOf(object) === undefined;
}

/**
 * Makes a reference to an object that cannot be sent, if a module exports it; the job gets another object of
 * the kind.
 */
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
  // A program may have replaced a part of Node.
  const witness = typeof value === 'object' ? ownerOfPrototype(value) : value;
  if (!isFunction(witness) || isNative(witness)) return found;
  const url = context.place?.(witness)?.url;
  if (found !== undefined) return url === undefined || url.startsWith('node:') ? found : undefined;
  return url?.startsWith('node:') === true
    ? (intrinsicOf(value, global, true) ?? builtinOf(value, true))
    : undefined;
}

/**
 * Makes the reference to a function of a module. The program's import comes first, because a module is more
 * than the text that defines the function.
 */
function functionOfModule(fn: SomeFunction, context: ReferenceContext): Reference | undefined {
  const imported = context.imported?.(fn);
  const found = imported ?? functionReference(fn, context) ?? context.exported?.(fn);
  if (found !== undefined) noteMembers(fn);
  return found;
}

function moduleReference(value: object | symbol, context: ReferenceContext): Reference | undefined {
  const imported = context.imported?.(value);
  if (imported !== undefined) return imported;
  noticeModules(context);
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
  noticeModules(context);
  const { policy } = context;
  const place = isNative(fn) ? undefined : context.place?.(fn);
  const definedIn = place && pathOf(place.url);
  // A function of the program itself belongs to no module, whichever module it may have been assigned to.
  if (place !== undefined && definedIn !== undefined && !mayReference(place.url, policy)) return undefined;
  const allowed = loadedExportsOf(fn, definedIn).filter(
    (entry) => mayReference(pathToFileURL(entry.file).href, policy) && !isOfExtended(entry, context),
  );
  // A package's module of which it is the whole comes first: an entry may add to the function of an inner
  // file, and was loaded before it. Then the file that defines it, because it may have been added to another
  // module's exports.
  const isInPackage = definedIn !== undefined && packageOf(definedIn) !== undefined;
  const sorted = [
    ...allowed.filter(({ file, path }) => isInPackage && path.length === 0 && packageOf(file) !== undefined),
    ...allowed.filter(({ file }) => file === definedIn),
    ...allowed.filter(({ file }) => file !== definedIn),
  ];
  const entry = sorted.find((each) => isItsOwn(fn, each, definedIn, policy));
  if (entry !== undefined) return referenceTo(entry, fn, definedIn);
  const exported = place && exportOf(place, policy);
  if (place === undefined || exported === undefined) return undefined;
  const path = exported.name === '' ? [] : [exported.name];
  const url = place.url.startsWith('file:') ? place.url : pathToFileURL(place.url).href;
  return withPackage({
    kind: 'module',
    url,
    format: exported.format,
    path,
    textHash: hashOf(compiledTextOf(fn)),
  });
}

/**
 * Whether a function that a module exports comes from the module's own text, or from a text that is as good.
 */
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
  return readSource(file)?.text.includes(compiledTextOf(fn)) === true;
}

/** Whether an object is the unchanged exports of a module, rather than an object with a state of its own. */
function isWholeModule(
  exported: object,
  { file }: LoadedExport,
  { place, policy }: ReferenceContext,
): boolean {
  if (types.isModuleNamespaceObject(exported)) return true;
  const prototype = prototypeOf(exported);
  if (prototype !== null && prototypeOf(prototype) !== null) return false;
  if (packageOf(file) !== undefined || isForced(pathToFileURL(file).href, policy)) return true;
  const source = readSource(file);
  if (source === undefined || types.isProxy(exported)) return false;
  return Object.values(Object.getOwnPropertyDescriptors(exported)).every(({ value }) => {
    if (!isFunction(value) || isNative(value)) return true;
    const at = place?.(value);
    return at === undefined || pathOf(at.url) !== file || isAsLoaded(source, at);
  });
}

/** Makes the reference to the namespace that `import * as` gives for a CommonJS module. */
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
    if (context.isExtended?.(owner) === true) continue;
    // Another module may have added the method to the class.
    if (isFunction(value) && !isNative(value) && context.place?.(value)?.url !== context.place?.(owner)?.url)
      continue;
    const reference = nodeReference(owner, context) ?? functionOfModule(owner, context);
    const extended = reference && extend(reference, membership);
    if (extended !== undefined) return withTextOf(extended, value);
  }
  return prototypeReference(value, context);
}

/** Makes the reference to the prototype of a class that is not exported, if it is exported itself: `moment.fn`. */
function prototypeReference(value: Referable, context: ReferenceContext): Reference | undefined {
  const owner = typeof value === 'object' ? ownerOfPrototype(value) : undefined;
  const url = owner === undefined || isNative(owner) ? undefined : context.place?.(owner)?.url;
  const definedIn = url === undefined ? undefined : pathOf(url);
  if (definedIn === undefined || packageOf(definedIn) === undefined) {
    // That of an instance which is all that a module exports.
    const found = loadedExportsOf(value).find(
      ({ file, path }) =>
        path.at(-1) === '__proto__' &&
        packageOf(file) !== undefined &&
        mayReference(pathToFileURL(file).href, context.policy),
    );
    return found && referenceTo(found, value, undefined);
  }
  const found = loadedExportsOf(value, definedIn).find(
    (entry) => mayReference(pathToFileURL(entry.file).href, context.policy) && !isOfExtended(entry, context),
  );
  return found && referenceTo(found, value, undefined);
}

/** Whether a module's whole export is a function that a plugin has changed, or a member of a class that it has. */
function isOfExtended({ file, path }: LoadedExport, { isExtended }: ReferenceContext): boolean {
  if (isExtended === undefined) return false;
  const exported = requiredExports(file);
  const at = path.lastIndexOf('prototype');
  return [exported, at < 0 ? undefined : follow(exported, path.slice(0, at))].some(
    (owner) => isFunction(owner) && isExtended(owner),
  );
}

/** Checks a member that is a function by its own text, and any other by that of its class. */
function withTextOf(reference: Reference, member: Referable): Reference {
  const isHashed = reference.kind === 'module' || reference.kind === 'variable';
  if (!isHashed || !isFunction(member)) return reference;
  const { textHash, ...rest } = reference;
  if (textHash === undefined || isNative(member)) return rest;
  return { ...rest, textHash: hashOf(compiledTextOf(member)) };
}

/** Makes the reference to an export of a loaded module. */
export function referenceTo(
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
  const fn = isFunction(value) ? value : lastFunctionOn(requiredExports(file), path, part);
  if (fn !== undefined) {
    const isPlain = !isNative(fn) && isOnDisk(fn, definedIn ?? file);
    return isPlain ? { ...reference, textHash: hashOf(compiledTextOf(fn)) } : reference;
  }
  const hash = reference.package === undefined ? readSource(file)?.hash : undefined;
  return hash === undefined ? reference : { ...reference, textHash: hash };
}

function withPackage(reference: ModuleReference): ModuleReference {
  const file = pathOf(reference.url);
  const found = file === undefined ? undefined : packageOf(file);
  if (file === undefined || found === undefined) return reference;
  const entry = reference.format === 'commonjs' ? entryOf(file, found) : undefined;
  return { ...reference, package: entry === undefined ? found : { ...found, entry } };
}

/** Finds the file by which the program entered a package when it loaded another file of it with `require`. */
function entryOf(file: string, { subpath }: PackageFile): string | undefined {
  const directory = file.slice(0, file.length - subpath.length);
  const seen = new Set<string>();
  let last = file;
  for (;;) {
    // oxlint-disable-next-line typescript/no-deprecated -- nothing else tells it
    const parent = requireCache()[last]?.parent?.filename;
    if (parent?.startsWith(directory) !== true || seen.has(parent)) break;
    if (parent.slice(directory.length).includes('node_modules')) break;
    seen.add(parent);
    last = parent;
  }
  return last === file ? undefined : last.slice(directory.length).replaceAll(sep, '/');
}

const scannedFor = new WeakSet<ReferenceContext>();

/** Scans loaded modules once for each capture, because a scan takes as long as making many references. */
function noticeModules(context: ReferenceContext): void {
  if (scannedFor.has(context)) return;
  scannedFor.add(context);
  scanLoadedModules();
}

/** A class, or a function with properties, and the path to one of its members. */
interface Membership {
  readonly owner: SomeFunction;
  readonly path: readonly Step[];
  readonly part: Part;
}

/** Notes the members of an exported class or function, so that a method captured alone is recognized. */
function noteMembers(owner: SomeFunction): void {
  if (ownersWithMembers.has(owner)) return;
  ownersWithMembers.add(owner);
  walkMembers(owner, [], (value, path, part) => {
    const isPrototype = typeof value === 'object' && path.at(-1) === 'prototype';
    if ((isPrototype && !hasMembers(value)) || members.has(value as object)) return false;
    members.set(value as object, { owner, path, part });
    return isPrototype;
  });
}

/**
 * Yields classes of which a value may be a member: the class whose prototype it is, the class of which it is
 * a static instance, such as `Color.RED`, or the class in which {@link noteMembers} found it.
 */
function* membershipsOf(value: Referable): Generator<Membership> {
  const noted = members.get(value as object);
  if (noted !== undefined) yield noted;
  if (typeof value !== 'object' || types.isProxy(value)) return;
  // It notes owners in modules that are not open yet.
  loadedExportsOf(value);
  for (const owner of [ownerOfPrototype(value), notedOwnerOf(value)]) {
    if (owner !== undefined) yield { owner, path: ['prototype'], part: 'value' };
  }
  const prototype = prototypeOf(value);
  const maker = prototype === null ? undefined : ownerOfPrototype(prototype);
  if (maker === undefined || isNative(maker)) return;
  for (const key of Reflect.ownKeys(maker)) {
    if (key === 'prototype' || valueOf(maker, key) !== value) continue;
    yield { owner: maker, path: [stepOf(key)], part: 'value' };
  }
}

/** Makes the reference to a member of a referenced class or function. */
function extend(reference: Reference, { path, part }: Membership): Reference | undefined {
  switch (reference.kind) {
    case 'intrinsic': {
      const way = showPath(path);
      const text = reference.path + (way.startsWith('[') ? way : `.${way}`);
      return { kind: 'intrinsic', path: part === 'value' ? text : `${part} ${text}` };
    }
    case 'builtin':
    case 'module':
    case 'import':
    case 'variable':
      return {
        ...reference,
        path: [...(reference.path ?? []), ...path],
        ...(part === 'value' ? {} : { part }),
      };
    default:
      return undefined;
  }
}

const ownersWithMembers = new WeakSet<SomeFunction>();
const members = new WeakMap<object, Membership>();
