import type { Boxed } from '../../base/as-it-is.ts';
import { PayloadError } from '../../base/errors.ts';
import type { Graph, Node, ObjectState, Properties, Slot } from '../graph.ts';
import { type Identities, PROCESS_IDENTITIES } from '../identities.ts';
import { mainGlobal } from '../reference/members.ts';
import { CodeLoader, compileFiles } from './code-loader.ts';
import { counterpartOf, findCounterparts } from './counterparts.ts';
import type { AnyClass } from './known-classes.ts';
import { loadReferences } from './load-references.ts';
import { type Filling, fillObject, makeShell, type ThrownLoading } from './objects.ts';

/**
 * Makes the value that a graph describes. First all nodes are made empty, each after its dependencies, then
 * variables and properties are set; thus any references between them work, and nothing is recursive.
 * @param fromElsewhere gives results of other calls, which the graph only names
 * @param thrown for what a call threw, of which all is loaded that can be
 * @throws {ModuleLoadError} {@link PayloadError}
 */
export async function loadGraph(
  graph: Graph,
  fromElsewhere: FromElsewhere = refuse,
  identities: Identities = PROCESS_IDENTITIES,
  thrown?: ThrownLoading,
): Promise<Boxed> {
  const references = await loadReferences(graph, identities, thrown);
  const loader = new GraphLoader(graph, references, identities, compileFiles(graph), thrown);
  const elsewhere = [...graph.nodes.entries()].filter(([, { kind }]) => kind === 'elsewhere');
  // These results may be older: their instances are of the classes of this graph, as they are now.
  if (elsewhere.length > 0) loader.loadClasses();
  for (const [index, node] of elsewhere) {
    if (node.kind === 'elsewhere') references.set(index, await fromElsewhere(node.name, identities));
  }
  return { value: loader.load() };
}

/**
 * A graph that is loaded again and again, each time with a state of its own: its modules are loaded once, and
 * its code is compiled once.
 */
export class RepeatedGraph {
  readonly #read: () => Graph;
  #graph: Graph;
  #files: ReturnType<typeof compileFiles> | undefined;
  #references: ReadonlyMap<number, unknown> | undefined;
  #isUsed = false;

  /**
   * @param graph without results of other calls
   * @param read reads the same graph again
   */
  constructor(graph: Graph, read: () => Graph) {
    this.#graph = graph;
    this.#read = read;
  }

