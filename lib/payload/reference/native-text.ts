import { types } from 'node:util';
import { valueOf, type SomeFunction } from './properties.ts';

export function textOf(fn: SomeFunction): string {
  return Function.prototype.toString.call(fn);
}

/** Whether there is no source: a function of the engine or of an addon, or one that is bound, or a proxy. */
export function isNative(fn: SomeFunction): boolean {
  return textOf(fn).endsWith('{ [native code] }');
}

/** Whether a function is the engine's: what `bind` and `Proxy` make prints without a name. */
export function isNamedNative(fn: SomeFunction): boolean {
  return /^function [^(]+\(\) \{ \[native code\] \}$/.test(textOf(fn));
}

/** Its own `name`, unless that is an accessor. */
export function nameOf(fn: SomeFunction): string {
  const name: unknown = valueOf(fn, 'name');
  return typeof name === 'string' ? name : '';
}

/** The function or class whose `prototype` the object is. */
export function ownerOfPrototype(object: object): SomeFunction | undefined {
  if (types.isProxy(object)) return undefined;
  const owner: unknown = valueOf(object, 'constructor');
  if (typeof owner !== 'function' || types.isProxy(owner)) return undefined;
  const isIts = valueOf(owner, 'prototype') === object;
  return isIts ? (owner as SomeFunction) : undefined;
}
