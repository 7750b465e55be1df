import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes files by their paths below a directory; a path that ends with `@` is a link to what its text says. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (path.endsWith('@')) symlinkSync(text, join(root, path.slice(0, -1)));
    else writeFileSync(join(root, path), text);
  }
}
