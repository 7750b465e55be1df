import { noteStandIn } from '../identities.ts';
import type { PrivateAccess } from './helpers.ts';

export type AnyClass = (new (...args: unknown[]) => object) & { prototype: object };

/** A class that can install its private members on an object, and the prototype of such objects. */
export interface Brand {
  readonly class: AnyClass;
  readonly access: PrivateAccess | undefined;
  readonly view: object;
}

/**
 * Returns the stand-in for a class of this program, whose private members cannot be installed without running
 * its constructor: a second class from the same text. Its instances are instances of the first, with the
 * methods of the second.
 */
export function twinOf(own: AnyClass, heritage: Brand | undefined, make: () => AnyClass): Brand {
  const known = twins.get(own);
  if (known !== undefined) return known;
  const twin = make();
  noteStandIn(twin, own);
  // Static members that the class uses by its own name, such as a counter, are those of the program's class.
  Object.setPrototypeOf(twin, own);
  const view = Object.create(own.prototype) as object;
  for (const { view: methods } of heritage === undefined ? [] : [heritage]) copyMembers(methods, view);
  copyMembers(twin.prototype, view);
  noteStandIn(twin.prototype, own.prototype);
  noteStandIn(view, own.prototype);
  const brand = { class: twin, access: accessOf(twin), view };
  twins.set(own, brand);
  return brand;
}

export function noteLoadedClass(made: AnyClass, access: PrivateAccess | undefined): void {
  if (access !== undefined) loaded.set(made, access);
}

/** Access to the private members of a class that was loaded here; undefined for a class of this program. */
export function accessOf(known: AnyClass): PrivateAccess | undefined {
  return loaded.get(known);
}

/** Sets how the private fields of an object of this program's own classes are read, which takes the inspector. */
export function setPrivateFieldsReader(read: (object: object) => readonly unknown[]): void {
  readPrivateFields = read;
}

/** The values of an object's private fields, base class first; undefined where they cannot be read. */
export function privateFieldsOf(object: object): readonly unknown[] | undefined {
  return readPrivateFields?.(object);
}

let readPrivateFields: ((object: object) => readonly unknown[]) | undefined;

const loaded = new WeakMap<AnyClass, PrivateAccess>();
const twins = new WeakMap<AnyClass, Brand>();

function copyMembers(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    if (key === 'constructor') continue;
    Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key) as PropertyDescriptor);
  }
}
