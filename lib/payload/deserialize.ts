import { isGraph, readGraph, type OtherNode } from './format.ts';
import { loadGraph } from './load/load-graph.ts';
import { readPlain } from './value.ts';

export interface DeserializeOptions {
  /**
   * What to do with functions that were captured on another major version of Node.
   * @default 'refuse'
   */
  readonly otherNode?: OtherNode | undefined;
}

/**
 * The value of bytes that `serialize` made. Bytes with functions are code: this runs it, so trust whoever wrote them.
 * @throws {PayloadError} if the bytes are torn or of another version; {@link ModuleLoadError}, {@link FunctionSyntaxError}
 */
export async function deserialize(bytes: Uint8Array, options: DeserializeOptions = {}): Promise<unknown> {
  return isGraph(bytes) ? loadGraph(readGraph(bytes, options.otherNode ?? 'refuse')) : readPlain(bytes);
}
