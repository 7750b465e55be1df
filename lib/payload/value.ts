import { DefaultDeserializer } from 'node:v8';

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
