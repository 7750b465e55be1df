/** A function as this library handles it: one that it references it does not call. */
export type SomeFunction = (...args: never[]) => unknown;

/** What an own property is, without asking it for its value. */
export interface Property {
  readonly value?: unknown;
  readonly get?: SomeFunction | undefined;
  readonly set?: SomeFunction | undefined;
  readonly enumerable?: boolean;
  readonly writable?: boolean;
  readonly configurable?: boolean;
}

export function propertyOf(object: object, key: PropertyKey): Property | undefined {
  return Reflect.getOwnPropertyDescriptor(object, key) as Property | undefined;
}

/** What is there if it is a plain value; undefined for an accessor. */
export function valueOf(object: object, key: PropertyKey): unknown {
  return propertyOf(object, key)?.value;
}

/** Those with names. */
export function propertiesOf(object: object): [name: string, property: Property][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object) as Record<string, Property>);
}

export function isFunction(value: unknown): value is SomeFunction {
  return typeof value === 'function';
}
