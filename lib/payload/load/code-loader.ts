import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FunctionSyntaxError } from '../../base/errors.ts';
import type {
  ClassNode,
  FunctionNode,
  Graph,
  MemberNode,
  Node,
  ObjectState,
  PrototypeNode,
  Slot,
} from '../graph.ts';
import { type Identities, noteOriginal, textOf } from '../identities.ts';
import { referenceToHere, toHere } from '../relocated-paths.ts';
import { compileFile } from '../reference/load-reference.ts';
import { memberAt } from '../reference/module-members.ts';
import type { ModuleReference } from '../reference/reference.ts';
import { emitFile } from './emit-file.ts';
import { type Helpers, newHelpers } from './helpers.ts';
import { accessOf, type AnyClass, type Brand, noteLoadedClass, twinOf } from './known-classes.ts';

type CodeNode = FunctionNode | ClassNode | MemberNode | PrototypeNode;

/** Access to the graph's nodes and to the values made so far. */
interface Values {
  value(slot: Slot): unknown;
  node(index: number): Node;
}

/** The compiled code of one file, which makes its functions and classes as often as it is called. */
interface CompiledFile {
  /** Original URL of the file. */
  readonly original: string;
  readonly scripts: readonly ((helpers: Helpers) => void)[];
  /** Texts that a script evaluates in their context, by the index of their node. */
  readonly texts: ReadonlyMap<number, string>;
  /** Code to evaluate in the body of a class, by the index of the class. */
  readonly bodies: ReadonlyMap<number, string>;
  readonly url: string;
  /** Path of the file, or its URL if it has none. */
  readonly path: string;
}

/** Makes the functions and classes of a graph, and sets the variables that they share. */
export class CodeLoader {
  readonly #graph: Graph;
  readonly #values: Values;
  readonly #identities: Identities;
  readonly #helpers: Helpers = newHelpers();
  readonly #bodies = new Map<number, string>();
  /**
   * Classes, constructor functions and their prototypes that are here already, which are neither made nor
   * filled again.
   */
  readonly #known = new Map<number, object>();
  readonly #classes = new Map<number, AnyClass>();
  readonly #contextsSet = new Set<number>();

  /** @param references what was loaded by reference, by the index of its node */
  constructor(
    graph: Graph,
    values: Values,
    identities: Identities,
    { files, references }: { files: readonly CompiledFile[]; references: ReadonlyMap<number, unknown> },
  ) {
    this.#graph = graph;
    this.#values = values;
    this.#identities = identities;
    const withPrototype = new Set(graph.nodes.map((node) => (node.kind === 'prototype' ? node.of : -1)));
    for (const [index, node] of graph.nodes.entries()) {
      // A function that makes no objects is a copy, with variables of its own.
      const isIdentified =
        node.kind === 'class' ||
        node.kind === 'object' ||
        (node.kind === 'function' && withPrototype.has(index));
      const isOfJob = node.kind === 'class' && node.isOfJob === true;
      const own =
        node.kind === 'class'
          ? (findClass(node, identities) ?? (isOfJob ? references.get(index) : undefined))
          : undefined;
      const found =
        own ??
        this.#atPlace(index, node, references.get(index)) ??
        (isIdentified && node.id !== undefined ? identities.find(node.id) : undefined);
      if (typeof found === 'function' || typeof found === 'object') this.#known.set(index, found);
    }
    for (const [index, file] of files.entries()) this.#run(index, file);
  }

  /** The class that a module of a package has here, if it is as the one that was sent; notes its prototype, too. */
  #atPlace(index: number, node: Node, loaded: unknown): object | undefined {
    if (node.kind !== 'class' && node.kind !== 'function') return undefined;
    const { places = [], sameAs } = node;
    if (sameAs === undefined && places.length === 0) return undefined;
    const prototypeAt = this.#prototypeOf(index, node);
    const sent = this.#graph.nodes[prototypeAt] as ObjectState | undefined;
    const members = places.map((place) => memberAt(referenceToHere(place) as ModuleReference));
    for (const found of [loaded, ...members]) {
      if (typeof found !== 'function' || textOf(found) !== (node.original ?? node.text)) continue;
      const { prototype } = found as AnyClass;
      // Some packages put methods into a class when they first make an instance of it.
      const isWhole = (sent?.properties?.keys ?? []).every(
        (key) => typeof key !== 'string' || Object.hasOwn(prototype, key),
      );
      if (!isWhole) continue;
      if (prototypeAt >= 0 && this.#graph.nodes[prototypeAt]?.kind === 'object')
        this.#known.set(prototypeAt, prototype);
      return found;
    }
    return undefined;
  }

