import { asItIs, type Boxed } from '../../base/as-it-is.ts';
import type { Graph, Node } from '../graph.ts';
import type { Identities } from '../identities.ts';
import { beginLoading } from '../main-program.ts';
import { loadPreloads } from '../preload.ts';
import { loadReference } from '../reference/load-reference.ts';
import type { Reference, VariableReference } from '../reference/reference.ts';
import { findClass } from './code-loader.ts';
import { counterpartOf } from './counterparts.ts';
import type { ThrownLoading } from './objects.ts';

/** Values of the references of a graph, by node. */
export type Loaded = Map<number, unknown>;

/**
 * Loads what a graph refers to.
 * @param thrown for what a call threw, of which all is loaded that can be
 * @throws {ModuleLoadError}
 */
export async function loadReferences(
  graph: Graph,
  identities: Identities,
  thrown?: ThrownLoading,
): Promise<Loaded> {
  const references: Loaded = new Map();
  if (graph.preloads !== undefined) await loadPreloads(graph.preloads);
  const endLoading = beginLoading();
  try {
    for (const [index, node] of graph.nodes.entries()) {
      if ((node.kind === 'class' || node.kind === 'function') && node.sameAs !== undefined)
        references.set(index, await loadIfPossible(node.sameAs));
      const { variable } = counterpartOf(node) ?? {};
      if (variable !== undefined) references.set(index, await loadIfPossible(variable));
      const reference = referenceOf(node, identities);
      if (reference === undefined) continue;
      try {
        const loaded = load(reference);
        // `await` would call the method `then` of what is here already, such as `Promise.prototype`.
        references.set(index, isLoading(reference) ? await loaded : loaded);
      } catch (error) {
        if (thrown === undefined) throw error;
        references.set(index, thrown.inWords(error));
      }
    }
    for (const module of graph.modules ?? []) await loadIfPossible(module);
  } finally {
    endLoading();
  }
  return references;
}

function referenceOf(node: Node, identities: Identities): Reference | undefined {
  if (node.kind === 'reference') return node.reference;
  const isOfJob = node.kind === 'class' && node.isOfJob === true;
  return isOfJob && findClass(node, identities) === undefined ? node.module : undefined;
}

/** The value of a reference, or a promise of it if {@link isLoading} says so. */
function load(reference: Reference): unknown {
  return reference.kind === 'variable' ? asItIs(findVariable(reference)) : loadReference(reference);
}

async function findVariable(reference: VariableReference): Promise<Boxed> {
  // Loaded here, because few calls need the inspector.
  finder ??= (await import('../reference/module-variable.ts')).findVariable;
  return finder(reference);
}

/** Sets how variables are found, which takes the inspector; test runners cannot import what is needed later. */
export function setVariableFinder(find: typeof finder): void {
  finder = find;
}

let finder: ((reference: VariableReference) => Promise<Boxed>) | undefined;

/** Whether {@link load} gives a promise of the value. */
function isLoading(reference: Reference): boolean {
  const { kind } = reference;
  return (
    kind === 'import' ||
    kind === 'module' ||
    kind === 'variable' ||
    (kind === 'builtin' && reference.part === 'namespace')
  );
}

/** Loads what only the identity of objects needs; nothing is missed where it is not loaded after all. */
async function loadIfPossible(reference: Reference): Promise<unknown> {
  try {
    return await load(reference);
  } catch {
    // The text names a module that Node has not loaded, such as one that a loader replaces.
    return undefined;
  }
}
