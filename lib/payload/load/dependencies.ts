import type { Graph, Node, ObjectState, Properties, Slot } from '../graph.ts';

/** The nodes that have to be there before a node can be made at all; the rest of what it refers to can be set later. */
export function dependenciesOf(node: Node): number[] {
  switch (node.kind) {
    case 'data':
    case 'symbol':
    case 'reference':
    case 'elsewhere':
    case 'given':
    case 'reduced':
      return [];
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
      return nodesOf([node.buffer]);
    case 'boxed':
      return nodesOf([node.value]);
    default:
      return [...nodesOf([node.prototype]), ...(node.brands ?? [])];
  }
}

/** The class in whose body something is made. */
function bodyOf({ body }: { readonly body?: number }): number[] {
  return body === undefined ? [] : [body];
}

/** All nodes that the values lead to. */
export function reachableFrom({ nodes, contexts }: Graph, slots: readonly Slot[]): Set<number> {
  const reached = new Set(nodesOf(slots));
  // A set visits what is added while it is visited.
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

/** The nodes that a node refers to. */
export function referredBy(node: Node): number[] {
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

/** Entries, arguments, keys. */
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
