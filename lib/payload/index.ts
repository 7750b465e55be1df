/**
 * Serializes values, functions and classes with everything that they refer to; usable without any executor.
 */
export { serialize } from './serialize.ts';
export { deserialize, type DeserializeOptions } from './deserialize.ts';
export type { CaptureOptions } from './capture/capture-options.ts';
export { explain, type Explanation } from './explain.ts';
export { closure } from './capture/bindings.ts';
export { registerReducer, type Reducer } from './reducers.ts';
export { SerializationError, PayloadError, ModuleLoadError, FunctionSyntaxError } from '../base/errors.ts';
