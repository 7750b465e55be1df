import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showValue } from '../options.ts';

/**
 * A file for a call: stands in its arguments, at any depth, where the call is to have the file's path. The call gets a plain string. Where jobs
 * share the filesystem it is the absolute path, and nothing is copied; with `filesystem: 'transfer'` the file travels, and the call gets
 * its path there. It is looked for when the call is submitted, and read when the job starts: until then it must stay.
 *
 * What is returned is a String object, so that functions which take a path can be called with it; here it is as good as the path, but for
 * `typeof`. What is made of it here, such as `${inputFile(path)}.gz`, is a plain string as any other.
 * @param path relative to the current directory; a `file:` URL object is a path, too. A URL as a string, such as `https://…`, is for
 *   HTCondor to fetch, which takes `filesystem: 'transfer'` and a plugin of the pool
 * @throws {TypeError}
 */
export function inputFile(path: string | URL): string {
  return make('file', path);
}

/** As {@link inputFile}, for a directory with all that is in it. What links in it lead to travels in their place. */
export function inputDirectory(path: string | URL): string {
  return make('directory', path);
}

/** What {@link inputFile} was given. */
export interface InputFile {
  readonly kind: 'file' | 'directory';
  /** Absolute; or the URL. */
  readonly path: string;
  readonly isUrl: boolean;
}

/** What the object stands for, if {@link inputFile} has made it. */
export function inputFileOf(object: object): InputFile | undefined {
  return known.get(object);
}

const known = new WeakMap<object, InputFile>();

function make(kind: InputFile['kind'], given: string | URL): string {
  const file = parse(kind, given);
  const standIn = Object.freeze(new String(file.path));
  known.set(standIn, file);
  return standIn as string;
}

function parse(kind: InputFile['kind'], given: string | URL): InputFile {
  const owner = kind === 'file' ? 'inputFile' : 'inputDirectory';
  if (given instanceof URL && given.protocol === 'file:')
    return { kind, path: fileURLToPath(given), isUrl: false };
  const path = given instanceof URL ? given.href : given;
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`Expected \`path\` of ${owner}() to be a path or a URL, got ${showValue(given)}`);
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { kind, path: resolve(path), isUrl: false };
  const trouble = troubleWithUrl(kind, path);
  if (trouble !== undefined)
    throw new TypeError(`Expected \`path\` of ${owner}() to be a path or a URL: ${path} ${trouble}`);
  return { kind, path, isUrl: true };
}

function troubleWithUrl(kind: InputFile['kind'], url: string): string | undefined {
  if (kind === 'directory') return 'is a URL, of which HTCondor fetches files alone';
  if (/[\s,()"\\]|\$/.test(url))
    return 'has white space, a comma, a bracket, a quote, a backslash or a dollar sign, which HTCondor does not take there: write it in percents, such as %20';
  return nameOfUrl(url) === '' ? 'names no file' : undefined;
}

/** Under which name HTCondor has the file of a URL. */
export function nameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
