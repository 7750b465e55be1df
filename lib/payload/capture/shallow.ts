import { intrinsicName } from './platform.ts';

/**
 * The object itself, if it is a plain object or array of primitives alone, which v8 writes just as it is; else undefined. Most
 * objects of a large value are leaves of this kind.
 */
export function shallowData(object: object): object | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || !Object.isExtensible(object)) return undefined;
  const isArray = Array.isArray(object);
  if (intrinsicName(prototype) !== (isArray ? 'Array.prototype' : 'Object.prototype')) return undefined;
  if (isArray && !isDenseOfPrimitives(object)) return undefined;
  for (const key of isArray ? [] : Reflect.ownKeys(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    if (typeof key === 'symbol' || !isPlainPrimitive(descriptor)) return undefined;
  }
  // A copy: plain objects of another realm are not plain to v8, and the caller may change this one before it is written.
  return isArray ? Array.from(object as unknown[]) : { ...object };
}

function isDenseOfPrimitives(array: readonly unknown[]): boolean {
  if (Object.keys(array).length !== array.length || Reflect.ownKeys(array).length !== array.length + 1)
    return false;
  for (let index = 0; index < array.length; index += 1) {
    const descriptor = Object.getOwnPropertyDescriptor(array, index);
    if (descriptor === undefined || !isPlainPrimitive(descriptor)) return false;
  }
  return Object.getOwnPropertyDescriptor(array, 'length')?.writable === true;
}

function isPlainPrimitive({ value, writable, enumerable, configurable }: PropertyDescriptor): boolean {
  if (writable !== true || enumerable !== true || configurable !== true) return false;
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  );
}
