import { type Property, propertyOf } from '../reference/members.ts';

/** How the private members of a class are reached from outside of it. */
export interface PrivateAccess {
  readonly fields: Readonly<
    Record<string, readonly [get: (object: object) => unknown, set: (object: object, value: unknown) => void]>
  >;
  /** Evaluates the `body` of the helpers where the class's private names are known. */
  readonly evaluateInBody: (helpers: Helpers) => void;
}

/** What emitted code finds under the name HELPERS. */
export interface Helpers {
  readonly make: ((...args: unknown[]) => unknown)[];
  readonly texts: string[];
  readonly variables: Record<string, (value: unknown) => void>[];
  readonly privates: PrivateAccess[];
  body: string;
  /** A constructor that gets it as first argument only installs the private members. */
  readonly stamp: symbol;
  /** Initialisers of fields give nothing meanwhile. */
  stamping: boolean;
  /** `import.meta` of each file. */
  readonly meta: object[];
  /** The prototype that `super` of a method refers to. */
  home: object | null;
  readonly getter: (holder: object) => unknown;
  readonly setter: (holder: object) => unknown;
  readonly first: (holder: object) => unknown;
}

export function newHelpers(): Helpers {
  return {
    make: [],
    texts: [],
    variables: [],
    privates: [],
    body: '',
    stamp: STAMP,
    get stamping() {
      return isStamping;
    },
    meta: [],
    home: null,
    getter: (holder) => ownProperty(holder).get,
    setter: (holder) => ownProperty(holder).set,
    first: (holder) => ownProperty(holder).value,
  };
}

/** Runs what makes the private members of an instance, without the initialisers of its fields. */
export function stamp<T>(install: () => T): T {
  isStamping = true;
  try {
    return install();
  } finally {
    isStamping = false;
  }
}

export const STAMP: unique symbol = Symbol('install private members only');

/** The same for all graphs: a class may have been loaded with another one than its instance. */
let isStamping = false;

function ownProperty(holder: object): Property {
  const key = Reflect.ownKeys(holder).at(-1) as string;
  return propertyOf(holder, key) as Property;
}
