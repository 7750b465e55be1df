import type { CaptureOptions } from './capture/capture-options.ts';
import { captureGraph } from './capture/capture.ts';
import { writeGraph } from './format.ts';
import { serializePlain } from './plain-data.ts';

/**
 * Serializes a value with everything that it refers to: functions with the variables that they capture,
 * classes and their instances, cycles. Plain data becomes exactly the bytes of `v8.serialize`. Everything is
 * copied before this returns.
 * @param name name of the value in errors
 * @throws {SerializationError} with the path to the part that cannot be serialized
 */
export function serialize(value: unknown, options: CaptureOptions = {}, name = 'value'): Buffer {
  const graphOptions = { ...options, preloaded: options.preload ?? [] };
  return serializePlain(value, name) ?? writeGraph(captureGraph(value, name, graphOptions).graph);
}
