import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What `import.meta` was in a file, as far as it means something elsewhere. */
export function importMetaOf(url: string, path: string): object {
  return {
    __proto__: null,
    url: url.includes(':') ? url : pathToFileURL(path).href,
    filename: path,
    dirname: dirname(path),
    resolve(specifier: string) {
      if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, pathToFileURL(path)).href;
      if (/^[a-z]+:/.test(specifier)) return specifier;
      if (isBuiltin(specifier)) return `node:${specifier}`;
      // Node tells it for files that it loaded itself only, and `require` may find another file.
      throw new Error(
        `import.meta.resolve('${specifier}') cannot be told in a job: import() the package instead`,
      );
    },
  };
}
