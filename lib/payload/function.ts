import { Script } from 'node:vm';
import { SerializationError } from '../errors.ts';
import { loadFunction, wrapSource } from './load-function.ts';

/** Any function that can be called on another machine. */
// oxlint-disable-next-line typescript/no-explicit-any -- only `any` accepts every list of parameters
export type AnyFunction = (...args: any[]) => unknown;

/** A function as text: what the execute side needs in order to have the same function. */
export type FunctionDescription =
  | {
      readonly kind: 'source';
      readonly name: string;
      readonly source: string;
      /** `method`: the source is that of a method, `name() {}`, and so no expression. */
      readonly form: 'expression' | 'method';
      readonly strict: boolean;
      /** `import()` and `require` inside the function resolve from here. */
      readonly directory: string;
    }
  | {
      readonly kind: 'module';
      readonly module: string;
      readonly exportName: string;
      readonly directory: string;
    }
  /** A global of JavaScript itself, such as `Math.sqrt`. */
  | { readonly kind: 'builtin'; readonly path: readonly string[] };

/** A function of a module, called by reference: the module is loaded where the call runs. */
export type ModuleFunction<F extends AnyFunction> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

const references = new WeakMap<AnyFunction, { module: string; exportName: string; directory: string }>();

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
  const reference = { module: text, exportName, directory: process.cwd() };
  const call = async (...args: Parameters<F>): Promise<Awaited<ReturnType<F>>> => {
    const loaded = await loadFunction({ kind: 'module', ...reference });
    return (await loaded(...args)) as Awaited<ReturnType<F>>;
  };
  references.set(call, reference);
  return Object.defineProperty(call, 'name', { value: exportName === 'default' ? text : exportName });
}

/**
 * What the execute side needs to have the function: a reference, if there is one, else its source.
 * @throws {SerializationError} if it is a class, bound, or native and no global
 */
export function describeFunction(fn: AnyFunction): FunctionDescription {
  const reference = references.get(fn);
  if (reference !== undefined) return { kind: 'module', ...reference };
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) return describeNative(fn);
  if (/^class\b/.test(source))
    throw refuse(fn, 'is a class, which cannot be called: send a function that makes one');
  const base = { kind: 'source', name: fn.name, source, directory: process.cwd() } as const;
  // Only functions of sloppy code have this property of their own; of arrows and methods it is not known.
  const strictness = Object.hasOwn(fn, 'caller') ? [false] : [true, false];
  // An accessor's source begins like this, and is none of both; a method called `get` does not.
  const forms = /^[gs]et\s+[^\s(]/.test(source) ? [] : (['expression', 'method'] as const);
  for (const strict of strictness) {
    for (const form of forms) {
      const description = { ...base, form, strict };
      if (compiles(wrapSource(description))) return description;
    }
  }
  throw refuse(fn, 'has a source that means nothing by itself: send a plain function that calls it');
}

function describeNative(fn: AnyFunction): FunctionDescription {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value as unknown;
    if (value === fn) return { kind: 'builtin', path: [name] };
    if (value === globalThis || value === null || (typeof value !== 'object' && typeof value !== 'function'))
      continue;
    const own = Object.entries(Object.getOwnPropertyDescriptors(value)).find(
      ([, property]) => property.value === fn,
    );
    if (own !== undefined) return { kind: 'builtin', path: [name, own[0]] };
  }
  throw refuse(fn, 'is bound or native, so it has no source to send: wrap it in a function');
}

function compiles(code: string): boolean {
  try {
    void new Script(code);
    return true;
  } catch {
    return false;
  }
}

function refuse(fn: AnyFunction, why: string): SerializationError {
  return new SerializationError(
    `The function ${fn.name === '' ? '(anonymous)' : fn.name} ${why}`,
    'function',
  );
}
