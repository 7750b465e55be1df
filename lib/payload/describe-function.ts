import { Script } from 'node:vm';
import { SerializationError } from '../errors.ts';
import type { AnyFunction, FunctionDescription } from './function-description.ts';
import { wrapSource } from './load-function.ts';
import { referenceOf } from './module-function.ts';

/**
 * What the execute side needs to have the function: a reference, if there is one, else its source.
 * @throws {SerializationError} if it is a class, bound, or native and no global
 */
export function describeFunction(fn: AnyFunction): FunctionDescription {
  const reference = referenceOf(fn);
  if (reference !== undefined) return reference;
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) return describeNative(fn);
  if (/^class\b/.test(source))
    throw refuse(fn, 'is a class, which cannot be called: send a function that makes one');
  const base = { kind: 'source', name: fn.name, source, directory: process.cwd() } as const;
  // Only functions of sloppy code have this property of their own; of arrows and methods it is not known.
  const strictness = Object.hasOwn(fn, 'caller') ? [false] : [true, false];
  // An accessor's source begins like this, and is none of both; a method called `get` does not.
  const forms = /^[gs]et\s+[^\s(]/.test(source) ? [] : (['expression', 'method'] as const);
  for (const strict of strictness) {
    for (const form of forms) {
      const description = { ...base, form, strict };
      if (compiles(wrapSource(description))) return description;
    }
  }
  throw refuse(fn, 'has a source that means nothing by itself: send a plain function that calls it');
}

function describeNative(fn: AnyFunction): FunctionDescription {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value as unknown;
    if (value === fn) return { kind: 'builtin', path: [name] };
    if (value === globalThis || value === null || (typeof value !== 'object' && typeof value !== 'function'))
      continue;
    const own = Object.entries(Object.getOwnPropertyDescriptors(value)).find(
      ([, property]) => property.value === fn,
    );
    if (own !== undefined) return { kind: 'builtin', path: [name, own[0]] };
  }
  throw refuse(fn, 'is bound or native, so it has no source to send: wrap it in a function');
}

function compiles(code: string): boolean {
  try {
    void new Script(code);
    return true;
  } catch {
    return false;
  }
}

function refuse(fn: AnyFunction, why: string): SerializationError {
  return new SerializationError(`The function ${fn.name.trim() || '(anonymous)'} ${why}`, 'function');
}
