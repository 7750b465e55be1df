import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { FunctionSyntaxError, ModuleLoadError } from '../errors.ts';
import type { AnyFunction, FunctionDescription } from './function.ts';

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

/** The script whose value is a function that takes {@link loadSource}'s scope and returns the function. */
export function wrapSource({
  source,
  form,
  strict,
}: Pick<SourceDescription, 'source' | 'form' | 'strict'>): string {
  const expression =
    form === 'expression'
      ? `(${source}\n)`
      : `((holder) => holder[Reflect.ownKeys(holder)[0]])({${source}\n})`;
  return `(function (require, __name) { ${strict ? '"use strict"; ' : ''}return ${expression}; })`;
}

function loadSource(description: SourceDescription): AnyFunction {
  const { name, directory } = description;
  let script: Script;
  try {
    script = new Script(wrapSource(description), {
      // A path, so that import() inside the function resolves from the directory it was submitted in.
      filename: join(directory, `<submitted function${name === '' ? '' : ` ${name}`}>`),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
  } catch (error) {
    throw new FunctionSyntaxError(
      `The source of the function ${name === '' ? '(anonymous)' : name} does not compile on Node ${process.version}: ` +
        (error as Error).message,
      { cause: error },
    );
  }
  const make = script.runInThisContext() as (require: NodeJS.Require, __name: typeof keepName) => AnyFunction;
  return make(createRequire(join(directory, 'submitted.js')), keepName);
}

/** esbuild, and so tsx, puts calls of this helper into the functions it compiles. */
function keepName<F>(fn: F, name: string): F {
  return Object.defineProperty(fn, 'name', { value: name, configurable: true });
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
  const script = new Script('(module) => import(module)', {
    filename: join(directory, '<import>'),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return (script.runInThisContext() as (module: string) => Promise<Record<string, unknown>>)(module);
}

function get(object: unknown, name: string): unknown {
  return (object as Record<string, unknown>)[name];
}
