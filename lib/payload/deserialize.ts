import { DefaultDeserializer } from 'node:v8';
import { asItIs, type Boxed } from '../base/as-it-is.ts';
import { isGraph, type OtherNode, readGraph, readGraphAgain } from './format.ts';
import type { AnyFunction, Graph } from './graph.ts';
import { CallIdentities, type Identities } from './identities.ts';
import { type FromElsewhere, loadGraph, RepeatedGraph } from './load/load-graph.ts';

export interface DeserializeOptions {
  /**
   * Treatment of functions that were captured on another major version of Node.
   * @default 'refuse'
   */
  readonly otherNode?: OtherNode | undefined;
}

/**
 * Restores a value from the bytes that `serialize` returned. Bytes that contain functions are code, which
 * this runs: only pass bytes from a source that you trust.
 * @throws {PayloadError} if the bytes are torn or of another version; {@link ModuleLoadError}, {@link
 *   FunctionSyntaxError}
 */
// oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
export function deserialize(bytes: Uint8Array, options: DeserializeOptions = {}): Promise<unknown> {
  return deserializeWith(bytes, options, undefined);
}

/**
 * Restores a value that contains results of other calls by name.
 * @param fromElsewhere gives a result by its name
 * @param identities what may be here already; by default all that the process has
 */
// oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
export function deserializeWith(
  bytes: Uint8Array,
  options: DeserializeOptions,
  fromElsewhere: FromElsewhere | undefined,
  identities?: Identities,
): Promise<unknown> {
  return asItIs(deserializeInBox(bytes, options, fromElsewhere, identities));
}

/** Restores a value in a box, so that a frozen object with a method `then` arrives as it is, too. */
export async function deserializeInBox(
  bytes: Uint8Array,
  { otherNode = 'refuse' }: DeserializeOptions = {},
  fromElsewhere?: FromElsewhere,
  identities?: Identities,
): Promise<Boxed> {
  return isGraph(bytes)
    ? loadGraph(readGraph(bytes, otherNode), fromElsewhere, identities)
    : { value: readPlain(bytes) };
}

/** A function as one call has it, and what came with it, which the arguments of the call share. */
export interface LoadedFunction {
  readonly fn: AnyFunction;
  readonly identities: Identities;
}

/** The bytes of a function, from which each call gets a function with the state that it was sent with. */
export class FunctionSource {
  readonly #graph: RepeatedGraph;
  readonly #isKept: boolean;
  #kept: LoadedFunction | undefined;

  /**
   * @param isKept whether all calls get the same function instead, as earlier calls left it
   * @throws {PayloadError}
   */
  constructor(bytes: Uint8Array, { otherNode = 'refuse' }: DeserializeOptions, isKept: boolean) {
    let unused: Graph | undefined;
    this.#graph = new RepeatedGraph(readGraph(bytes, otherNode), () => {
      unused ??= readGraphAgain(bytes);
      return copyOf(unused) ?? readGraphAgain(bytes);
    });
    this.#isKept = isKept;
  }

  /** @throws {ModuleLoadError} {@link FunctionSyntaxError} */
  async load(): Promise<LoadedFunction> {
    if (this.#kept !== undefined) return this.#kept;
    const identities = new CallIdentities();
    const { value } = await this.#graph.load(identities);
    const loaded = { fn: value as AnyFunction, identities };
    if (this.#isKept) this.#kept = loaded;
    return loaded;
  }
}

/**
 * A graph whose data the value that is loaded of it may take, in a fraction of the time that it takes to read the
 * graph; undefined if it has other parts that are taken.
 */
function copyOf(graph: Graph): Graph | undefined {
  if (graph.nodes.some(({ kind }) => kind === 'buffer' || kind === 'rebuilt')) return undefined;
  const nodes = graph.nodes.map((node) =>
    node.kind === 'data' ? { ...node, value: copyOfData(node.value) } : node,
  );
  return { ...graph, nodes };
}

/** Copies a list or record of primitives, which is all that these nodes have. */
function copyOfData(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])];
  return typeof value === 'object' && value !== null ? { ...value } : value;
}

/** Reads plain data that `v8.serialize` wrote. */
function readPlain(bytes: Uint8Array): unknown {
  const deserializer = new CopyingDeserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** Gives each typed array a buffer of its own, where node:v8 makes it a view into the bytes that it reads. */
class CopyingDeserializer extends DefaultDeserializer {
  // oxlint-disable-next-line no-underscore-dangle -- name given by node:v8
  _readHostObject(): unknown {
    const original = DefaultDeserializer.prototype as unknown as Record<string, () => NodeJS.ArrayBufferView>;
    const view = (original['_readHostObject'] as () => NodeJS.ArrayBufferView).call(this);
    if (Buffer.isBuffer(view)) return Buffer.from(view);
    if (!('slice' in view)) {
      const { buffer, byteOffset, byteLength } = view;
      return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
    }
    return view.slice();
  }
}
