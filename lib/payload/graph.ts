import type { Reference } from './reference/reference.ts';

/**
 * What travels where plain data does not do: a table of nodes, one for each object, function, class and symbol, and the
 * variables that functions share. It is plain data itself, as deep as a list, whatever the depth of what it describes.
 */
export interface Graph {
  readonly root: Slot;
  readonly nodes: readonly Node[];
  readonly contexts: readonly Context[];
  readonly files: readonly SourceFile[];
  /** Variables of scripts, which are properties of the global object: set there, unless there is one of the name. */
  readonly globals: readonly (readonly [name: string, value: Slot])[];
}

/** A value: a primitive as itself, anything else by the index of its node, in an array of one. */
export type Slot = undefined | null | boolean | number | bigint | string | readonly [node: number];

export type Node =
  | DataNode
  | SymbolNode
  | ReferenceNode
  | ObjectNode
  | FunctionNode
  | ClassNode
  | BoundNode
  | MemberNode
  | PrototypeNode
  | RebuiltNode
  | ReducedNode
  | ElsewhereNode
  | GivenNode
  | ProxyNode;

/** Plain through and through: v8 writes it as it is. */
export interface DataNode {
  readonly kind: 'data';
  readonly value: unknown;
}

export interface SymbolNode {
  readonly kind: 'symbol';
  readonly description: string | undefined;
  /** Of a local symbol, the same wherever it travels; a registered one (`Symbol.for`) has its key instead. */
  readonly id?: string;
  readonly key?: string;
}

export interface ReferenceNode {
  readonly kind: 'reference';
  readonly reference: Reference;
}

/** What any object has besides its kind: only what differs from a fresh object of that kind. */
export interface ObjectState {
  prototype?: Slot;
  properties?: Properties;
  /** No properties can be added. Frozen and sealed objects have, besides, properties whose flags say so. */
  fixed?: true;
  /** The classes among its ancestors that have private members, base first. */
  brands?: readonly number[];
  /** Its private fields, with the node of the class that declares each. */
  privates?: readonly (readonly [classNode: number, name: string, value: Slot])[];
}

/** Own properties in their order. */
export interface Properties {
  readonly keys: Slot[];
  /** The value; of an accessor, its getter. */
  readonly values: Slot[];
  /** {@link PropertyFlag}s, where they are not those of a plain property. */
  flags?: Record<number, number>;
  /** Setters of accessors. */
  setters?: Record<number, Slot>;
}

/** What a property is, in bits. */
export const WRITABLE = 1;
export const ENUMERABLE = 2;
export const CONFIGURABLE = 4;
export const ACCESSOR = 8;
export const PLAIN_PROPERTY = 7;

export type ObjectNode = ObjectState &
  (
    | { readonly kind: 'object' | 'error' | 'emitter' | 'namespace' }
    | { readonly kind: 'array'; readonly length: number }
    | { readonly kind: 'map'; readonly entries: readonly Slot[] }
    | { readonly kind: 'set'; readonly entries: readonly Slot[] }
    /** Known by their ids, as classes are: they may be where a class keeps private members of its instances. */
    | { readonly kind: 'weak-map' | 'weak-set'; readonly id: string; entries: readonly Slot[] }
    | { readonly kind: 'date'; readonly time: number }
    | { readonly kind: 'regexp'; readonly source: string; readonly flags: string }
    | { readonly kind: 'boxed'; readonly value: Slot }
    | { readonly kind: 'promise'; readonly state: 'fulfilled' | 'rejected'; readonly value: Slot }
    | { readonly kind: 'arguments'; readonly length: number }
    | { readonly kind: 'buffer'; bytes: ArrayBuffer; readonly maxByteLength?: number }
    | {
        readonly kind: 'view';
        /** `Uint8Array`, `DataView`, `Buffer`… */
        readonly type: string;
        buffer: Slot;
        offset: number;
        /** In elements; undefined if it follows the length of its resizable buffer. */
        readonly length: number | undefined;
      }
  );

