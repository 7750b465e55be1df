import type { GivenFiles } from '../given-files.ts';
import type { ErrorSeen, Node, ObjectNode, Slot } from '../graph.ts';
import type { Reference } from '../reference/reference.ts';
import type { GraphOptions } from './capture-options.ts';
import type { CodeInfo } from './code-info.ts';
import type { References } from './references.ts';
import type { Edge } from './refusal.ts';

/**
 * The capture as its describers see it. A describer turns one value into a node. It passes every value it
 * finds inside to {@link CaptureSink.slot}, which returns the slot at once and has that value described
 * later, so nothing recurses.
 */
export interface CaptureSink {
  readonly options: GraphOptions;
  /** The input files of a call; undefined outside of a call's arguments, where input files are refused. */
  readonly files: GivenFiles | undefined;
  /** Names of objects that the reader takes from another call's result. */
  readonly elsewhere: Elsewhere | undefined;
  readonly references: References;
  /** Present where what a call threw is described, of which all is sent that can be. */
  readonly thrown: ThrownRules | undefined;
  /** The nodes by index; undefined until the value is described. */
  readonly nodes: (Node | undefined)[];

  /**
   * The slot of a value. An object, function or symbol that is new gets a node and is queued.
   * @param from the node the value was found in; `-1` for the root
   * @param fallback finds a reference to use if the value cannot be sent
   */
  slot(value: unknown, from: number, edge: Edge, fallback?: FindReference): Slot;
  /** The slot of a value that is known to go by reference. */
  reference(value: object | symbol, reference: Reference, from: number, edge: Edge): Slot;
  /** The slot of a module's exports, of which only these members are sent. */
  partialSlot(module: object, members: Iterable<string>, from: number, edge: Edge): Slot;
  /** Adds a finished node, for a value that is not queued. */
  addNode(node: Node, value: object | symbol, from: number, edge: Edge): number;
  /** Replaces a function's node, because the text of its class creates the function. */
  replaceByMember(index: number, node: Node): void;
  /** The value of a node. */
  valueAt(index: number): object | symbol;
  /** The node of a value; undefined if the value has not been reached. */
  indexOf(value: object | symbol): number | undefined;
  /** Runs `act`; a Refusal it throws becomes an error with the path to the node. */
  guard<T>(index: number, act: () => T): T;

  /** Whether a text is sent instead of a value that cannot be sent. */
  isInWords(value: unknown): boolean;

  /**
   * The function or class that goes by value as this node; undefined while it is pending, or goes by
   * reference.
   */
  codeInfoAt(index: number): CodeInfo | undefined;
  /** All functions and classes that go by value so far. */
  readonly codeInfos: Iterable<CodeInfo>;
  /** The prototype of the object that holds a function, for its `super`. */
  homeOf(fn: object): object | null | undefined;

  // The rest is completed once more of the graph is known.

  /** Notes that an object holds a function, which may be a method that uses `super`. */
  noteHome(fn: object, object: object): void;
  /** Notes that an object is the `prototype` of the owner, whose node is `ownerIndex`. */
  notePrototype(index: number, ownerIndex: number, owner: object, prototype: object): void;
  /** Notes that an object may have private members. */
  notePrivates(index: number, object: object): void;
  noteWeak(index: number, collection: WeakMap<object, unknown> | WeakSet<object>): void;
  noteBuffer(buffer: ArrayBuffer): void;
  /** Notes a view, whose node still needs its buffer. */
  noteView(index: number, view: ArrayBufferView, node: ViewNode): void;
}

export interface ThrownRules {
  /** Describes a part that cannot be sent, and arrives as this text. */
  inWords(part: object): string;
  /** Tells an error apart from other objects, and which of its prototypes is sent. */
  errorOf(object: object, sink: CaptureSink): { seen: ErrorSeen; prototype: object | null } | undefined;
}

/** The name by which the reader has an object; undefined for objects that are sent. May throw a Refusal. */
export type Elsewhere = (object: object) => string | undefined;

/** Looks for a reference. */
export type FindReference = () => Reference | undefined;

export type ViewNode = Extract<ObjectNode, { kind: 'view' }>;
