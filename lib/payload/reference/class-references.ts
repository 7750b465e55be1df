import { types } from 'node:util';
import { showPath, stepOf } from './member-path.ts';
import { isNative, ownerOfPrototype } from './native-text.ts';
import type { Part, Reference, Step } from './reference.ts';
import { hasMembers, walkMembers, type Referable } from './walk-members.ts';
import { valueOf, type SomeFunction } from './properties.ts';

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
