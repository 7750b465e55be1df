import { isGraph, readGraph, type OtherNode } from './format.ts';
import { loadGraph, type FromElsewhere } from './load/load-graph.ts';
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
  return deserializeWith(bytes, options, undefined);
}

/**
 * As {@link deserialize}, of bytes in which results of other calls are named.
 * @param fromElsewhere gives those by their names
 */
export async function deserializeWith(
  bytes: Uint8Array,
  { otherNode = 'refuse' }: DeserializeOptions,
  fromElsewhere: FromElsewhere | undefined,
): Promise<unknown> {
  return isGraph(bytes) ? loadGraph(readGraph(bytes, otherNode), fromElsewhere) : readPlain(bytes);
}
