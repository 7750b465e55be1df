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
 * Exceptions to the rule which modules a job loads by itself and which are sent. A name is a package (all its
 * files, but not packages within it), a file or directory as path or file URL, or a RegExp that matches the
 * file's URL.
 */
export interface ReferencePolicy {
  /** Modules that are always sent by value. */
  readonly byValue?: readonly (string | RegExp)[];
  /** Modules that the job loads, although a plain `node` could not: the job needs the same loader. */
  readonly byReference?: readonly (string | RegExp)[];
  /**
   * Whether modules of the program itself are sent by value, unless they are named in `byReference`. Then a
   * class is one for all of its users, although the job cannot use that of the module.
   */
  readonly sendsModules?: boolean;
}

/**
 * Whether a job can load a module and get the same. It can not if the module is the program itself, which
 * would run again, evaluated code, or a file that `node` does not run as it is.
 */
export function mayReference(url: string, policy: ReferencePolicy = {}): boolean {
  const path = pathOf(url);
  if (path === undefined || isMain(path) || isNamed(path, policy.byValue)) return false;
  if (isForced(url, policy)) return true;
  return PLAIN.has(extname(path)) && !(policy.sendsModules === true && packageOf(path) === undefined);
}

/** Whether the job must load a module even if the text that was loaded here differs from its file. */
export function isForced(url: string, { byReference }: ReferencePolicy = {}): boolean {
  const path = pathOf(url);
  return path !== undefined && isNamed(path, byReference);
}

/**
 * Path of a script's file, given its URL or path; undefined if it has none, such as code from `-e` or
 * standard input.
 */
export function pathOf(url: string): string | undefined {
  try {
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    return path.startsWith(sep) || /^[A-Za-z]:\\/.test(path) ? notEvaluated(path) : undefined;
  } catch {
    return undefined;
  }
}

const PLAIN: ReadonlySet<string> = new Set(['', '.js', '.mjs', '.cjs', '.node']);

/** Excludes evaluated code, which Node names `[eval]`, `[eval1]` or `[stdin]` in the current directory. */
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

let knownMainFiles: ReadonlySet<string> | undefined;

/** Files that this process, and in a worker thread also the thread, was started with. */
function mainFiles(): ReadonlySet<string> {
  if (knownMainFiles !== undefined) return knownMainFiles;
  const require = createRequire(resolve('main'));
  const files = [mainProcess.argv[1], process.argv[1], require.main?.filename, process.env[JOB_VARIABLE]];
  if (!isMainThread) files.push(...commandLine());
  const found = new Set<string>();
  for (const file of files) {
    if (file === undefined || file === '') continue;
    const path = pathOf(file.startsWith('file:') ? file : resolve(file));
    if (path === undefined) continue;
    found.add(path);
    // `node program` runs program.js, and Node resolves links.
    for (const attempt of [() => realpathSync(path), () => realpathSync(require.resolve(path))]) {
      try {
        found.add(attempt());
      } catch {
        // The file does not exist.
      }
    }
  }
  knownMainFiles = found;
  return found;
}

/** Arguments of the process that may be files. A worker thread cannot get them from Node, only from Linux. */
function commandLine(): string[] {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8')
      .split('\0')
      .filter((argument) => /\.\w+$/.test(argument));
  } catch {
    return [];
  }
}
