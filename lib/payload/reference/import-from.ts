import { dirname, join } from 'node:path';
import { compileFile } from '../load/compile-file.ts';

/** `import()` as a file in that directory would do it, so that packages are found from there. */
export async function importFrom(directory: string, specifier: string): Promise<object> {
  let load = importers.get(directory);
  if (load === undefined) {
    load = compileFile(IMPORTER, join(directory, '[import]')) as Importer;
    importers.set(directory, load);
  }
  return load(specifier, specifier.endsWith('.json') ? { with: { type: 'json' } } : undefined);
}

/** Of a file that lies there, or would if it existed. */
export function directoryOf(file: string): string {
  return /[/\\]$/.test(file) ? file : dirname(file);
}

type Importer = (specifier: string, options?: object) => Promise<object>;

const IMPORTER = 'module.exports = (specifier, options) => import(specifier, options);';
const importers = new Map<string, Importer>();
