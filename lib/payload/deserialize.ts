import { DefaultDeserializer } from 'node:v8';
import { isGraph, type OtherNode, readGraph } from './format.ts';
import { type FromElsewhere, loadGraph } from './load/load-graph.ts';

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
export async function deserialize(bytes: Uint8Array, options: DeserializeOptions = {}): Promise<unknown> {
  return deserializeWith(bytes, options, undefined);
}

/**
 * Restores a value that contains results of other calls by name.
 * @param fromElsewhere gives a result by its name
 */
export async function deserializeWith(
  bytes: Uint8Array,
  { otherNode = 'refuse' }: DeserializeOptions,
  fromElsewhere: FromElsewhere | undefined,
): Promise<unknown> {
  return isGraph(bytes) ? loadGraph(readGraph(bytes, otherNode), fromElsewhere) : readPlain(bytes);
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
