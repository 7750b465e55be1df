import type * as Seldom from './lazy-modules.ts';

/**
 * What most jobs never need: how values that are not plain data, and errors, are captured. Its modules are in the runner's one file, but only
 * run when first asked for, which the bundler does because of this very form.
 */
export function seldom(): typeof Seldom {
  return require('./lazy-modules.ts') as typeof Seldom;
}

/** The argument of a thread that watches the time, in place of the job set's directory. */
export const WATCH_TIME = 'watch-time';
