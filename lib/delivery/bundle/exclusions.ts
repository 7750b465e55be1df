import { isWithin } from './packages-needed.ts';

/** Repositories, editors' litter, job sets, and files that usually hold secrets. */
const USUAL: readonly string[] = [
  '.git',
  '.hg',
  '.svn',
  '.jj',
  'CVS',
  '.DS_Store',
  '*.swp',
  '*~',
  '.npmrc',
  '.env',
  '.env.*',
  '.condor-futures',
];

/** What a bundle leaves out and takes, by paths below its root, with slashes. */
export interface Exclusions {
  readonly exclude: readonly string[];
  readonly include: readonly string[];
}

/** Whether a file or a directory is left out. */
export function isExcluded(path: string, { exclude, include }: Exclusions): boolean {
  if (matchesAny(path, exclude)) return true;
  return matchesAny(path, USUAL) && !include.some((wanted) => isWithin(path, wanted));
}

function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(path, pattern));
}

function matches(path: string, pattern: string): boolean {
  const wanted = pattern.replace(/^\.?\//, '').replace(/\/$/, '');
  const hasPlace = pattern.replace(/\/$/, '').includes('/');
  return toRegExp(wanted).test(hasPlace ? path : path.slice(path.lastIndexOf('/') + 1));
}

function toRegExp(pattern: string): RegExp {
  const text = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*');
  return new RegExp(`^${text}$`);
}
