import type * as Seldom from './seldom-needed.ts';

/**
 * What most jobs never need: how values that are not plain data, and errors, are captured. Its modules are in the runner's one file, but only
 * run when first asked for, which the bundler does because of this very form.
 */
export function seldom(): typeof Seldom {
  return require('./seldom-needed.ts') as typeof Seldom;
}
