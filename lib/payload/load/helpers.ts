import { type Property, propertyOf } from '../reference/members.ts';

export const STAMP: unique symbol = Symbol('install private members only');

/** Access to the private members of a class from outside. */
export interface PrivateAccess {
  readonly fields: Readonly<
    Record<string, readonly [get: (object: object) => unknown, set: (object: object, value: unknown) => void]>
  >;
  /** Evaluates the `body` of the helpers inside the class, where its private names are known. */
  readonly evaluateInBody: (helpers: Helpers) => void;
}

/** Functions and values for emitted code, which has them as one variable: HELPERS of graph.ts. */
export interface Helpers {
  readonly make: ((...args: unknown[]) => unknown)[];
  readonly texts: string[];
  /** Setters of the variables of each context. */
  readonly variables: ((value: unknown) => void)[][];
  /** The `arguments` around arrows that were made in the body of a class, by the index of the arrow. */
  readonly arguments: object[];
  readonly privates: PrivateAccess[];
  body: string;
  /** A constructor called with this as its first argument only installs the private members. */
  readonly stamp: symbol;
  /** Whether initializers of fields are skipped at present. */
  stamping: boolean;
  /** `import.meta` of each file. */
  readonly meta: object[];
  /** Prototype that `super` of a method refers to. */
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
    arguments: [],
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

/** Runs a function that installs private members on an instance, without the initializers of its fields. */
export function stamp<T>(install: () => T): T {
  isStamping = true;
  try {
    return install();
  } finally {
    isStamping = false;
  }
}

/** Shared by all graphs, because a class may have been loaded with another graph than its instance. */
let isStamping = false;

function ownProperty(holder: object): Property {
  const key = Reflect.ownKeys(holder).at(-1) as string;
  return propertyOf(holder, key) as Property;
}
