// Prints how well-ordered lib/ and the documentation are, and fails where a number exceeds its limit: `npm run house`.
// With `--list` it also names everything that it counted.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type House, measure, type SourceFile } from './measure.ts';

interface Limit {
  readonly what: string;
  readonly most: number;
  /** The things that count, or a number alone. */
  readonly found: (house: House) => readonly string[] | number;
}

const LIMITS: readonly Limit[] = [
  { what: 'files in lib', most: 246, found: (house) => house.files.length },
  { what: 'files at the root of lib', most: 3, found: (house) => house.rootFiles },
  { what: 'files under 30 lines', most: 8, found: (house) => house.shortFiles },
  { what: 'lines of the longest file', most: 400, found: (house) => house.longest },
  { what: 'circles of imports, types counted', most: 0, found: (house) => house.circles },
  { what: 'imports against the direction', most: 0, found: (house) => house.upwardImports },
  { what: 'files with a single importer', most: 51, found: (house) => house.singleImporters },
  { what: 'doc comments that cannot be read alone', most: 0, found: (house) => house.headlessComments },
  { what: 'lines of prose in Markdown over 120 columns', most: 0, found: (house) => house.longProse },
];

const repository = fileURLToPath(new URL('../..', import.meta.url));

function filesBelow(directory: string, extension: string): SourceFile[] {
  return readdirSync(join(repository, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(repository, file), text: readFileSync(file, 'utf8') }));
}

const pages = readdirSync(repository).filter((name) => name.endsWith('.md'));
const house = measure(filesBelow('lib', '.ts'), [
  ...pages.map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') })),
  ...filesBelow('docs', '.md'),
]);
for (const { what, most, found } of LIMITS) {
  const counted = found(house);
  const count = typeof counted === 'number' ? counted : counted.length;
  const isFine = count <= most;
  if (!isFine) process.exitCode = 1;
  console.log(
    `${isFine ? 'ok  ' : 'over'} ${String(count).padStart(4)} of ${String(most).padStart(3)}  ${what}`,
  );
  const isListed = typeof counted !== 'number' && (!isFine || process.argv.includes('--list'));
  if (isListed) for (const thing of counted) console.log(`                  ${thing}`);
}
