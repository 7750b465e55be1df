import type {
  ImportReference,
  ModuleReference,
  Reference,
  VariableReference,
} from './reference/reference.ts';

/**
 * A value that is not plain data, as a table of nodes, one for each object, function, class and symbol, and
 * the variables that functions share. The graph itself is plain data and flat, however deep the value is.
 */
export interface Graph {
  readonly root: Slot;
  /** Modules that the reader imports before all others. */
  readonly preloads?: readonly ImportReference[];
  readonly nodes: readonly Node[];
  readonly contexts: readonly Context[];
  readonly files: readonly SourceFile[];
  /**
   * Variables of scripts, which the loader defines on the global object unless it has a property of the name.
   */
  readonly globals: readonly (readonly [name: string, value: Slot])[];
  /** Name of the loader's helpers in the texts, if it is not {@link HELPERS}. */
  readonly helpers?: string;
  /** Modules that are loaded with those that the graph refers to, because these import them. */
  readonly modules?: readonly ModuleReference[];
}

/** A value: a primitive as itself, anything else as the index of its node in an array of one. */
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

/**
 * A name for an object or symbol that the reader may have itself, such as a member of an enum: then it takes
 * its own, if that is as this one.
 */
export interface Counterpart {
  /** Id of the object, by which a process knows it that sent it or received it. */
  readonly id: string;
  /** Places of it in modules, which count where the reader has loaded one of them. */
  readonly places: readonly ModuleReference[];
  /** Variable of a module that holds it: the reader loads that module. */
  readonly variable?: VariableReference | undefined;
}

/** Plain data at any depth, which v8 writes as it is. */
export interface DataNode {
  readonly kind: 'data';
  readonly value: unknown;
  readonly counterpart?: Counterpart;
}

export interface SymbolNode {
  readonly kind: 'symbol';
  readonly description: string | undefined;
  /**
   * Id of a local symbol, the same in all processes; a registered symbol (`Symbol.for`) has its key instead.
   */
  readonly id?: string;
  readonly key?: string;
  readonly counterpart?: Counterpart;
}

export interface ReferenceNode {
  readonly kind: 'reference';
  readonly reference: Reference;
  /**
   * Entries that the reader adds to the collection which the reference names: keys that are sent, each followed by its
   * value unless it is a set.
   */
  entries?: Slot[];
}

/** State that any kind of object can have; only differences from a new object of that kind are present. */
export interface ObjectState {
  prototype?: Slot;
  properties?: Properties;
  /** Whether no properties can be added. Frozen and sealed objects have flags on their properties as well. */
  fixed?: true;
  /** Nodes of the object's classes that have private members, base class first. */
  brands?: readonly number[];
  /** Private fields, each with the node of the class that declares it. */
  privates?: readonly (readonly [classNode: number, name: string, value: Slot])[];
  counterpart?: Counterpart;
  /** Present for errors in what a call threw. */
  error?: ErrorSeen;
}

/** Words for an error in case its reader does not have its class. */
export interface ErrorSeen {
  /** Names of its class and of that class's ancestors, nearest first. */
  readonly classes: readonly string[];
  /** Number of classes at the beginning of the list that are not sent. */
  readonly unknown: number;
  /** Properties, its own or those of its class, by which people see what it is; the name alone if its class is sent. */
  readonly shown: Partial<Record<'name' | 'message' | 'code' | 'stack', unknown>>;
}

/** Own properties in order. */
export interface Properties {
  readonly keys: Slot[];
  /** Values; getters of accessors. */
  readonly values: Slot[];
  /** Flags by index, where they differ from {@link PLAIN_PROPERTY}. */
  flags?: Record<number, number>;
  /** Setters of accessors by index. */
  setters?: Record<number, Slot>;
}

/** Flags of a property. */
export const WRITABLE = 1;
export const ENUMERABLE = 2;
export const CONFIGURABLE = 4;
export const ACCESSOR = 8;
export const PLAIN_PROPERTY = 7;

export type ObjectNode = ObjectState &
  /** The `prototype` of a constructor function has an id if its `constructor` does not tell that. */
  (
    | { readonly kind: 'object'; readonly id?: string }
    | { readonly kind: 'error' | 'emitter' | 'namespace' }
    | { readonly kind: 'array'; readonly length: number }
    | { readonly kind: 'map'; readonly entries: readonly Slot[] }
    | { readonly kind: 'set'; readonly entries: readonly Slot[] }
    /** Identified like classes, because compiled classes keep private members of their instances in them. */
    | { readonly kind: 'weak-map' | 'weak-set'; readonly id: string; entries: readonly Slot[] }
    | { readonly kind: 'date'; readonly time: number }
    | ({ readonly kind: 'dom-exception' } & DomExceptionParts)
    | { readonly kind: 'regexp'; readonly source: string; readonly flags: string }
    | { readonly kind: 'boxed'; readonly value: Slot }
    | { readonly kind: 'promise'; readonly state: 'fulfilled' | 'rejected'; readonly value: Slot }
    | { readonly kind: 'arguments'; readonly length: number }
    | { readonly kind: 'buffer'; bytes: ArrayBuffer; readonly maxByteLength?: number }
    | {
        readonly kind: 'view';
        /** Name of the class: `Uint8Array`, `DataView`, `Buffer`… */
        readonly type: string;
        buffer: Slot;
        offset: number;
        /** Number of elements; undefined if it follows the length of its resizable buffer. */
        readonly length: number | undefined;
      }
  );