/** Where a text comes from and goes back to: lines and columns of a file, from 0. */
export interface Place {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

export interface FunctionNode extends ObjectState {
  readonly kind: 'function';
  readonly place: Place;
  /** An expression whose value is the function is `before + text + after`. */
  readonly before: string;
  text: string;
  readonly after: string;
  readonly strict: boolean;
  /** The index of the innermost context that it uses variables of; -1 if it uses none. */
  context: number;
  readonly name: unknown;
  readonly length: unknown;
  /** The text as `toString` has to give it, where `text` is edited. */
  readonly original?: string | undefined;
  /** Of an arrow that uses them: what they are in the function around it. */
  self?: Slot;
  arguments?: readonly Slot[];
  newTarget?: Slot;
  /** The prototype of the object that a method was defined in, if it says `super`. */
  home?: Slot;
  /** The class in whose body it is made, as it uses private names of it. */
  body?: number;
}

export interface ClassNode extends ObjectState {
  readonly kind: 'class';
  readonly place: Place;
  readonly text: string;
  readonly original?: string | undefined;
  context: number;
  readonly id: string;
  readonly name: unknown;
  readonly length: unknown;
  /** What it extends; undefined if it says so in its text, or extends nothing. */
  readonly heritage: Slot;
  /** Computed keys, in the order of the text. */
  readonly keys: readonly Slot[];
  /** Whether it has private members of any kind, so that functions may have to be made in its body. */
  readonly hasPrivates: boolean;
  /** Private names of fields, which the loader reads and writes. */
  readonly privateNames: readonly string[];
  /** Whether an instance gets its private members by running the constructor, and which way. */
  readonly stamp: 'none' | 'base' | 'derived';
  /** Methods and accessors of the text that the live class has no more. */
  readonly removed: readonly (readonly [isStatic: boolean, key: Slot])[];
  /** The class in whose body it is made, as it uses private names of it. */
  body?: number;
}

export interface BoundNode extends ObjectState {
  readonly kind: 'bound';
  readonly target: Slot;
  readonly self: Slot;
  readonly arguments: readonly Slot[];
  readonly name: unknown;
  readonly length: unknown;
}

/** A method or accessor function that the text of a class makes. */
export interface MemberNode extends ObjectState {
  readonly kind: 'member';
  readonly class: number;
  readonly static: boolean;
  readonly key: Slot;
  readonly part: 'value' | 'get' | 'set';
}

/** The `prototype` object of a function or class. */
export interface PrototypeNode extends ObjectState {
  readonly kind: 'prototype';
  readonly of: number;
}

/** An object of the platform that is made anew from what it says of itself; see rebuilt.ts. */
export interface RebuiltNode extends ObjectState {
  readonly kind: 'rebuilt';
  readonly type: string;
  readonly data: unknown;
}

/** What a reducer made of an object: `rebuild(...arguments)` makes it again. */
export interface ReducedNode {
  readonly kind: 'reduced';
  readonly rebuild: Slot;
  readonly arguments: readonly Slot[];
}

/** A value that the reader has from elsewhere, by this name: what another call has returned. */
export interface ElsewhereNode {
  readonly kind: 'elsewhere';
  readonly name: string;
}

/** The path of a file that travels with the call: among its files, or in the job's own directory. */
export interface GivenNode {
  readonly kind: 'given';
  readonly from: 'files' | 'scratch';
  readonly path: string;
}

export interface ProxyNode {
  readonly kind: 'proxy';
  readonly target: Slot;
  readonly handler: Slot;
}

/** Variables that some functions share: what one of them assigns, the others see. */
export interface Context {
  /** The context around it; -1 if there is none. */
  readonly parent: number;
  readonly file: number;
  readonly names: readonly string[];
  readonly values: readonly Slot[];
  /** The node of the class whose body it is: functions in it may use the class's private names. */
  readonly class?: number;
}

/** A file that functions come from. */
export interface SourceFile {
  /** What `import()`, `require` and stack traces in its functions go by. */
  readonly url: string;
  /** A source map (as JSON) for the lines that travel, if the file was made from another. */
  readonly sourceMap?: string | undefined;
}

/** The name by which emitted code finds what the loader gives it. */
export const HELPERS = '$condor_futures';

/** Any function that can be called on another machine. */
// oxlint-disable-next-line typescript/no-explicit-any -- only `any` accepts every list of parameters
export type AnyFunction = (...args: any[]) => unknown;
