import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { JOB_VARIABLE } from '../main-program.ts';
import { toThere } from '../relocated-paths.ts';
import { mainProcess } from './members.ts';
import { nearestPackageName, packageOf } from './packages.ts';

/**
 * Which modules a job may be told to load, rather than being sent what it needs of them. Names decide: a package (all its files,
 * but not those of the packages in it); a file or a directory, as path or file URL; a RegExp for the file's URL.
 */
export interface ReferencePolicy {
  /** Sent by value, whatever else is true of them. */
  readonly byValue?: readonly (string | RegExp)[];
  /** Loaded by the job, though a plain `node` could not load them as they are here: it needs the same loader. */
  readonly byReference?: readonly (string | RegExp)[];
}

/**
 * Whether a module can be loaded by a job, and be the same: not the program itself (that would run it again), nor what was
 * evaluated, nor a file that `node` does not run as it is.
 */
export function mayReference(url: string, policy: ReferencePolicy = {}): boolean {
  const path = pathOf(url);
  if (path === undefined || isMain(path) || isNamed(path, policy.byValue)) return false;
  return isForced(url, policy) || PLAIN.has(extname(path));
}

/** Whether a module is to be loaded by the job even if its text here is not that of its file. */
export function isForced(url: string, { byReference }: ReferencePolicy = {}): boolean {
  const path = pathOf(url);
  return path !== undefined && isNamed(path, byReference);
}

/** The file of a script, given its URL or path; undefined if it has none, as what came from `-e` and standard input. */
export function pathOf(url: string): string | undefined {
  try {
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    return path.startsWith(sep) || /^[A-Za-z]:\\/.test(path) ? notEvaluated(path) : undefined;
  } catch {
    return undefined;
  }
}

const PLAIN: ReadonlySet<string> = new Set(['', '.js', '.mjs', '.cjs', '.node']);

/** Node calls them `[eval]`, `[eval1]`, `[stdin]`, in the current directory. */
function notEvaluated(path: string): string | undefined {
  return /[/\\]\[\w+\]$/.test(path) ? undefined : path;
}

function isNamed(path: string, patterns: readonly (string | RegExp)[] = []): boolean {
  return patterns.some((pattern) => {
    if (typeof pattern !== 'string') return new RegExp(pattern).test(pathToFileURL(toThere(path)).href);
    if (!/^(?:[./]|file:|[A-Za-z]:\\)/.test(pattern)) {
      return pattern === (packageOf(path)?.name ?? nearestPackageName(path));
    }
    const named = resolve(pattern.startsWith('file:') ? fileURLToPath(pattern) : pattern);
    return isWithin(toThere(path), toThere(named));
  });
}

function isWithin(path: string, named: string): boolean {
  return path === named || path.startsWith(named.endsWith(sep) ? named : named + sep);
}

function isMain(path: string): boolean {
  return mainFiles().has(path) || mainFiles().has(toThere(path));
}

let known: ReadonlySet<string> | undefined;

/** The files that this process was started with; in a worker thread, the thread's too. */
function mainFiles(): ReadonlySet<string> {
  if (known !== undefined) return known;
  const require = createRequire(resolve('main'));
  const files = [mainProcess.argv[1], process.argv[1], require.main?.filename, process.env[JOB_VARIABLE]];
  if (!isMainThread) files.push(...commandLine());
  const found = new Set<string>();
  for (const file of files) {
    if (file === undefined || file === '') continue;
    const path = pathOf(file.startsWith('file:') ? file : resolve(file));
    if (path === undefined) continue;
    found.add(path);
    // `node program` runs program.js; and what is run is what a link leads to.
    for (const attempt of [() => realpathSync(path), () => realpathSync(require.resolve(path))]) {
      try {
        found.add(attempt());
      } catch {
        // There is no such file.
      }
    }
  }
  known = found;
  return known;
}

/** A worker thread is not told what the process was started with, unless the system tells: some argument of this. */
function commandLine(): string[] {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8')
      .split('\0')
      .filter((argument) => /\.\w+$/.test(argument));
  } catch {
    return [];
  }
}
