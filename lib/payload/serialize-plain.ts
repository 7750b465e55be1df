import { serialize as write } from 'node:v8';
import { SerializationError } from '../errors.ts';
import { hasOnlyDenseArrays } from './dense-arrays.ts';
import { isPlain } from './plain.ts';

/**
 * A plain value as bytes; undefined if it is not plain, or holds what must not come alone: then it takes the graph.
 * @param name what the value is called in errors
 * @param apart objects that it must not hold
 * @throws {SerializationError}
 */
export function serializePlain(value: unknown, name: string, apart?: WeakSet<object>): Buffer | undefined {
  let bytes: Buffer;
  try {
    if (!isPlain(value, 'written', apart)) return undefined;
    bytes = write(value);
  } catch (error) {
    const message = String((error as Error | null)?.message);
    // A kind of object whose prototype is another's, or an accessor of a list that throws: the graph takes it, or says how it was come by.
    if (message.includes('could not be cloned') || !isPlain(value, 'each element', apart)) return undefined;
    throw new SerializationError(`${name} cannot be serialized: ${message}`, name, { cause: error });
  }
  return hasOnlyDenseArrays(bytes) || isPlain(value, 'each element', apart) ? bytes : undefined;
}
