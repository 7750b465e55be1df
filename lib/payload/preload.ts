import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModuleLoadError } from '../base/errors.ts';
import { beginLoading, mainUrl } from './main-program.ts';
import { loadReference } from './reference/load-reference.ts';
import { nodeModule } from './reference/members.ts';
import { findPackages, packageNameIn, packageOf } from './reference/packages.ts';
import type { ImportReference } from './reference/reference.ts';

/**
 * Makes the references to modules that a job imports before anything else. Their names mean what they mean in
 * an `import` of the main program, or of a file in the current directory if the program has no file of its own.
 */
export function preloadsOf(names: readonly string[]): readonly ImportReference[] {
  const parent = importingFile();
  return names.map((specifier) => {
    const name = nodeModule.isBuiltin(specifier) ? undefined : packageNameIn(specifier);
    const [found] = name === undefined ? [] : findPackages(name, dirname(parent));
    return {
      kind: 'import',
      specifier,
      parent: pathToFileURL(parent).href,
      imported: '*',
      ...(found === undefined ? {} : { package: { name: found.name, version: found.version } }),
    };
  });
}

/** The names of the same modules for programs in other directories, where a package may be another one. */
export function namesOfPreloads(names: readonly string[]): readonly string[] {
  const parent = pathToFileURL(importingFile());
  return names.map((name) => (/^\.{0,2}\//.test(name) ? new URL(name, parent).href : name));
}

/** The main program's file; one in the current directory if that is missing, or belongs to a test runner. */
function importingFile(): string {
  const main = mainUrl();
  const file = main === '' ? undefined : fileURLToPath(main);
  return file === undefined || packageOf(file) !== undefined ? join(process.cwd(), '[preload]') : file;
}

/**
 * Imports modules, one after the other. One that is loaded already does not run again.
 * @throws {ModuleLoadError} that names the module
 */
export async function loadPreloads(preloads: readonly ImportReference[]): Promise<void> {
  const endLoading = beginLoading();
  try {
    for (const preload of preloads) await load(preload);
  } finally {
    endLoading();
  }
}

async function load(preload: ImportReference): Promise<void> {
  const { specifier, parent } = preload;
  try {
    await loadReference(preload);
  } catch (error) {
    const reason = error instanceof ModuleLoadError ? (error.cause ?? error) : error;
    const message = String((reason as { message?: unknown } | null)?.message ?? reason);
    throw new ModuleLoadError(
      `The module ${specifier} of the option \`preload\` cannot be loaded on this machine: ${message}. ` +
        `Remedy: \`preload\` takes what an \`import\` in ${fileURLToPath(new URL('.', parent))} could load; ` +
        'install the package where the jobs run, give the path of the file, or leave the module out' +
        (/\.[mc]?tsx?$/.test(specifier) ? "; TypeScript needs execArgv: ['--import', 'tsx']" : ''),
      specifier,
      '',
      { cause: error },
    );
  }
}
