import { dirname, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { knownUsesOf } from '../analysis/module-uses.ts';
import { lookInside } from '../inspect/scopes.ts';
import { isInspectorAvailable } from '../inspect/session.ts';
import { JOB_VARIABLE, mainUrl } from '../main-program.ts';
import { fileOfImport } from '../reference/import-of.ts';
import { LANGUAGE_GLOBALS } from '../reference/intrinsics.ts';
import {
  isFunction,
  isNative,
  isReferable,
  mainGlobal,
  ownerOfPrototype,
  propertyOf,
  type Referable,
  type SomeFunction,
  valueOf,
} from '../reference/members.ts';
import { pathOf } from '../reference/module-policy.ts';
import { packageNameIn, packageOf, readSource } from '../reference/packages.ts';
import type { Reference } from '../reference/reference.ts';
import type { GraphOptions } from './capture-options.ts';
import { functionsOn, isOfProgram, type ProgramEffect, urlsOf } from './program-imports.ts';
import { Refusal, showPlace } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/**
 * The reference to a part of a package, if a job that loads it has the same: not one into which a module has
 * put functions that the program imports only for what it does, as `import 'd3-transition'` does.
 * @throws {Refusal} if it is such a one, and the option `preload` does not name that module
 */
export function checkedReference<R extends Reference>(
  { references, options: { preloaded } }: CaptureSink,
  value: Referable,
  reference: R,
): R {
  const name =
    reference.kind === 'module' || reference.kind === 'import' ? reference.package?.name : undefined;
  if (preloaded === undefined || isInJob() || name === undefined || typeof value === 'symbol')
    return reference;
  for (const effect of references.effects) {
    const { specifier, url, line } = effect;
    if (preloaded.includes(specifier) || !mayChange(effect, name)) continue;
    if (!areChanged(value, effect)) continue;
    throw new Refusal(
      `a part of ${name}, which '${specifier}' changes; the program imports that only for what it does (${showPlace(url, line - 1, 0)})`,
      `Let jobs load it first, too: preload: ['${specifier}'].`,
    );
  }
  return reference;
}

/** Whether this is a job: what goes home is for the program that has made it so. */
function isInJob(): boolean {
  return process.env[JOB_VARIABLE] !== undefined;
}

/** Whether a module may change a package, because it imports it. */
function mayChange({ specifier, url }: ProgramEffect, name: string): boolean {
  const file = fileOfImport({ specifier, parent: url });
  if (file === undefined) return false;
  const found = packageOf(file);
  if (found === undefined) {
    const { specifiers = [] } = knownUsesOf(readSource(file)?.text ?? '') ?? {};
    return [...specifiers].some((each) => packageNameIn(each) === name);
  }
  if (found.name === name) return false;
  try {
    const { dependencies, peerDependencies } = JSON.parse(
      readSource(`${file.slice(0, file.length - found.subpath.length)}package.json`)?.text ?? '{}',
    ) as Record<string, Record<string, string> | undefined>;
    return name in { ...dependencies, ...peerDependencies };
  } catch {
    return false;
  }
}

/** Whether a module has put functions into a value, or into what the value's own module has in its variables. */
function areChanged(value: object, { specifier, url }: ProgramEffect): boolean {
  const owner = typeof value === 'function' ? value : ownerOfPrototype(value);
  if (owner === undefined || isNative(owner as SomeFunction) || !isInspectorAvailable()) return false;
  const file = fileOfImport({ specifier, parent: url });
  const effectPackage = packageNameIn(specifier);
  const [inside] = lookInside([owner]);
  const variables =
    inside?.scopes.find(({ type }) => type === 'module' || type === 'closure')?.variables ?? {};
  const owners = [owner, ...Object.values(variables)].filter((each) => typeof each === 'function');
  return urlsOf(owners.flatMap((each) => functionsOn(each))).some((from) => {
    const path = from === undefined ? undefined : pathOf(from);
    if (path === undefined) return false;
    return path === file || (effectPackage !== undefined && packageOf(path)?.name === effectPackage);
  });
}

/**
 * Refuses a function that uses what the program, or a package that it imports, has added to an object of
 * JavaScript, such as `Reflect.getMetadata`: a job does not have it.
 */
export function refuseAdded(
  name: string,
  members: ReadonlySet<string>,
  global: object,
  { preloaded }: GraphOptions,
): void {
  // Test environments make globals of their own.
  if (preloaded?.length !== 0 || global !== mainGlobal || isInJob()) return;
  if (!LANGUAGE_GLOBALS.includes(name)) return;
  const owner: unknown = valueOf(global, name);
  if (!isReferable(owner) || typeof owner === 'symbol') return;
  for (const member of members) {
    const { value, get, writable } = propertyOf(owner, member) ?? {};
    const fn = typeof value === 'function' ? (value as SomeFunction) : get;
    if (fn === undefined ? writable !== true : isNative(fn)) continue;
    const [url] = fn === undefined ? [] : urlsOf([fn]);
    if (url?.startsWith('node:') === true || isOfLanguage(name, member)) continue;
    const adds = url === undefined ? undefined : preloadFor(url);
    throw new Refusal(
      `a function that uses ${name}.${member}, which ${adds ?? 'this program'} has added to JavaScript`,
      adds === undefined
        ? 'Add it in a module of its own, and let jobs load that first, with the option `preload`.'
        : `Let jobs load that first: preload: ['${adds}'].`,
    );
  }
}

/** Whether a member is one of JavaScript, which the program has replaced. */
function isOfLanguage(name: string, member: string): boolean {
  return Boolean(runInNewContext(`Object.hasOwn(${name}, ${JSON.stringify(member)})`));
}

/** Refuses a function that uses what the program has put into a function of a package: a job has the package's. */
export function refuseReplaced(
  value: Referable,
  name: string,
  members: ReadonlySet<string> | undefined,
  { preloaded }: GraphOptions,
): void {
  if (typeof value !== 'function' || preloaded?.length !== 0) return;
  for (const member of members ?? []) {
    const fn = valueOf(value, member);
    const url = isFunction(fn) && !isNative(fn) ? urlsOf([fn])[0] : undefined;
    if (url === undefined || !isOfProgram(url)) continue;
    throw new Refusal(
      `a function that uses ${name}.${member}, which the program has put into a package's function`,
      `Write \`const ${member} = ${name}.${member}\` outside of it, and use that; or do it in a module that jobs load first, with the option \`preload\`.`,
    );
  }
}

/** The name by which the main program could import a module for `preload`; undefined for the program itself. */
function preloadFor(url: string): string | undefined {
  const path = pathOf(url);
  if (path === undefined) return undefined;
  const main = mainUrl();
  const packaged = packageOf(path);
  if (packaged !== undefined) return packaged.name;
  if (main === '' || pathToFileURL(path).href === main) return undefined;
  return `./${relative(dirname(fileURLToPath(main)), path)}`.replace('./../', '../');
}
