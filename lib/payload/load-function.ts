import { createRequire, Module } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FunctionSyntaxError, ModuleLoadError } from '../errors.ts';
import type { AnyFunction, FunctionDescription } from './function-description.ts';

type SourceDescription = Extract<FunctionDescription, { kind: 'source' }>;
type ModuleDescription = Extract<FunctionDescription, { kind: 'module' }>;

/**
 * The function of a description, on the execute side.
 * @throws {FunctionSyntaxError} if its source does not compile
 * @throws {ModuleLoadError} if its module cannot be loaded, or has no such function
 */
export async function loadFunction(description: FunctionDescription): Promise<AnyFunction> {
  switch (description.kind) {
    case 'source':
      return loadSource(description);
    case 'module':
      return loadExport(description);
    case 'builtin': {
      const holder = description.path
        .slice(0, -1)
        .reduce<unknown>((object, name) => get(object, name), globalThis);
      return get(holder, description.path.at(-1) as string) as AnyFunction;
    }
  }
}

/** The text of a CommonJS module that exports the function. */
export function wrapSource({
  source,
  form,
  strict,
}: Pick<SourceDescription, 'source' | 'form' | 'strict'>): string {
  const expression =
    form === 'expression'
      ? `(${source}\n)`
      : `((holder) => holder[Reflect.ownKeys(holder)[0]])({${source}\n})`;
  return `module.exports = (function () { ${strict ? '"use strict"; ' : ''}${KEEP_NAME} return ${expression}; })();`;
}

/** esbuild, and so tsx, puts calls of this helper into the functions it compiles. */
const KEEP_NAME =
  "const __name = (fn, value) => Object.defineProperty(fn, 'name', { value, configurable: true });";

function loadSource(description: SourceDescription): AnyFunction {
  const { name, directory } = description;
  try {
    return compile(
      wrapSource(description),
      directory,
      `<submitted function${name === '' ? '' : ` ${name}`}>`,
    ) as AnyFunction;
  } catch (error) {
    if ((error as Error).name !== 'SyntaxError') throw error;
    throw new FunctionSyntaxError(
      `The source of the function ${name === '' ? '(anonymous)' : name} does not compile on Node ${process.version}: ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

async function loadExport({ module, exportName, directory }: ModuleDescription): Promise<AnyFunction> {
  let namespace: Record<string, unknown>;
  try {
    namespace = await importFrom(directory, isAbsolute(module) ? pathToFileURL(module).href : module);
  } catch (error) {
    const message = (error as { message?: unknown } | null)?.message;
    const remedy = /\.[mc]?tsx?$/.test(module)
      ? ". Remedy: name the compiled .js file, or set execArgv: ['--import', 'tsx']"
      : '';
    throw new ModuleLoadError(
      `The module ${module} of the function ${exportName} cannot be loaded on this machine: ${String(message ?? error)}${remedy}`,
      module,
      exportName,
      { cause: error },
    );
  }
  // A CommonJS module's exports are seen by name only where Node could tell them from its text; all are on `default`.
  const found =
    namespace[exportName] ?? (namespace['default'] as Record<string, unknown> | undefined)?.[exportName];
  if (typeof found === 'function') return found as AnyFunction;
  const names = Object.keys(namespace).join(', ');
  throw new ModuleLoadError(
    `The module ${module} exports no function ${exportName}; it exports: ${names === '' ? 'nothing' : names}`,
    module,
    exportName,
  );
}

/** `import()` as a file in that directory would do it, so that packages are found from there. */
async function importFrom(directory: string, module: string): Promise<Record<string, unknown>> {
  const importModule = compile('module.exports = (module) => import(module);', directory, '<import>');
  return (importModule as (module: string) => Promise<Record<string, unknown>>)(module);
}

/**
 * What a CommonJS module with this text exports, if it lies in that directory: `require` and `import()` in it resolve from there,
 * as they do not in a vm.Script without an experimental flag.
 */
function compile(text: string, directory: string, name: string): unknown {
  const filename = join(directory, name);
  const module = new Module(filename) as Module & { _compile(text: string, filename: string): void };
  module.filename = filename;
  module.paths = createRequire(filename).resolve.paths('package') ?? [];
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  module._compile(text, filename);
  return module.exports;
}

function get(object: unknown, name: string): unknown {
  return (object as Record<string, unknown>)[name];
}
