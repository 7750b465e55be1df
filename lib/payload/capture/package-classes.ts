import { types } from 'node:util';
import { hashOf } from '../../base/hash.ts';
import type { AnyFunction, ClassNode, FunctionNode } from '../graph.ts';
import type { FunctionInside } from '../inspect/scopes.ts';
import {
  compiledTextOf,
  isClassLike,
  isNative,
  noteOwners,
  ownerOfPrototype,
  propertyOf,
  valueOf,
} from '../reference/members.ts';
import { memberAt, type MemberPlace, placesOf } from '../reference/module-members.ts';
import { mayReference, pathOf, type ReferencePolicy } from '../reference/module-policy.ts';
import { variablesSeenIn } from '../reference/module-variable.ts';
import { packageOf, readSource } from '../reference/packages.ts';
import type { ModuleReference, Reference } from '../reference/reference.ts';
import { referenceToThere } from '../relocated-paths.ts';
import { urlsOf } from './program-imports.ts';

/** Answers about functions of the program and of packages. */
interface Lookup {
  readonly policy: ReferencePolicy;
  /** Whether a script is of a package that goes by reference. */
  readonly isOfPackage: (url: string) => boolean;
  readonly inside: (fn: AnyFunction) => FunctionInside | undefined;
  /** The reference to a class, even if it may grow. */
  readonly reference: (fn: AnyFunction) => Reference | undefined;
}

/** Classes of packages that go by value, of which the reader may have the same. */
export class PackageClasses {
  readonly #lookup: Lookup;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  /**
   * Whether a class may get members when it is first used, which a job that has just loaded it lacks: it was made by
   * a function of one module, and has members of another.
   */
  mayGrow(type: AnyFunction): boolean {
    const [url = ''] = urlsOf([type]);
    const prototype = valueOf(type, 'prototype');
    if (!this.#lookup.isOfPackage(url) || !isClassLike(type)) return false;
    // Looking into functions takes longer than asking for their scripts, which is done once in a process.
    const others = urlsOf(membersOf(prototype as object)).filter((at) => at !== undefined && at !== url);
    return (
      others.some((at) => packageIn(at as string) === packageIn(url)) && isMade(this.#lookup.inside(type))
    );
  }

  /** Tells the reader where it may have a class itself. */
  addPlaces(type: AnyFunction, node: FunctionNode | ClassNode): void {
    if (!isClassLike(type)) return;
    const sameAs = this.mayGrow(type) ? this.#lookup.reference(type) : undefined;
    if (sameAs !== undefined) node.sameAs = referenceToThere(sameAs);
    const places = this.#placesOf(type);
    if (places.length > 0) node.places = places.map((place) => referenceToThere(place));
  }

  /**
   * The reference to a class that a module of a package exports which this process has loaded by reference, as the
   * reader has or will.
   */
  placeOf(type: AnyFunction): ModuleReference | undefined {
    const [place] = this.#placesOf(type);
    return place && referenceToThere(withTextHash(place));
  }

  /** Whether the reader may have a class itself that goes by value. */
  mayBeThere(type: AnyFunction): boolean {
    return this.#placesOf(type).length > 0 || (isClassLike(type) && this.mayGrow(type));
  }

  #placesOf(type: AnyFunction): ModuleReference[] {
    return placesOf(type)
      .filter(({ url }) => packageIn(url) !== undefined && mayReference(url, this.#lookup.policy))
      .slice(0, MOST_PLACES)
      .map((place) => moduleAt(place));
  }

  /** Notes the class whose prototype an object is, if the prototype does not name it and its methods see it. */
  noteOwnerOf(prototype: object): void {
    if (types.isProxy(prototype) || withOwners.has(prototype)) return;
    withOwners.add(prototype);
    if (ownerOfPrototype(prototype) !== undefined) return;
    const [method] = membersOf(prototype);
    if (method === undefined || !this.#lookup.isOfPackage(urlsOf([method])[0] ?? '')) return;
    const inside = this.#lookup.inside(method);
    for (const value of inside === undefined ? [] : variablesSeenIn(inside).values()) noteOwners(value);
  }
}

/** Prototypes whose classes were looked for. */
const withOwners = new WeakSet<object>();

/** Whether a function or class was made by a call of another function, rather than with its module. */
function isMade(inside: FunctionInside | undefined): boolean {
  const scopes = inside?.scopes ?? [];
  const closures = scopes.filter(({ type }) => type === 'closure').length;
  // Of CommonJS, the module is a function itself.
  return closures > (scopes.some(({ type }) => type === 'module') ? 0 : 1);
}

/** The functions among the properties of an object, getters and setters included. */
function membersOf(object: object): AnyFunction[] {
  return Reflect.ownKeys(object)
    .flatMap((key) => (key === 'constructor' ? [] : Object.values(propertyOf(object, key) ?? {})))
    .filter(
      (part): part is AnyFunction =>
        typeof part === 'function' && !types.isProxy(part) && !isNative(part as AnyFunction),
    );
}

function packageIn(url: string): string | undefined {
  return packageOf(pathOf(url) ?? '')?.name;
}

/** Places of one value that are sent: a reader that has loaded none of them has its own by none. */
export const MOST_PLACES = 3;

/** The reference to a member of a module, without a hash. */
export function moduleAt({ url, format, path }: MemberPlace): ModuleReference {
  const found = packageOf(pathOf(url) as string);
  const reference: ModuleReference = { kind: 'module', url, format, path };
  return found === undefined ? reference : { ...reference, package: found };
}

/** Adds the hash of the text that decides what a member is: that of its class, or else of the whole module. */
export function withTextHash(reference: ModuleReference): ModuleReference {
  const { path, url } = reference;
  const above = path.map((_, at) => memberAt({ ...reference, path: path.slice(0, path.length - at) }));
  const owner = above.find((value) => typeof value === 'function');
  if (owner !== undefined) return { ...reference, textHash: hashOf(compiledTextOf(owner as AnyFunction)) };
  const hash = reference.package === undefined ? readSource(pathOf(url) as string)?.hash : undefined;
  return hash === undefined ? reference : { ...reference, textHash: hash };
}
