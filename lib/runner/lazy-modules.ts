// A list of names rather than whole modules, so that esbuild leaves out what no job needs of them.
export { failureOf } from './failure.ts';
export { serialize } from '../payload/serialize.ts';
export { encodeThrown } from '../payload/thrown-values.ts';
