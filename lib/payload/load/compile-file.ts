import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What a CommonJS module with this text exports, if it were the file: `require` and `import()` in it resolve from there, as
 * they do not in a vm.Script without an experimental flag.
 */
export function compileFile(text: string, filename: string): unknown {
  const module = new Module(filename) as Module & { _compile(text: string, filename: string): void };
  module.filename = filename;
  module.paths = createRequire(join(dirname(filename), 'x')).resolve.paths('package') ?? [];
  // oxlint-disable-next-line no-underscore-dangle -- there is no other name for it
  module._compile(text, filename);
  // Node forgets the source map of a module that is gone.
  kept.push(module);
  return module.exports;
}

/** The path of a file by its URL, or itself. */
export function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}

const kept: Module[] = [];
