import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyFunction } from './graph.ts';
import { loadReference } from './reference/load-reference.ts';
import type { Reference } from './reference/reference.ts';

/** Function of a module that is loaded where the call runs. */
export type ModuleFunction<F extends AnyFunction> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

const references = new WeakMap<AnyFunction, Reference>();

/**
 * Makes an export of a module a function that can be submitted: the job imports the module and calls the
 * export, so nothing is captured. Called directly, the function does the same in this process.
 *
 * @example executor.submit(moduleFunction<typeof simulate>(new URL('./model.js', import.meta.url), 'simulate'), 42)
 * @param module a file URL, an absolute path, a `node:` module, or a package, which the job looks up from the
 *   current directory
 * @throws {TypeError} if the module is a relative path, which has no meaning elsewhere
 */
export function moduleFunction<F extends AnyFunction>(
  module: string | URL,
  exportName = 'default',
): ModuleFunction<F> {
  const text = String(module);
  if (text.startsWith('.')) {
    throw new TypeError(
      `Expected \`module\` to be a URL, an absolute path or a package, got \`${text}\`: ` +
        `write new URL('${text}', import.meta.url)`,
    );
  }
  const reference: Reference = {
    kind: 'import',
    specifier: text,
    parent: pathToFileURL(join(process.cwd(), 'x')).href,
    imported: exportName,
    callable: true,
  };
  const call = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const loaded = (await loadReference(reference)) as F;
    return (await loaded(...args)) as Awaited<ReturnType<F>>;
  };
  references.set(call, reference);
  return Object.defineProperty(call, 'name', { value: exportName === 'default' ? text : exportName });
}

/** The reference behind a function that {@link moduleFunction} made; undefined for any other function. */
export function moduleReferenceOf(fn: AnyFunction): Reference | undefined {
  return references.get(fn);
}
