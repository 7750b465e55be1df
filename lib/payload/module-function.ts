import type { AnyFunction, FunctionDescription } from './function-description.ts';
import { loadFunction } from './load-function.ts';

/** A function of a module, called by reference: the module is loaded where the call runs. */
export type ModuleFunction<F extends AnyFunction> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

type ModuleReference = Extract<FunctionDescription, { kind: 'module' }>;

const references = new WeakMap<AnyFunction, ModuleReference>();

/**
 * The export of a module as a function that can be submitted: the job imports the module and calls the export, whatever the
 * function captures. Called here, it does the same in this process.
 *
 * @example executor.submit(moduleFunction<typeof simulate>(new URL('./model.js', import.meta.url), 'simulate'), 42)
 * @param module a file URL, an absolute path, a `node:` module, or a package, which the job looks up from the current directory
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
  const reference: ModuleReference = { kind: 'module', module: text, exportName, directory: process.cwd() };
  const call = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const loaded = await loadFunction(reference);
    return (await loaded(...args)) as Awaited<ReturnType<F>>;
  };
  references.set(call, reference);
  return Object.defineProperty(call, 'name', { value: exportName === 'default' ? text : exportName });
}

/** What a function stands for, if {@link moduleFunction} made it. */
export function referenceOf(fn: AnyFunction): FunctionDescription | undefined {
  return references.get(fn);
}
