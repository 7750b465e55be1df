import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** A file by its path below the repository, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a reader of lib/ and of the documentation meets. Files and lines are named as an editor opens them. */
export interface House {
  readonly files: readonly string[];
  readonly rootFiles: readonly string[];
  readonly shortFiles: readonly string[];
  readonly longest: number;
  /** Files that import each other, directly or through others: each circle as one text. */
  readonly circles: readonly string[];
  readonly upwardImports: readonly string[];
  readonly singleImporters: readonly string[];
  readonly headlessComments: readonly string[];
  readonly longProse: readonly string[];
}

/**
 * The folders that files of a folder of lib/ may import from, besides its own. Everything else is against the direction:
 * a folder knows nothing of those that stand on it.
 */
const BELOW: Readonly<Record<string, readonly string[]>> = (() => {
  const base = ['base'];
  const payload = [...base, 'payload'];
  const jobSet = [...payload, 'job-set'];
  const batch = [...jobSet, 'batch'];
  const watch = [...batch, 'watch'];
  const cluster = [...watch, 'futures', 'delivery', 'workers'];
  const map = [...cluster, 'cluster'];
  const executors = [...map, 'map'];
  return {
    base: [],
    payload: base,
    'job-set': payload,
    batch: jobSet,
    watch: batch,
    futures: watch,
    delivery: watch,
    workers: watch,
    cluster,
    map,
    executors,
    runner: [...jobSet, 'job.ts'],
    'job.ts': jobSet,
    'index.ts': [...executors, 'executors', 'job.ts'],
  };
})();

const SHORT_LINES = 30;
const PROSE_COLUMNS = 120;
/** It may be longer than others until a map's components have their state from the tracker of jobs. */
const LONG_BY_PERMISSION = 'lib/map/job-map.ts';
/** How a comment begins that needs the line before it, or another comment, to be understood. */
const HEADLESS = /\/\*\*[\s*]*(What|Those|Of|By|As \{@link)\b/g;

export function measure(sources: readonly SourceFile[], pages: readonly SourceFile[]): House {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const importers = new Map<string, string[]>();
  for (const [from, all] of imports) {
    for (const to of all) importers.set(to, [...(importers.get(to) ?? []), from]);
  }
  const lengths = sources.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  return {
    files: sources.map(({ path }) => path),
    rootFiles: sources.map(({ path }) => path).filter((path) => dirname(path) === 'lib'),
    shortFiles: lengths.filter(({ lines }) => lines < SHORT_LINES).map(({ path }) => path),
    longest: Math.max(...lengths.filter(({ path }) => path !== LONG_BY_PERMISSION).map(({ lines }) => lines)),
    circles: circlesOf(imports).map((circle) => circle.toSorted().join(' ')),
    upwardImports: [...imports].flatMap(([from, all]) =>
      all.filter((to) => !isBelow(from, to)).map((to) => `${from} imports ${to}`),
    ),
    singleImporters: [...importers]
      .filter(([, from]) => from.length === 1)
      .map(([path, [from]]) => `${path}, by ${from}`)
      .toSorted(),
    headlessComments: sources.flatMap(({ path, text }) =>
      [...text.matchAll(HEADLESS)].map(({ index }) => `${path}:${lineAt(text, index)}`),
    ),
    longProse: pages.flatMap(longLines),
  };
}

/** The files of lib/ that a file imports, types included, each once; a module that is loaded by `require` or `import()` counts too. */
function importsOf({ path, text }: SourceFile): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'));
  return [...new Set(own.map((name) => join(dirname(path), name)))];
}

function isBelow(from: string, to: string): boolean {
  const [folder, other] = [folderOf(from), folderOf(to)];
  return folder === other || (BELOW[folder]?.includes(other) ?? false);
}

/** The folder of lib/ that a file is in; a file at the root of lib/ stands for itself. */
function folderOf(path: string): string {
  return path.split('/')[1] as string;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Lines outside code and tables, where no line can be broken. */
function longLines({ path, text }: SourceFile): string[] {
  let isCode = false;
  const long: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    else if (!isCode && line.length > PROSE_COLUMNS && !line.startsWith('|'))
      long.push(`${path}:${index + 1}`);
  }
  return long;
}

/** Tarjan's strongly connected components, without those of one file. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const numbers = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const number = numbers.size;
    numbers.set(file, number);
    let low = number;
    stack.push(file);
    for (const other of imports.get(file) ?? []) {
      if (!numbers.has(other)) low = Math.min(low, visit(other));
      else if (stack.includes(other)) low = Math.min(low, numbers.get(other) as number);
    }
    if (low === number) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) circles.push(circle);
    }
    return low;
  };
  for (const file of imports.keys()) if (!numbers.has(file)) visit(file);
  return circles;
}
