import type { CaptureOptions } from './capture/capture-options.ts';
import { captureGraph } from './capture/capture.ts';
import { writeGraph } from './format.ts';
import { serializePlain } from './plain-data.ts';

/**
 * A value as bytes, with all that it leads to: functions with the variables they capture, classes, instances of them, cycles. Plain
 * data becomes exactly what `v8.serialize` makes of it. All is copied before this returns.
 * @param name what the value is called in errors
 * @throws {SerializationError} with the way to what cannot travel
 */
export function serialize(value: unknown, options: CaptureOptions = {}, name = 'value'): Buffer {
  return serializePlain(value, name) ?? writeGraph(captureGraph(value, name, options).graph);
}
