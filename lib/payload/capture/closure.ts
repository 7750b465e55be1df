import type { Scope } from '../inspect/scopes.ts';

/**
 * Says what a function captures, where it cannot be read: under `node --permission` without `--allow-inspector`, and in a node
 * that was built without the inspector. Elsewhere `closure` is not needed.
 *
 * @example executor.submit(closure({ factor }, (x: number) => x * factor), 3)
 * @param captured all variables around it that the function uses, by their names
 * @returns the function itself
 */
export function closure<F extends (...args: never[]) => unknown>(
  captured: Readonly<Record<string, unknown>>,
  fn: F,
): F {
  if (typeof captured !== 'object' || captured === null) {
    throw new TypeError('Expected the first argument of closure to be an object: closure({ a, b }, fn)');
  }
  if (typeof fn !== 'function')
    throw new TypeError('Expected the second argument of closure to be a function');
  scopes.set(fn, { type: 'closure', description: 'Closure', variables: { ...captured } });
  return fn;
}

/** What {@link closure} was told of a function. */
export function explicitScope(fn: (...args: never[]) => unknown): Scope | undefined {
  return scopes.get(fn);
}

const scopes = new WeakMap<(...args: never[]) => unknown, Scope>();
