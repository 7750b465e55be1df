import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import type { WrittenFunction } from '../cluster/functions.ts';
import type { MapContents, ResolvedOptions } from '../cluster-options.ts';
import { decodeCall, type CallItem } from '../payload/call.ts';
import { isGraph, readGraph } from '../payload/format.ts';
import type { Graph, Node } from '../payload/graph.ts';
import type { Reference } from '../payload/reference/reference.ts';

/** What the outcomes of a map's calls depend on besides their arguments; undefined if that cannot be told. */
export function contentsOfMap(
  { bytes }: WrittenFunction,
  { environment, setup, execArgv, cwd }: ResolvedOptions,
): MapContents | undefined {
  const fn = contentsOfBytes(bytes, 'file');
  if (fn === undefined) return undefined;
  const [node] = process.versions.node.split('.');
  const variables = Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    function: fn,
    surroundings: hashOf(JSON.stringify([variables, setup, execArgv, cwd, node])),
  };
}

/** By what the arguments of a call are known again in another run of a program; undefined if they cannot be. */
export function contentsOfCall(payload: Uint8Array): string | undefined {
  try {
    const [item, ...others] = decodeCall(payload).items;
    return item === undefined || others.length > 0 ? undefined : contentsOfItem(item);
  } catch {
    // Another version wrote it.
    return undefined;
  }
}

function contentsOfItem(item: CallItem): string | undefined {
  if ('primitives' in item) return hashOf(JSON.stringify(item.primitives.map(wordFor)));
  if ('arguments' in item) return contentsOfBytes(item.arguments, 'none');
  return 'call' in item ? contentsOfBytes(item.call, 'none') : undefined;
}

function wordFor(primitive: unknown): string {
  return `${typeof primitive} ${Object.is(primitive, -0) ? '-0' : String(primitive)}`;
}

/** @param files what becomes of values that the job takes from files of the user's: with the file as it is now, or none can be told */
function contentsOfBytes(bytes: Uint8Array, files: 'file' | 'none'): string | undefined {
  if (!isGraph(bytes)) return hashOf(bytes);
  try {
    const graph = readGraph(bytes, 'refuse');
    // What travels beside the call has names that are made at random.
    if (graph.nodes.some(({ kind }) => kind === 'given' || kind === 'elsewhere')) return undefined;
    const read = filesOf(graph).map((file) => (files === 'none' ? refuse() : hashOf(readFileSync(file))));
    return hashOf(serialize([withoutPlaces(graph), read]));
  } catch {
    return undefined;
  }
}

function refuse(): never {
  throw new TypeError('The file may have been another one when this was written');
}

/** What a graph means, without where its code stood, and without the names that were given to it at random. */
function withoutPlaces(graph: Graph): unknown {
  const nodes = graph.nodes.map((node) => ({ ...node, place: undefined, id: undefined }));
  // Only what is said relative to a file depends on where that is.
  const urls = graph.nodes.some(looksAround) ? graph.files.map(({ url }) => url) : [];
  return { ...graph, nodes, files: urls };
}

function looksAround(node: Node): boolean {
  return 'text' in node && /\b(import|require|__filename|__dirname)\b/.test(node.text);
}

/** The files from which a job would take values, but for those of packages, whose versions stand in the graph. */
function filesOf({ nodes }: Graph): string[] {
  const urls = nodes.flatMap((node) => (node.kind === 'reference' ? urlOf(node.reference) : []));
  return [...new Set(urls)]
    .filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
    .map((url) => fileURLToPath(url));
}

function urlOf(reference: Reference): string[] {
  if (reference.kind === 'module') return [reference.url];
  if (reference.kind !== 'import' || !/^\.{0,2}\/|^file:/.test(reference.specifier)) return [];
  return [new URL(reference.specifier, reference.parent).href];
}

function hashOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
