export { failureOf } from './failure.ts';
export { ResultsReader } from './results-reader.ts';
export { runWorker } from './worker/run-worker.ts';
export { serialize } from '../payload/serialize.ts';
export { encodeThrown } from '../payload/thrown.ts';
export { TimeLimit, watchTime } from './time-limit.ts';