  /** The node of the prototype of a class, as far as it differs from that which its text makes; -1 if it does not. */
  #prototypeOf(index: number, { properties }: ObjectState): number {
    const slot = properties?.values[properties.keys.indexOf('prototype')];
    if (typeof slot === 'object' && slot !== null) return slot[0];
    return this.#graph.nodes.findIndex((each) => each.kind === 'prototype' && each.of === index);
  }

  make(index: number, node: CodeNode): unknown {
    switch (node.kind) {
      case 'function':
        return this.knownAt(index) ?? this.#makeFunction(index, node);
      case 'class':
        return this.knownAt(index) ?? this.#makeClass(index, node);
      case 'prototype':
        return (this.#valueAt(node.of) as AnyClass).prototype;
      case 'member': {
        const owner = this.#valueAt(node.class) as AnyClass;
        const holder = node.static ? owner : owner.prototype;
        const key = this.#values.value(node.key) as PropertyKey;
        return Object.getOwnPropertyDescriptor(holder, key)?.[node.part] as unknown;
      }
    }
  }

  /** The object of a node that is here already. */
  knownAt(index: number): object | undefined {
    return this.#known.get(index);
  }

  /** Whether a node belongs to a class that was here already, with everything that the class holds. */
  isKnown(index: number): boolean {
    const node = this.#values.node(index);
    if (node.kind === 'prototype') return this.#known.has(node.of);
    if (node.kind === 'member') return this.#known.has(node.class);
    return this.#known.has(index);
  }

  /**
   * The class whose private members an instance gets: the class itself, or the twin of a class of this
   * program.
   */
  brand(index: number): Brand {
    const known = this.#known.get(index) as AnyClass | undefined;
    const node = this.#values.node(index) as ClassNode;
    if (known !== undefined && this.#needsTwin(index)) {
      const heritage = this.#heritageTwin(node);
      return twinOf(known, heritage, () => this.#makeClass(index, node, heritage?.class));
    }
    const own: AnyClass = known ?? (this.#classes.get(index) as AnyClass);
    return { class: own, access: accessOf(own), view: own.prototype };
  }

  /** Prototype of instances that have private members of a class. */
  prototypeOf(index: number): object {
    const isClass = this.#values.node(index).kind === 'class';
    return isClass ? this.brand(index).view : (this.#valueAt(index) as AnyClass).prototype;
  }

  /** Sets the variables of the contexts that these functions use. */
  setVariables(indices: readonly number[], made: ReadonlySet<number>): void {
    for (const index of indices) {
      const node = this.#values.node(index);
      if (node.kind !== 'function' && node.kind !== 'class') continue;
      let { context } = node;
      while (context >= 0 && !this.#contextsSet.has(context)) {
        const { parent, values } = this.#graph.contexts[context] as Graph['contexts'][number];
        const setters = this.#helpers.variables[context];
        const isReady = (slot: Slot): boolean =>
          typeof slot !== 'object' || slot === null || made.has(slot[0]);
        values.forEach((slot, at) => setters?.[at]?.(this.#values.value(slot)));
        if (values.every(isReady)) this.#contextsSet.add(context);
        context = parent;
      }
    }
  }

  /**
   * Fills the `arguments` around arrows that were made in the body of a class, where each has an object of its own.
   */
  fillArguments(): void {
    this.#helpers.arguments.forEach((own, index) => {
      const [slot] = (this.#values.node(index) as FunctionNode).arguments as readonly [Slot];
      for (const key of Object.keys(own)) Reflect.deleteProperty(own, key);
      const { callee: _callee, ...properties } = Object.getOwnPropertyDescriptors(
        this.#values.value(slot) as { callee?: unknown },
      );
      Object.defineProperties(own, properties);
    });
  }

  #run(index: number, { original, scripts, texts, bodies, url, path }: CompiledFile): void {
    this.#helpers.meta[index] = importMetaOf(url, path);
    for (const [owner, body] of bodies) this.#bodies.set(owner, body);
    for (const [node, text] of texts) this.#helpers.texts[node] = text;
    try {
      for (const script of scripts) script(this.#helpers);
    } catch (error) {
      throw explainSyntax(error, pathOf(original));
    }
  }

  #makeFunction(index: number, node: FunctionNode): unknown {
    this.#makeBodyAround(node.context);
    const create = this.#helpers.make[index] as (...args: unknown[]) => unknown;
    this.#helpers.home = (node.home === undefined ? null : this.#values.value(node.home)) as object | null;
    const args = (node.arguments ?? []).map((slot) => this.#values.value(slot));
    const made = this.#create(create, node, args);
    if (node.id !== undefined) this.#identities.remember(made as object, node.id);
    if (node.original !== undefined) noteOriginal(made as object, node.original);
    return made;
  }

  #create(create: (...args: unknown[]) => unknown, node: FunctionNode, args: unknown[]): unknown {
    try {
      if (node.newTarget !== undefined) {
        return Reflect.construct(
          create,
          args,
          this.#values.value(node.newTarget) as NewableFunction,
        ) as unknown;
      }
      return Reflect.apply(create, this.#values.value(node.self), args);
    } catch (error) {
      throw explainSyntax(error, this.#graph.files[node.place.file]?.url ?? '');
    }
  }

  #makeClass(index: number, node: ClassNode, heritage?: AnyClass): AnyClass {
    this.#makeBodyAround(node.context);
    const create = this.#helpers.make[index] as (heritage: unknown, keys: unknown[]) => AnyClass;
    const keys = node.keys.map((key) => this.#values.value(key));
    const made = create(heritage ?? this.#values.value(node.heritage), keys);
    for (const [isStatic, key] of node.removed) {
      Reflect.deleteProperty(isStatic ? made : made.prototype, this.#values.value(key) as PropertyKey);
    }
    if (node.original !== undefined) noteOriginal(made, node.original);
    noteLoadedClass(made, this.#helpers.privates[index]);
    if (!this.#known.has(index)) {
      if (node.module !== undefined) this.#identities.remember(made, nameOf(node.module));
      this.#identities.remember(made, node.id);
      this.#classes.set(index, made);
    }
    return made;
  }

  /**
   * Whether a class is this program's own and it, or a class that it extends, has private members: these
   * cannot be reached.
   */
  #needsTwin(index: number): boolean {
    const node = this.#values.node(index);
    const known = this.#known.get(index) as AnyClass | undefined;
    if (node.kind !== 'class' || known === undefined || accessOf(known) !== undefined) return false;
    return node.hasPrivates || this.#heritageTwin(node) !== undefined;
  }

  /** The twin that a twin of a class extends, if the class extends one that needs a twin. */
  #heritageTwin({ heritage }: ClassNode): Brand | undefined {
    if (typeof heritage !== 'object' || heritage === null) return undefined;
    return this.#needsTwin(heritage[0]) ? this.brand(heritage[0]) : undefined;
  }

  /** Evaluates functions that use private names in the body of their class. */
  #makeBodyAround(context: number): void {
    for (let at = context; at >= 0; at = this.#graph.contexts[at]?.parent ?? -1) {
      const owner = this.#graph.contexts[at]?.class;
      const body = owner === undefined ? undefined : this.#bodies.get(owner);
      if (owner === undefined || body === undefined) continue;
      this.#bodies.delete(owner);
      this.#helpers.body = body;
      this.brand(owner).access?.evaluateInBody(this.#helpers);
    }
  }

  #valueAt(index: number): unknown {
    return this.#values.value([index]);
  }
}

/** The class of a node, if it came with another payload or is this program's own. */
export function findClass({ id, module }: ClassNode, identities: Identities): object | symbol | undefined {
  return identities.find(id) ?? (module && identities.find(nameOf(module)));
}

/** The same for a class however many processes have loaded its module and sent it. */
function nameOf({ url, path, textHash = '' }: ModuleReference): string {
  return JSON.stringify([url, path, textHash]);
}

/** Compiles the code of a graph. @throws {FunctionSyntaxError} */
export function compileFiles(graph: Graph): CompiledFile[] {
  return graph.files.map(({ url: original, sourceMap }, index) => {
    const url = toHere(original);
    const { scripts, texts, bodies } = emitFile(graph, index);
    const path = pathOf(url);
    const mapped = sourceMap === undefined ? '' : `\n//# sourceMappingURL=${toDataUrl(sourceMap)}`;
    if (sourceMap !== undefined) process.setSourceMapsEnabled(true);
    const located = [...texts].map(
      ([node, text]) => [node, `${text}\n//# sourceURL=${path.replaceAll(/\s/g, '%20')}${mapped}`] as const,
    );
    try {
      const compiled = scripts.map(
        (script) => compileFile(script + mapped, path) as (helpers: Helpers) => void,
      );
      return { original, scripts: compiled, texts: new Map(located), bodies, url, path };
    } catch (error) {
      throw explainSyntax(error, pathOf(original));
    }
  });
}

function toDataUrl(json: string): string {
  return `data:application/json;base64,${Buffer.from(json).toString('base64')}`;
}

function explainSyntax(error: unknown, file: string): unknown {
  if ((error as Error | null)?.name !== 'SyntaxError') return error;
  return new FunctionSyntaxError(
    `A function of ${file} does not compile on Node ${process.version}: ${(error as Error).message}`,
    { cause: error },
  );
}

/** @returns the path of a file URL; anything else as it is */
function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}

/** Recreates the parts of a file's `import.meta` that have a meaning in another process. */
function importMetaOf(url: string, path: string): object {
  return {
    __proto__: null,
    url: url.includes(':') ? url : pathToFileURL(path).href,
    filename: path,
    dirname: dirname(path),
    resolve(specifier: string) {
      if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, pathToFileURL(path)).href;
      if (/^[a-z]+:/.test(specifier)) return specifier;
      if (isBuiltin(specifier)) return `node:${specifier}`;
      // Node resolves only for files that it loaded itself, and `require` may find another file.
      throw new Error(
        `import.meta.resolve('${specifier}') cannot be told in a job: import() the package instead`,
      );
    },
  };
}
