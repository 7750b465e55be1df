import { types } from 'node:util';
import { LANGUAGE_GLOBALS } from '../reference/intrinsics.ts';
import {
  isFunction,
  isNative,
  mainGlobal,
  ownerOfPrototype,
  prototypeOf,
  type SomeFunction,
  valueOf,
} from '../reference/members.ts';
import { packageOf } from '../reference/packages.ts';
import { pathOf } from '../reference/module-policy.ts';
import { type Collection, hasKey, isCollection } from '../reference/module-variable.ts';
import type { ModuleVariables } from './module-variables.ts';
import { urlsOf } from './program-imports.ts';

/**
 * Where a package keeps something of a class that a job does not find there: in a global object of its own, or in a
 * variable that only functions see which it has added to JavaScript, such as `Reflect.getMetadata`. In words;
 * undefined if none does.
 */
export function registryOf(type: object, variables: ModuleVariables): string | undefined {
  const keys = [type, valueOf(type, 'prototype')].filter((key): key is object => isHolder(key));
  const found = registries(variables).find(({ collection }) => keys.some((key) => hasKey(collection, key)));
  return found?.where;
}

interface Registry {
  readonly collection: Collection;
  readonly where: string;
}

/** Looks again when something was added to the global objects; what packages keep there lasts as long as the process. */
function registries(variables: ModuleVariables): readonly Registry[] {
  const holders = [mainGlobal, ...LANGUAGE_GLOBALS.map((name) => valueOf(mainGlobal, name))];
  let count = 0;
  for (const holder of holders) if (isHolder(holder)) count += Reflect.ownKeys(holder).length;
  if (count !== knownCount) {
    known = [...inGlobals(), ...behindAdded(variables, holders)];
    knownCount = count;
  }
  return known;
}

let knownCount = -1;
let known: readonly Registry[] = [];

/** The Maps and Sets of global objects whose class is of a package. */
function* inGlobals(): Generator<Registry> {
  for (const key of Reflect.ownKeys(mainGlobal)) {
    const value = valueOf(mainGlobal, key);
    if (!isHolder(value) || isFunction(value)) continue;
    const owner = ownerOfPrototype(prototypeOf(value) ?? {});
    const name = owner === undefined || isNative(owner) ? undefined : packageIn(owner);
    if (name === undefined) continue;
    for (const property of Object.getOwnPropertyNames(value)) {
      const collection = valueOf(value, property);
      if (isHolder(collection) && isCollection(collection))
        yield { collection, where: `the global variable ${String(key)}.${property} of ${name}` };
    }
  }
}

function behindAdded(variables: ModuleVariables, holders: readonly unknown[]): Registry[] {
  const added = holders
    .slice(1)
    .filter(isHolder)
    .flatMap((holder) => Reflect.ownKeys(holder).map((key) => valueOf(holder, key)))
    .filter((fn): fn is SomeFunction => isFunction(fn) && !types.isProxy(fn) && !isNative(fn));
  return variables.seenDeeplyBy(added).flatMap(({ collections, fn }) =>
    collections.map((collection) => ({
      collection,
      where: `a variable of ${packageIn(fn) ?? 'a package'}`,
    })),
  );
}

function isHolder(value: unknown): value is object {
  return ((typeof value === 'object' && value !== null) || isFunction(value)) && !types.isProxy(value);
}

function packageIn(fn: SomeFunction): string | undefined {
  const [url] = urlsOf([fn]);
  return url === undefined ? undefined : packageOf(pathOf(url) ?? '')?.name;
}