  /** @throws as {@link loadGraph} */
  async load(identities: Identities): Promise<Boxed> {
    this.#references ??= await loadReferences(this.#graph, identities);
    this.#files ??= compileFiles(this.#graph);
    // The value that was loaded before has taken these parts, and may have changed them.
    if (this.#isUsed && this.#graph.nodes.some(({ kind }) => TAKEN_KINDS.has(kind)))
      this.#graph = this.#read();
    this.#isUsed = true;
    return { value: new GraphLoader(this.#graph, this.#references, identities, this.#files).load() };
  }
}

/** Kinds of nodes with a part that becomes part of the value, where others are only read. */
const TAKEN_KINDS: ReadonlySet<string> = new Set(['data', 'buffer', 'rebuilt']);

/** Gives the result of another call by its name. */
export type FromElsewhere = (name: string, identities: Identities) => Promise<unknown>;

async function refuse(name: string): Promise<never> {
  throw new PayloadError(
    `The payload has a place for result ${name} of another call, which is not at hand here`,
  );
}

class GraphLoader implements Filling {
  readonly #graph: Graph;
  readonly #code: CodeLoader;
  readonly #references: ReadonlyMap<number, unknown>;
  readonly identities: Identities;
  readonly thrown: ThrownLoading | undefined;
  readonly #values: unknown[] = [];
  /** Nodes whose making has started. They differ from the nodes made only while a reducer runs. */
  readonly #started = new Set<number>();
  readonly #made = new Set<number>();
  readonly #filled = new Set<number>();

  constructor(
    graph: Graph,
    references: ReadonlyMap<number, unknown>,
    identities: Identities,
    files: ReturnType<typeof compileFiles>,
    thrown?: ThrownLoading,
  ) {
    this.#graph = graph;
    this.#references = references;
    this.identities = identities;
    this.thrown = thrown;
    this.#code = new CodeLoader(graph, this, identities, { files, references });
    this.#takeCounterparts();
  }

  /** Makes the classes, with all that they refer to, if that needs no result of another call. */
  loadClasses(): void {
    const classes = [...this.#graph.nodes.entries()].filter(([, { kind }]) => kind === 'class');
    const needed = reachableFrom(
      this.#graph,
      classes.map(([index]) => [index] as const),
    );
    if ([...needed].some((index) => this.node(index).kind === 'elsewhere')) return;
    this.#complete([...needed].filter((index) => !this.#made.has(index)));
  }

  load(): unknown {
    this.#complete(this.#graph.nodes.keys());
    return this.value(this.#graph.root);
  }

  value(slot: Slot): unknown {
    return typeof slot === 'object' && slot !== null ? this.#values[slot[0]] : slot;
  }

  get code(): CodeLoader {
    return this.#code;
  }

  node(index: number): Node {
    return this.#graph.nodes[index] as Node;
  }

  /** Takes what this process has itself in place of nodes. */
  #takeCounterparts(): void {
    const found = findCounterparts(this.#graph, this.identities, {
      reference: (index) => this.#references.get(index),
      known: (index) => this.#code.knownAt(index) as AnyClass | undefined,
    });
    for (const [index, value] of found) {
      this.#values[index] = value;
      for (const done of [this.#started, this.#made, this.#filled]) done.add(index);
      this.#remember(index);
    }
  }

  /** Lets an object or function be found by later payloads as the one that both sides have. */
  #remember(index: number): void {
    const { id } = counterpartOf(this.node(index)) ?? {};
    if (id === undefined || this.identities.find(id) !== undefined) return;
    this.identities.remember(this.#values[index] as object, id);
  }

  /** Makes nodes and sets their variables and properties. */
  #complete(indices: Iterable<number>): void {
    const all = [...indices];
    for (const index of all) this.#makeAfterDependencies(index);
    this.#code.setVariables(all, this.#made);
    for (const [name, slot] of this.#graph.globals) setGlobal(name, this.value(slot));
    // A reducer may have filled some already; nodes that refer to the object it is about to make are filled
    // later.
    const unfilled = all.filter((index) => !this.#filled.has(index) && this.#isReady(index));
    for (const index of unfilled) this.#filled.add(index);
    for (const index of unfilled) if (!this.#code.isKnown(index)) fillObject(this, index, this.node(index));
    this.#code.fillArguments();
    // Last, because nothing can be added afterwards.
    for (const index of unfilled) {
      const node = this.node(index);
      if ('fixed' in node && node.fixed && !this.#code.isKnown(index)) {
        Object.preventExtensions(this.#values[index]);
      }
    }
  }

  #isReady(index: number): boolean {
    return (
      this.#started.size === this.#made.size ||
      referredBy(this.node(index)).every((other) => this.#made.has(other))
    );
  }

  /** Does not use recursion, so that chains may have any length. */
  #makeAfterDependencies(index: number): void {
    const stack = [index];
    const visited = new Set<number>();
    while (stack.length > 0) {
      const top = stack.at(-1) as number;
      if (this.#made.has(top) || this.#started.has(top)) stack.pop();
      else {
        const missing = dependenciesOf(this.node(top)).filter((needed) => !this.#made.has(needed));
        if (missing.length > 0 && !visited.has(top)) {
          visited.add(top);
          stack.push(...missing);
        } else {
          stack.pop();
          this.#started.add(top);
          this.#values[top] = this.#make(top, this.node(top));
          this.#made.add(top);
          this.#remember(top);
        }
      }
    }
  }

  #make(index: number, node: Node): unknown {
    switch (node.kind) {
      case 'reference':
      case 'elsewhere':
        return this.#references.get(index);
      case 'function':
      case 'class':
      case 'member':
      case 'prototype':
        return this.#code.make(index, node);
      case 'reduced': {
        const needed = reachableFrom(this.#graph, [
          node.rebuild,
          ...node.arguments,
          ...this.#graph.globals.map(([, slot]) => slot),
        ]);
        // A variable that holds the object is set once everything is made.
        this.#complete([...needed].filter((other) => !this.#started.has(other)));
        const rebuild = this.value(node.rebuild) as (...args: unknown[]) => unknown;
        return rebuild(...node.arguments.map((slot) => this.value(slot)));
      }
      case 'object':
        return this.#code.knownAt(index) ?? makeShell(this, node);
      default:
        return makeShell(this, node);
    }
  }
}

/** Nodes without which a node cannot be made; its other references can be set later. */
function dependenciesOf(node: Node): readonly number[] {
  switch (node.kind) {
    case 'data':
    case 'symbol':
    case 'reference':
    case 'elsewhere':
    case 'given':
    case 'reduced':
      return NONE;
    case 'class':
      return [...nodesOf([node.heritage, ...node.keys]), ...bodyOf(node)];
    case 'function':
      return [...nodesOf([node.self, ...(node.arguments ?? []), node.newTarget, node.home]), ...bodyOf(node)];
    case 'bound':
      return nodesOf([node.target, node.self, ...node.arguments]);
    case 'member':
      return [node.class, ...nodesOf([node.key])];
    case 'prototype':
      return [node.of];
    case 'proxy':
      return nodesOf([node.target, node.handler]);
    case 'view':
      return [...nodesOf([node.buffer]), ...classesOf(node)];
    case 'boxed':
      return [...nodesOf([node.value]), ...classesOf(node)];
    default:
      return classesOf(node);
  }
}

/** Nodes of the prototype of an object, and of its classes with private members. */
function classesOf({ prototype, brands }: ObjectState): readonly number[] {
  return prototype === undefined && brands === undefined
    ? NONE
    : [...nodesOf([prototype]), ...(brands ?? [])];
}

const NONE: readonly number[] = [];

/** Node of the class in whose body a function or class is made, if any. */
function bodyOf({ body }: { readonly body?: number }): number[] {
  return body === undefined ? [] : [body];
}

/** All nodes that values refer to, directly or indirectly. */
function reachableFrom({ nodes, contexts }: Graph, slots: readonly Slot[]): Set<number> {
  const reached = new Set(nodesOf(slots));
  // Iterating over a set includes elements that are added meanwhile.
  for (const index of reached) {
    for (const next of referredBy(nodes[index] as Node)) reached.add(next);
    const node = nodes[index] as Node;
    for (let context = contextOf(node); context >= 0; context = contexts[context]?.parent ?? -1) {
      for (const next of nodesOf(contexts[context]?.values ?? [])) reached.add(next);
      const home = contexts[context]?.class;
      if (home !== undefined) reached.add(home);
    }
  }
  return reached;
}

/** Nodes that a node refers to. */
function referredBy(node: Node): number[] {
  return nodesOf(slotsOf(node));
}

function contextOf(node: Node): number {
  return node.kind === 'function' || node.kind === 'class' ? node.context : -1;
}

function slotsOf(node: Node): Slot[] {
  if (node.kind === 'data') return [];
  const own = Object.values(node).flatMap((value: unknown) => (isSlotList(value) ? value : []));
  const state = node as ObjectState;
  return [
    ...dependenciesOf(node).map((index) => [index] as const),
    ...own,
    ...propertySlots(state.properties),
    ...(state.privates ?? []).flatMap(([index, , value]) => [[index] as const, value]),
    ...('value' in node ? [node.value] : []),
    ...(node.kind === 'reduced' ? [node.rebuild] : []),
    ...('prototype' in node ? [node.prototype] : []),
  ];
}

/** Whether a value is a list of entries, arguments or keys. */
function isSlotList(value: unknown): value is Slot[] {
  return Array.isArray(value) && value.every((slot) => !Array.isArray(slot) || slot.length === 1);
}

function propertySlots(properties: Properties | undefined): Slot[] {
  if (properties === undefined) return [];
  return [...properties.keys, ...properties.values, ...Object.values(properties.setters ?? {})];
}

function nodesOf(slots: readonly Slot[]): number[] {
  return slots.flatMap((slot) => (typeof slot === 'object' && slot !== null ? [slot[0]] : []));
}

/** Names of globals that were set for functions of a graph. */
const ownGlobals = new Set<string>();

/**
 * Sets a variable of a script as a property of the global object, unless this program has its own property of
 * the name.
 */
function setGlobal(name: string, value: unknown): void {
  if (Object.hasOwn(mainGlobal, name) && !ownGlobals.has(name)) return;
  ownGlobals.add(name);
  Object.defineProperty(mainGlobal, name, { value, writable: true, enumerable: true, configurable: true });
}