/** Internal state of a DOMException. */
export interface DomExceptionParts {
  readonly name: string;
  readonly message: string;
  /** Present for a QuotaExceededError, which is a class of its own since Node 26. */
  readonly quota?: { readonly quota: number | null; readonly requested: number | null } | undefined;
}

/** Position of a text in its file, kept when it is compiled again; lines and columns count from 0. */
export interface Place {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

export interface FunctionNode extends ObjectState {
  readonly kind: 'function';
  readonly place: Place;
  /** The expression `before + text + after` evaluates to the function. */
  before: string;
  text: string;
  readonly after: string;
  readonly strict: boolean;
  /** Id of a function that may be a constructor; see {@link ClassNode}. */
  id?: string;
  /** Places of a class in modules of packages: a reader that has loaded one of them takes that if it is the same. */
  places?: readonly ModuleReference[];
  /** A class that the reader loads, and takes if it is the same: it may get members after its module was loaded. */
  sameAs?: Reference;
  /** Index of the innermost context whose variables it uses; -1 if it uses none. */
  context: number;
  readonly name: unknown;
  readonly length: unknown;
  /** Text that `toString` should return, if `text` is edited. */
  readonly original?: string | undefined;
  /** Whether all variables that it captures are those of its module, of which a process has one each. */
  readonly ofModule?: true;
  /** `this` and `new.target` of the function around an arrow that uses them. */
  self?: Slot;
  newTarget?: Slot;
  /** The `arguments` around an arrow that uses it, in a list of one. */
  arguments?: readonly [Slot];
  /** Prototype of the object that a method was defined in, if the method uses `super`. */
  home?: Slot;
  /** Node of the class in whose body it is evaluated, because of the class's private names. */
  body?: number;
}

export interface ClassNode extends ObjectState {
  readonly kind: 'class';
  readonly place: Place;
  text: string;
  readonly original?: string | undefined;
  context: number;
  readonly id: string;
  /** Places where the reader may have it, see {@link FunctionNode.places} and {@link FunctionNode.sameAs}. */
  places?: readonly ModuleReference[];
  sameAs?: Reference;
  /** Where a module of the program exports the class, if that is sent all the same. */
  readonly module?: ModuleReference;
  /** Whether a job sends it, so that the reader has the class of its own module. */
  readonly isOfJob?: boolean;
  readonly name: unknown;
  readonly length: unknown;
  /** Value of its `extends` clause; undefined if its text is enough, or it extends nothing. */
  readonly heritage: Slot;
  /** Computed keys in the order of the text. */
  readonly keys: readonly Slot[];
  /** Whether it has private members of any kind, so that functions may have to be evaluated in its body. */
  readonly hasPrivates: boolean;
  /** Private names of fields that the loader reads and writes. */
  readonly privateNames: readonly string[];
  /** Whether and how running the constructor gives an instance its private members. */
  readonly stamp: 'none' | 'base' | 'derived';
  /** Methods and accessors in the text that were deleted from the live class. */
  readonly removed: readonly (readonly [isStatic: boolean, key: Slot])[];
  /** Node of the class in whose body it is evaluated, because of that class's private names. */
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

/** Method or accessor function that the text of a class defines. */
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

/** Object of the platform that is rebuilt from a plain description; see reducers.ts. */
export interface RebuiltNode extends ObjectState {
  readonly kind: 'rebuilt';
  readonly type: string;
  readonly data: unknown;
}

/** Object that a reducer replaced by the call `rebuild(...arguments)`. */
interface ReducedNode {
  readonly kind: 'reduced';
  readonly rebuild: Slot;
  readonly arguments: readonly Slot[];
}

/** Value that the reader gets from elsewhere by name: the result of another call. */
interface ElsewhereNode {
  readonly kind: 'elsewhere';
  readonly name: string;
}

/** Path of a file that is transferred with the call, among its files or in the job's scratch directory. */
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

/** Variables that functions share, so that each sees the others' assignments. */
export interface Context {
  /** Index of the context around it; -1 if there is none. */
  readonly parent: number;
  readonly file: number;
  readonly names: readonly string[];
  readonly values: readonly Slot[];
  /** Node of the class whose body it is; functions in it may use the class's private names. */
  readonly class?: number;
}

/** File that functions come from. */
export interface SourceFile {
  /** URL that `import()`, `require` and stack traces in its functions use. */
  readonly url: string;
  /** Source map, as JSON, for the lines that are sent, if the file was compiled from another. */
  readonly sourceMap?: string | undefined;
}

/**
 * Name of the variable that holds the loader's helpers in emitted code; all other names there that are not the
 * user's begin with it. A graph with a text that contains it has another name instead.
 */
export const HELPERS = '$condor_futures';

/** Any function that can be called on another machine. */
// oxlint-disable-next-line typescript/no-explicit-any -- only `any` accepts every list of parameters
export type AnyFunction = (...args: any[]) => unknown;
