/**
 * Whether all arrays in the output of `v8.serialize` are dense and have no properties besides their elements,
 * except for a number of sparse ones. V8 writes an array as dense if it keeps the elements in a plain list: then no element is an accessor, read-only or missing.
 * Checking each element of the array itself takes many times as long as writing it.
 * @param sparse number of sparse arrays
 * @returns false also for bytes that this parser does not know
 */
export function hasOnlyDenseArrays(bytes: Uint8Array, sparse = 0): boolean {
  const { length } = bytes;
  // Version of the format since Node 18.
  if (bytes[0] !== 0xff || bytes[1] !== 15) return false;
  let at = 2;
  let sparseCount = 0;
  while (at < length) {
    const tag = bytes[at] as number;
    at += 1;
    switch (tag) {
      // N: number; D: date.
      case 0x4e:
      case 0x44:
        at += 8;
        while (at < length && bytes[at] === 0x4e) at += 9;
        break;
      // I, U: integers; A: dense array; ^: back reference; ends of objects, maps and sets. A number follows.
      case 0x49:
      case 0x55:
      case 0x41:
      case 0x5e:
      case 0x7b:
      case 0x3a:
      case 0x2c:
        at = endOfNumber(bytes, at);
        break;
      // Strings in Latin-1 and UTF-16, and bytes of an ArrayBuffer.
      case 0x22:
      case 0x63:
      case 0x42:
        at = endOfNumber(bytes, at) + numberAt(bytes, at);
        break;
      // Padding, undefined, null, true, false; o, ; and ' begin an object, map and set.
      case 0x00:
      case 0x5f:
      case 0x30:
      case 0x54:
      case 0x46:
      case 0x6f:
      case 0x3b:
      case 0x27:
        break;
      // $ ends a dense array: number of its other properties, then its length.
      case 0x24:
        if (bytes[at] !== 0) return false;
        at = endOfNumber(bytes, at + 1);
        break;
      // @ ends a sparse array: number of all its properties, then its length.
      case 0x40:
        at = endOfNumber(bytes, endOfNumber(bytes, at));
        break;
      // a: sparse array; its length follows.
      case 0x61:
        sparseCount += 1;
        at = endOfNumber(bytes, at);
        break;
      // Z: bigint: its size in bytes, shifted left by one sign bit.
      case 0x5a:
        at = endOfNumber(bytes, at) + Math.floor(numberAt(bytes, at) / 2);
        break;
      // \: typed array as Node writes it: type, then size.
      case 0x5c:
        at = endOfNumber(bytes, at);
        at = endOfNumber(bytes, at) + numberAt(bytes, at);
        break;
      // A tag that plain data does not have.
      default:
        return false;
    }
  }
  return at === length && sparseCount === sparse;
}

/** Numbers have seven bits in each byte, lowest first; the last byte has its eighth bit clear. */
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
