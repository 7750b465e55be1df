import type * as LazyModules from './lazy-modules.ts';

/**
 * Loads the modules that capture errors, and values that are not plain data, because most jobs never need
 * them. They are part of the runner's one file, but esbuild runs them at the first `require()`.
 */
export function lazy(): typeof LazyModules {
  return require('./lazy-modules.ts') as typeof LazyModules;
}

/** First argument of a thread that watches a time limit; in a job it is the job set's directory. */
export const WATCH_TIME = 'watch-time';
