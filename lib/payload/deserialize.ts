import { DefaultDeserializer } from 'node:v8';
import { isGraph, type OtherNode, readGraph } from './format.ts';
import { type FromElsewhere, loadGraph } from './load/load-graph.ts';

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

/** The plain data that `v8.serialize` wrote. */
export function readPlain(bytes: Uint8Array): unknown {
  const deserializer = new CopyingDeserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** node:v8 makes each typed array a view into the bytes it reads; here it has a buffer of its own, as its maker's had. */
class CopyingDeserializer extends DefaultDeserializer {
  // oxlint-disable-next-line no-underscore-dangle -- node:v8 calls it so
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
