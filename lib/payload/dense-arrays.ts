/**
 * Whether all arrays among the bytes that `v8.serialize` wrote are dense, and have elements only. V8 writes an array so if it keeps the
 * elements in a plain list: then none of them is an accessor or read-only, nor is any missing. To look at each element instead takes
 * many times as long as to write it.
 * @returns false also if the bytes are not understood
 */
export function hasOnlyDenseArrays(bytes: Uint8Array): boolean {
  const { length } = bytes;
  // The version of the format, since Node 18.
  if (bytes[0] !== 0xff || bytes[1] !== 15) return false;
  let at = 2;
  while (at < length) {
    const tag = bytes[at] as number;
    at += 1;
    switch (tag) {
      // N, a number; D, a date.
      case 0x4e:
      case 0x44:
        at += 8;
        while (at < length && bytes[at] === 0x4e) at += 9;
        break;
      // I and U, integers; A, a dense array; ^, what was written before; the ends of objects, maps and sets. A number follows.
      case 0x49:
      case 0x55:
      case 0x41:
      case 0x5e:
      case 0x7b:
      case 0x3a:
      case 0x2c:
        at = endOfNumber(bytes, at);
        break;
      // Strings in Latin-1, in UTF-16, and the bytes of an ArrayBuffer.
      case 0x22:
      case 0x63:
      case 0x42:
        at = endOfNumber(bytes, at) + numberAt(bytes, at);
        break;
      // Padding, undefined, null, true, false; o, ; and ' begin an object, a map and a set.
      case 0x00:
      case 0x5f:
      case 0x30:
      case 0x54:
      case 0x46:
      case 0x6f:
      case 0x3b:
      case 0x27:
        break;
      // $ ends a dense array: how many other properties it has, and its length.
      case 0x24:
        if (bytes[at] !== 0) return false;
        at = endOfNumber(bytes, at + 1);
        break;
      // Z, a bigint: its size, above a bit for its sign.
      case 0x5a:
        at = endOfNumber(bytes, at) + Math.floor(numberAt(bytes, at) / 2);
        break;
      // \, a typed array as Node writes it: its type, its size.
      case 0x5c:
        at = endOfNumber(bytes, at);
        at = endOfNumber(bytes, at) + numberAt(bytes, at);
        break;
      // A sparse array, or what plain data does not have.
      default:
        return false;
    }
  }
  return at === length;
}

/** A number has seven bits in each byte, the lowest first; the last byte is one without the eighth. */
function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= 128) at += 1;
  return at + 1;
}

function numberAt(bytes: Uint8Array, start: number): number {
  let number = 0;
  let factor = 1;
  let at = start;
  for (; (bytes[at] as number) >= 128; at += 1) {
    number += ((bytes[at] as number) - 128) * factor;
    factor *= 128;
  }
  return number + (bytes[at] as number) * factor;
}
