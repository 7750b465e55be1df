import { serialize as writePlain } from 'node:v8';
import { SerializationError } from '../errors.ts';
import { captureGraph } from './capture/capture.ts';
import type { CaptureOptions } from './capture/capture-options.ts';
import { writeGraph } from './format.ts';
import { isPlain } from './plain.ts';

/**
 * A value as bytes, with all that it leads to: functions with the variables they capture, classes, instances of them, cycles. Plain
 * data becomes exactly what `v8.serialize` makes of it. All is copied before this returns.
 * @param name what the value is called in errors
 * @throws {SerializationError} with the way to what cannot travel
 */
export function serialize(value: unknown, options: CaptureOptions = {}, name = 'value'): Buffer {
  return isPlain(value)
    ? serializePlain(value, options, name)
    : writeGraph(captureGraph(value, name, options).graph);
}

/**
 * As {@link serialize}, for what `isPlain` has found plain.
 * @throws {SerializationError}
 */
export function serializePlain(value: unknown, options: CaptureOptions, name: string): Buffer {
  try {
    return writePlain(value);
  } catch (error) {
    const { message } = error as Error;
    // A kind of object whose prototype is another's: the graph says how it was come by.
    if (message.includes('could not be cloned')) return writeGraph(captureGraph(value, name, options).graph);
    throw new SerializationError(`${name} cannot be serialized: ${message}`, name, { cause: error });
  }
}
